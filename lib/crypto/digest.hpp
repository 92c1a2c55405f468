// A digest value that owns its bytes, without allocating for the algorithms of the table.
#pragma once

#include <algorithm>
#include <array>

#include "lib/base/bytes.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool {

// At most kMaxDigestSize bytes.
class Digest {
 public:
  Digest() = default;
  // `value` longer than kMaxDigestSize is a programming mistake: callers check the size first.
  explicit Digest(ByteView value);
  static Digest filled(std::size_t size, std::uint8_t byte);

  ByteView view() const { return {bytes_.data(), size_}; }
  std::span<std::uint8_t> mutable_view() { return {bytes_.data(), size_}; }
  std::size_t size() const { return size_; }
  std::string hex() const { return to_hex(view()); }

  friend bool operator==(const Digest& a, const Digest& b) { return equal(a.view(), b.view()); }

 private:
  std::array<std::uint8_t, kMaxDigestSize> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace mrtool
