#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

std::optional<Bytes> decode_base64(std::string_view text) {
  constexpr std::size_t kGroup = 4;
  constexpr std::size_t kBytesOfGroup = 3;
  Bytes digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != '\n' && c != '\r'; });
  const auto padding = static_cast<std::size_t>(std::ranges::count(digits, '='));
  const auto is_digit = [](std::uint8_t c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  if (digits.empty() || digits.size() % kGroup != 0 || padding >= kBytesOfGroup ||
      digits.size() > std::numeric_limits<int>::max() ||
      !std::ranges::all_of(ByteView(digits).first(digits.size() - padding), is_digit)) {
    return std::nullopt;
  }
  Bytes bytes(digits.size() / kGroup * kBytesOfGroup);
  if (EVP_DecodeBlock(bytes.data(), digits.data(), static_cast<int>(digits.size())) < 0) {
    return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace mrtool::sources
