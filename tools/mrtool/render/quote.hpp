// Text between double quotes, as JSON and YAML have it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mrtool {

enum class QuoteStyle : std::uint8_t { json, yaml };

// Appends `text`, in quotes. Control, bidirectional and other invisible characters are escaped, so that the document
// may be shown on a terminal. Bytes that are not UTF-8 become U+FFFD; true when there were none.
bool append_quoted(std::string& out, std::string_view text, QuoteStyle style);

}  // namespace mrtool
