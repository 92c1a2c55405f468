// The elements that CEL's TLV form is made of: a byte of type, four bytes of length (big-endian), the value. Contents
// that digests cover in this form keep it in every encoding (CEL format notes, sections 2 and 5).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/base/bytes.hpp"

namespace mrtool {

inline constexpr std::size_t kCelHeaderBytes = 5;

struct CelElement {
  std::uint8_t tag = 0;
  ByteView value;
  std::uint64_t begin = 0;  // bytes from the start of what holds it, header included
  std::uint64_t end = 0;
};

// The elements that fill `bytes` exactly; nothing when they do not, or are more than `limit`.
std::optional<std::vector<CelElement>> split_cel_elements(ByteView bytes, std::size_t limit);

// Big-endian, one to eight bytes; more when the excess is zeros. Nothing otherwise.
std::optional<std::uint64_t> cel_integer(ByteView value);

// How many bytes the shortest form of an integer has; one for zero.
std::size_t cel_integer_width(std::uint64_t value);

void append_cel_element(Bytes& out, std::uint8_t tag, ByteView value);
// An element whose value is appended in parts: what the first gives, the second takes, and gives the value's size.
std::size_t begin_cel_element(Bytes& out, std::uint8_t tag);
std::size_t end_cel_element(Bytes& out, std::size_t begin);
// `width` bytes, or as many as the value needs where that is more.
void append_cel_integer(Bytes& out, std::uint8_t tag, std::uint64_t value, std::size_t width);

}  // namespace mrtool
