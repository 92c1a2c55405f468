// How the text of a record is laid out: what its log's producer chose, and the writer follows.
#pragma once

#include <optional>
#include <string>

#include "formats/cel/json.hpp"

namespace mrtool::cel {

// Remembers the layout of `item`, with the separators around it, in `extras`: the text with holes where the record's
// number, digests and data are. Nothing where these are spelled in a way that the fields do not give back.
void learn_layout(const Record& record, ByteView before, std::string_view item, ByteView after, JsonExtras& extras);
// The text of a record in the layout that it was read in; nothing where it has none, or says something else now.
std::optional<std::string> fill_layout(const Record& record);

}  // namespace mrtool::cel
