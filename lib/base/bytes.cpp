#include "lib/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "lib/base/hex_digits.hpp"

namespace mrtool {

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the one place where characters and bytes meet
ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

Bytes to_bytes(ByteView view) {
  return {view.begin(), view.end()};
}

bool all_equal_to(ByteView bytes, std::uint8_t value) {
  return std::ranges::all_of(bytes, [value](std::uint8_t byte) { return byte == value; });
}

namespace {

// The two digits of each byte.
constexpr auto kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {kDigits[i >> 4], kDigits[i & 0x0F]};
  }
  return pairs;
}();

}  // namespace

namespace {

constexpr std::size_t kChunk = 16;  // bytes that have their digits written together
using Chunk = std::uint8_t __attribute__((vector_size(kChunk)));

// The digits that the low halves of the bytes stand for; the high halves are zeros.
Chunk digits_of(Chunk halves) {
  constexpr std::uint8_t kPastNine = 'a' - '0' - 10;
  const auto letters = static_cast<Chunk>(halves > 9);  // all bits set where it is one
  return halves + '0' + (letters & kPastNine);
}

char* write_chunk(char* to, const std::uint8_t* from) {
  Chunk bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  const Chunk high = digits_of(bytes >> 4);
  const Chunk low = digits_of(bytes & 0x0F);
  const Chunk first = __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const Chunk second = __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  std::memcpy(to, &first, sizeof(first));
  std::memcpy(to + kChunk, &second, sizeof(second));
  return to + 2 * kChunk;
}

}  // namespace

char* write_hex(char* to, ByteView bytes) {
  if (bytes.size() >= kChunk) {
    const std::uint8_t* from = bytes.data();
    const std::uint8_t* const last = from + bytes.size() - kChunk;
    for (; from < last; from += kChunk) {
      to = write_chunk(to, from);
    }
    return write_chunk(to - 2 * (from - last), last);  // some of whose bytes are written once more
  }
  for (const std::uint8_t byte : bytes) {
    to = std::ranges::copy(kHexPairs[byte], to).out;
  }
  return to;
}

void append_hex(std::string& out, ByteView bytes) {
  const std::size_t start = out.size();
  out.resize(start + 2 * bytes.size());
  write_hex(out.data() + start, bytes);
}

std::string to_hex(ByteView bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

namespace {

// The value of each digit; kNoDigit for other characters.
constexpr std::uint8_t kNoDigit = 0xF0;
constexpr auto kHexDigits = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) {
    values['0' + std::size_t{i}] = i;
  }
  for (std::uint8_t i = 0; i < 6; ++i) {
    values['a' + std::size_t{i}] = values['A' + std::size_t{i}] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}();

}  // namespace

namespace {

// Eight digits at a time; false where one of them is none. The first digit is in the lowest byte.
bool decode_eight(std::uint64_t digits, std::uint32_t& bytes) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kEach;
  // The high bit of each byte that is in a range of ASCII; nothing carries where all of the bytes are.
  const auto within = [](std::uint64_t values, std::uint64_t first, std::uint64_t last) {
    return (values + (0x80 - first) * kEach) & ~(values + (0x7F - last) * kEach) & kHigh;
  };
  const bool valid =
      (digits & kHigh) == 0 && (within(digits, '0', '9') | within(digits | 0x20 * kEach, 'a', 'f')) == kHigh;
  const std::uint64_t values = (digits & 0x0F * kEach) + 9 * ((digits >> 6) & kEach);
  std::uint64_t pairs = ((values << 4) | (values >> 8)) & 0x00FF00FF00FF00FF;
  pairs = (pairs | (pairs >> 8)) & 0x0000FFFF0000FFFF;
  bytes = static_cast<std::uint32_t>(pairs | (pairs >> 16));
  return valid;
}

}  // namespace

bool decode_hex(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() != 2 * out.size()) {
    return false;
  }
  const char* from = text.data();
  if constexpr (std::endian::native == std::endian::little) {
    bool valid = true;
    for (; out.size() >= sizeof(std::uint32_t); out = out.subspan(sizeof(std::uint32_t))) {
      std::uint64_t digits = 0;
      std::memcpy(&digits, from, sizeof(digits));
      std::uint32_t bytes = 0;
      valid = decode_eight(digits, bytes) && valid;
      std::memcpy(out.data(), &bytes, sizeof(bytes));
      from += sizeof(digits);
    }
    if (!valid) {
      return false;
    }
  }
  // Digits that are none show at the end only: hexadecimal is nearly always right.
  unsigned all = 0;
  for (std::uint8_t& byte : out) {
    const unsigned high = kHexDigits[static_cast<std::uint8_t>(from[0])];
    const unsigned low = kHexDigits[static_cast<std::uint8_t>(from[1])];
    all |= high | low;
    byte = static_cast<std::uint8_t>(high << 4 | low);
    from += 2;
  }
  return (all & kNoDigit) == 0;
}

std::optional<Bytes> from_hex(std::string_view text) {
  Bytes out(text.size() / 2);
  return decode_hex(text, out) ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace mrtool
