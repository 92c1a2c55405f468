// The values of single IMA template fields.
#pragma once

#include <string>

#include "lib/content/ima_template.hpp"

namespace mrtool::ima {

struct FieldMeaning {
  std::string name;  // snake_case
  Value value;
  std::string problem;  // why it did not decode; empty when all is well
};

// `all` holds the other fields of the same entry, which some fields are explained by. What a one-line summary says of
// the field, if anything, is appended to `brief`.
FieldMeaning explain_field(const FieldPart& part, const Fields& all, ByteOrder order, std::string& brief);

}  // namespace mrtool::ima
