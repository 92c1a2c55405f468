#include "lib/base/byte_writer.hpp"

namespace mrtool {

ByteWriter& ByteWriter::integer(std::uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) {
    const unsigned shift = 8 * (order_ == ByteOrder::little ? i : width - 1 - i);
    data_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return *this;
}

ByteWriter& ByteWriter::bytes(ByteView view) {
  data_.insert(data_.end(), view.begin(), view.end());
  return *this;
}

ByteWriter& ByteWriter::fill(std::uint8_t value, std::size_t count) {
  data_.insert(data_.end(), count, value);
  return *this;
}

}  // namespace mrtool
