// How the text of a record is laid out: what its log's producer chose, and the writer follows.
#pragma once

#include <optional>
#include <string>

#include "formats/cel/json.hpp"

namespace mrtool::cel {

// Keeps in `extras` what the record was read as; `digests` are the record's. The layout is only looked for when the
// record is written again, which most never are.
void remember_reading(const Record& record, std::span<const DigestEntry> digests, JsonExtras& extras);
// The text of a record in the layout that it was read in: the text that was read, with the record's number, digests and
// data in the places of those that were. Nothing where it has none, says something else now, or spells these in a way
// that the fields do not give back.
std::optional<std::string> fill_layout(const Record& record);

}  // namespace mrtool::cel
