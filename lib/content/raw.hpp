// What is shown of bytes whose structure is not known.
#pragma once

#include <optional>
#include <string>

#include "lib/base/bytes.hpp"

namespace mrtool {

// The bytes as text when they are printable ASCII followed by any number of NULs; nothing when they are not, or hold no
// character.
std::optional<std::string> printable_text(ByteView bytes);

// "0011aabb" for a few bytes, "0011aabb... (4096 bytes)" for more, "no data" for none.
std::string hex_preview(ByteView bytes);

}  // namespace mrtool
