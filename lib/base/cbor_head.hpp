// Heads of CBOR items (RFC 8949, section 3): writing them, and reading those that libcbor does not.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace mrtool {

enum class CborMajor : std::uint8_t { unsigned_integer, negative_integer, bytes, text, array, map, tag, simple };

// The head of a definite-length item in its shortest form (section 4.2.1).
void append_wide_cbor_head(Bytes& out, CborMajor major, std::uint64_t number);  // of a number from 24 on
inline void append_cbor_head(Bytes& out, CborMajor major, std::uint64_t number) {
  constexpr unsigned kMajorShift = 5;
  constexpr std::uint8_t kOneByte = 24;  // a number from here on follows the initial byte
  if (number < kOneByte) {
    out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(major) << kMajorShift | number));
  } else {
    append_wide_cbor_head(out, major, number);
  }
}
void append_cbor_bytes(Bytes& out, ByteView value);
void append_cbor_text(Bytes& out, std::string_view value);

// The number of a tag whose head is this one byte; nothing where it is another head. libcbor's streaming decoder knows
// some of these tags by name and refuses the others, that of COSE_Sign1 among them.
std::optional<std::uint8_t> one_byte_cbor_tag(std::uint8_t initial);

}  // namespace mrtool
