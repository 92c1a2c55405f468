// The one cursor over bytes. Reads past the end set a sticky error and return zero or an empty view, so that straight
// code may read a whole structure and check once. Nothing is allocated.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "lib/base/bytes.hpp"

namespace mrtool {

enum class ByteOrder : std::uint8_t { little, big };

class ByteReader {
 public:
  // `base` is added to the offsets that are reported; it is where `data` starts in its file.
  explicit ByteReader(ByteView data, std::uint64_t base = 0, ByteOrder order = ByteOrder::little)
      : data_(data), base_(base), order_(order) {}

  std::uint8_t u8() { return integer<std::uint8_t>(); }
  std::uint16_t u16() { return integer<std::uint16_t>(); }
  std::uint32_t u32() { return integer<std::uint32_t>(); }
  std::uint64_t u64() { return integer<std::uint64_t>(); }

  // The next n bytes as a view of the same buffer.
  ByteView take(std::uint64_t n) {
    if (failure_ || n > left()) {
      return refuse(n);
    }
    const ByteView view = data_.subspan(position_, static_cast<std::size_t>(n));
    position_ += static_cast<std::size_t>(n);
    return view;
  }
  ByteView rest() { return take(left()); }
  void skip(std::uint64_t n) { (void)take(n); }
  // A cursor that is confined to the next n bytes.
  ByteReader sub(std::uint64_t n);

  bool ok() const { return !failure_; }
  std::uint64_t left() const { return data_.size() - position_; }
  std::uint64_t position() const { return position_; }        // bytes from the start of the data
  std::uint64_t offset() const { return base_ + position_; }  // bytes from the start of the file

  // The first read that went past the end.
  struct Failure {
    std::uint64_t offset;  // in the file
    std::uint64_t wanted;  // bytes
    std::uint64_t left;    // bytes
  };
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  template <class Integer>
  Integer integer() {
    const ByteView bytes = take(sizeof(Integer));
    if (bytes.empty()) {
      return 0;
    }
    Integer value = 0;
    std::memcpy(&value, bytes.data(), sizeof(Integer));
    const bool swap = (order_ == ByteOrder::little) != (std::endian::native == std::endian::little);
    return swap ? std::byteswap(value) : value;
  }
  ByteView refuse(std::uint64_t n);

  ByteView data_;
  std::uint64_t base_;
  std::size_t position_ = 0;
  ByteOrder order_;
  std::optional<Failure> failure_;
};

}  // namespace mrtool
