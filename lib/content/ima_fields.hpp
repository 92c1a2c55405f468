// The values of single IMA template fields.
#pragma once

#include <string>

#include "lib/content/ima_template.hpp"

namespace mrtool::ima {

struct FieldMeaning {
  std::string name;  // snake_case
  Value value;
  std::string brief;    // what a one-line summary says of it; may be empty
  std::string problem;  // why it did not decode; empty when all is well
};

// `all` holds the other fields of the same entry, which some fields are explained by.
FieldMeaning explain_field(const FieldPart& part, const Fields& all, ByteOrder order);

}  // namespace mrtool::ima
