#include "lib/base/byte_reader.hpp"

namespace mrtool {

ByteView ByteReader::take(std::uint64_t n) {
  if (failure_) {
    return {};
  }
  if (n > left()) {
    failure_ = Failure{.offset = offset(), .wanted = n, .left = left()};
    return {};
  }
  const ByteView view = data_.subspan(position_, static_cast<std::size_t>(n));
  position_ += static_cast<std::size_t>(n);
  return view;
}

std::uint64_t ByteReader::integer(unsigned width) {
  const ByteView bytes = take(width);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = order_ == ByteOrder::little ? bytes.size() - 1 - i : i;
    value = (value << 8) | bytes[at];
  }
  return value;
}

std::uint8_t ByteReader::u8() {
  return static_cast<std::uint8_t>(integer(1));
}
std::uint16_t ByteReader::u16() {
  return static_cast<std::uint16_t>(integer(2));
}
std::uint32_t ByteReader::u32() {
  return static_cast<std::uint32_t>(integer(4));
}
std::uint64_t ByteReader::u64() {
  return integer(8);
}

ByteReader ByteReader::sub(std::uint64_t n) {
  const std::uint64_t start = offset();
  return ByteReader(take(n), start, order_);
}

}  // namespace mrtool
