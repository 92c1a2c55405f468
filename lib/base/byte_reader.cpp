#include "lib/base/byte_reader.hpp"

namespace mrtool {

ByteView ByteReader::refuse(std::uint64_t n) {
  if (!failure_) {
    failure_ = Failure{.offset = offset(), .wanted = n, .left = left()};
  }
  return {};
}

ByteReader ByteReader::sub(std::uint64_t n) {
  const std::uint64_t start = offset();
  return ByteReader(take(n), start, order_);
}

}  // namespace mrtool
