#include "lib/content/cel_element.hpp"

#include <algorithm>
#include <bit>

#include "lib/base/byte_writer.hpp"

namespace mrtool {

namespace {

constexpr std::size_t kWidestInteger = 8;
constexpr unsigned kByteBits = 8;

void append_header(Bytes& out, std::uint8_t tag, std::size_t size) {
  out.push_back(tag);
  append_integer(out, static_cast<std::uint32_t>(size), ByteOrder::big);
}

}  // namespace

std::optional<std::vector<CelElement>> split_cel_elements(ByteView bytes, std::size_t limit) {
  std::vector<CelElement> elements;
  ByteReader reader(bytes, 0, ByteOrder::big);
  while (reader.left() > 0) {
    CelElement element;
    element.begin = reader.position();
    element.tag = reader.u8();
    element.value = reader.take(reader.u32());
    element.end = reader.position();
    if (!reader.ok() || elements.size() == limit) {
      return std::nullopt;
    }
    elements.push_back(element);
  }
  return elements;
}

std::optional<std::uint64_t> cel_integer(ByteView value) {
  while (value.size() > kWidestInteger && value.front() == 0) {
    value = value.subspan(1);
  }
  if (value.empty() || value.size() > kWidestInteger) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (const std::uint8_t byte : value) {
    number = (number << kByteBits) | byte;
  }
  return number;
}

std::size_t cel_integer_width(std::uint64_t value) {
  return std::max<std::size_t>((static_cast<std::size_t>(std::bit_width(value)) + kByteBits - 1) / kByteBits, 1);
}

std::size_t begin_cel_element(Bytes& out, std::uint8_t tag) {
  append_header(out, tag, 0);
  return out.size();
}

std::size_t end_cel_element(Bytes& out, std::size_t begin) {
  const std::size_t size = out.size() - begin;
  put_integer(std::span(out).subspan(begin - sizeof(std::uint32_t)), static_cast<std::uint32_t>(size), ByteOrder::big);
  return size;
}

void append_cel_element(Bytes& out, std::uint8_t tag, ByteView value) {
  append_header(out, tag, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

void append_cel_integer(Bytes& out, std::uint8_t tag, std::uint64_t value, std::size_t width) {
  width = std::max(width, cel_integer_width(value));
  append_header(out, tag, width);
  for (std::size_t i = width; i-- > 0;) {
    out.push_back(i < kWidestInteger ? static_cast<std::uint8_t>(value >> (i * kByteBits)) : 0);
  }
}

}  // namespace mrtool
