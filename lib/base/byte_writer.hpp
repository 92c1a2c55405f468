// The mirror image of ByteReader: appends integers and bytes to a buffer that it owns.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <utility>

#include "lib/base/byte_reader.hpp"
#include "lib/base/bytes.hpp"

namespace mrtool {

// An integer in its bytes, at the front of room for it.
template <std::unsigned_integral Integer>
void put_integer(std::span<std::uint8_t> room, Integer value, ByteOrder order) {
  const bool swap = (order == ByteOrder::little) != (std::endian::native == std::endian::little);
  const Integer ordered = swap ? std::byteswap(value) : value;
  std::memcpy(room.first(sizeof(Integer)).data(), &ordered, sizeof(Integer));
}

template <std::unsigned_integral Integer>
void append_integer(Bytes& out, Integer value, ByteOrder order) {
  out.resize(out.size() + sizeof(Integer));
  put_integer(std::span(out).last(sizeof(Integer)), value, order);
}

class ByteWriter {
 public:
  explicit ByteWriter(ByteOrder order = ByteOrder::little) : order_(order) {}

  ByteWriter& u8(std::uint8_t value) { return integer(value); }
  ByteWriter& u16(std::uint16_t value) { return integer(value); }
  ByteWriter& u32(std::uint32_t value) { return integer(value); }
  ByteWriter& u64(std::uint64_t value) { return integer(value); }
  ByteWriter& bytes(ByteView view);
  ByteWriter& fill(std::uint8_t value, std::size_t count);

  const Bytes& data() const { return data_; }
  Bytes take() { return std::exchange(data_, {}); }

 private:
  template <std::unsigned_integral Integer>
  ByteWriter& integer(Integer value) {
    append_integer(data_, value, order_);
    return *this;
  }

  Bytes data_;
  ByteOrder order_;
};

}  // namespace mrtool
