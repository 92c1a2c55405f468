// Telling text from other bytes in event data whose layout no field states.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace mrtool {

// The bytes before the first NUL, or all of them.
std::string_view first_string(ByteView data);

// The bytes without the NULs at their end.
std::string_view without_padding(ByteView data);

// The data as UTF-8 if it is UTF-16LE text that starts with an ASCII character and holds no control characters but
// white space. NULs at the end are dropped, and the last byte of the final NUL may be missing.
std::optional<std::string> utf16_text(ByteView data);

// The data in whichever encoding it is printable text; nothing when it is in none.
std::optional<std::string> any_text(ByteView data);

}  // namespace mrtool
