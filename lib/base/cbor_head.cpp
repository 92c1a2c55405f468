#include "lib/base/cbor_head.hpp"

namespace mrtool {
namespace {

constexpr unsigned kMajorShift = 5;
constexpr std::uint8_t kOneByte = 24;  // a number from here on follows the initial byte

std::uint8_t initial_of(CborMajor major) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(major) << kMajorShift);
}

}  // namespace

void append_wide_cbor_head(Bytes& out, CborMajor major, std::uint64_t number) {
  constexpr unsigned kByteBits = 8;
  unsigned log = 0;
  while (log < 3 && (number >> (kByteBits << log)) != 0) {
    ++log;
  }
  out.push_back(static_cast<std::uint8_t>(initial_of(major) | (kOneByte + log)));
  for (unsigned i = 1U << log; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(number >> (i * kByteBits)));
  }
}

void append_cbor_bytes(Bytes& out, ByteView value) {
  append_cbor_head(out, CborMajor::bytes, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

void append_cbor_text(Bytes& out, std::string_view value) {
  append_cbor_head(out, CborMajor::text, value.size());
  const ByteView bytes = as_bytes(value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::optional<std::uint8_t> one_byte_cbor_tag(std::uint8_t initial) {
  const auto tag = static_cast<std::uint8_t>(initial - initial_of(CborMajor::tag));
  return tag < kOneByte ? std::optional(tag) : std::nullopt;
}

}  // namespace mrtool
