// The mirror image of ByteReader: appends integers and bytes to a buffer that it owns.
#pragma once

#include <cstdint>
#include <utility>

#include "lib/base/byte_reader.hpp"
#include "lib/base/bytes.hpp"

namespace mrtool {

class ByteWriter {
 public:
  explicit ByteWriter(ByteOrder order = ByteOrder::little) : order_(order) {}

  ByteWriter& u8(std::uint8_t value) { return integer(value, 1); }
  ByteWriter& u16(std::uint16_t value) { return integer(value, 2); }
  ByteWriter& u32(std::uint32_t value) { return integer(value, 4); }
  ByteWriter& u64(std::uint64_t value) { return integer(value, 8); }
  ByteWriter& bytes(ByteView view);
  ByteWriter& fill(std::uint8_t value, std::size_t count);

  const Bytes& data() const { return data_; }
  Bytes take() { return std::exchange(data_, {}); }

 private:
  ByteWriter& integer(std::uint64_t value, unsigned width);

  Bytes data_;
  ByteOrder order_;
};

}  // namespace mrtool
