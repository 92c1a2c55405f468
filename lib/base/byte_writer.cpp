#include "lib/base/byte_writer.hpp"

namespace mrtool {

ByteWriter& ByteWriter::bytes(ByteView view) {
  data_.insert(data_.end(), view.begin(), view.end());
  return *this;
}

ByteWriter& ByteWriter::fill(std::uint8_t value, std::size_t count) {
  data_.insert(data_.end(), count, value);
  return *this;
}

}  // namespace mrtool
