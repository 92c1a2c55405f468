#include "lib/crypto/digest.hpp"

#include <stdexcept>

namespace mrtool {

Digest::Digest(ByteView value) : size_(value.size()) {
  if (value.size() > kMaxDigestSize) {
    throw std::length_error("a digest is longer than any algorithm's");
  }
  std::ranges::copy(value, bytes_.begin());
}

Digest Digest::filled(std::size_t size, std::uint8_t byte) {
  Digest digest;
  digest.size_ = std::min(size, kMaxDigestSize);
  std::fill_n(digest.bytes_.begin(), digest.size_, byte);
  return digest;
}

}  // namespace mrtool
