// Hexadecimal digits of many bytes, at the speed of copying them. bytes.hpp has what most callers want.
#pragma once

#include "lib/base/bytes.hpp"

namespace mrtool {

// Writes two lower-case digits for each byte to `to`, which has the room for them; returns where they end.
char* write_hex(char* to, ByteView bytes);

}  // namespace mrtool
