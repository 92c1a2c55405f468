// Bytes: the two spellings that everything else uses for owned and borrowed data, and hexadecimal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mrtool {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the one place where characters and bytes meet
// The bytes of a text. The view lives as long as the text does.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
// Bytes taken as text, without any check of their encoding. The view lives as long as the bytes do.
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

Bytes to_bytes(ByteView view);

// Digests that are not equal differ in their first byte already, nearly always.
inline bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() &&
         (a.empty() || (a.front() == b.front() && std::memcmp(a.data(), b.data(), a.size()) == 0));
}
bool all_equal_to(ByteView bytes, std::uint8_t value);

// Lower case, no prefix.
std::string to_hex(ByteView bytes);
void append_hex(std::string& out, ByteView bytes);

// Either case; an even number of digits, nothing else: no blanks, no 0x.
std::optional<Bytes> from_hex(std::string_view text);
// The same into `out`, which has room for half as many bytes as there are digits; false where from_hex gives nothing.
bool decode_hex(std::string_view text, std::span<std::uint8_t> out);

}  // namespace mrtool
