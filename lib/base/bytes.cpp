#include "lib/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "lib/base/hex_digits.hpp"

namespace mrtool {

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

// What 16 digits stand for; all bits of `wrong` are set where one is none.
Chunk values_of(const char* digits, Chunk& wrong) {
  constexpr std::uint8_t kLowerCase = 0x20;
  Chunk text;
  std::memcpy(&text, digits, sizeof(text));
  const Chunk decimal = text - '0';
  const Chunk letter = (text | kLowerCase) - 'a';
  const auto is_decimal = static_cast<Chunk>(decimal < 10);
  const auto is_letter = static_cast<Chunk>(letter < 6);
  wrong |= ~(is_decimal | is_letter);
  return (decimal & is_decimal) | ((letter + 10) & is_letter);
}

// The bytes of 32 digits.
void read_chunk(std::uint8_t* to, const char* digits, Chunk& wrong) {
  const Chunk first = values_of(digits, wrong);
  const Chunk second = values_of(digits + kChunk, wrong);
  const Chunk high = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const Chunk low = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  const Chunk bytes = (high << 4) | low;
  std::memcpy(to, &bytes, sizeof(bytes));
}

bool is_zero(Chunk chunk) {
  std::array<std::uint64_t, kChunk / sizeof(std::uint64_t)> words{};
  std::memcpy(words.data(), &chunk, sizeof(chunk));
  return (words[0] | words[1]) == 0;
}

}  // namespace

bool decode_hex(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() != 2 * out.size()) {
    return false;
  }
  // Digits that are none show at the end only: hexadecimal is nearly always right.
  const char* from = text.data();
  if (out.size() >= kChunk) {
    std::uint8_t* to = out.data();
    std::uint8_t* const last = to + out.size() - kChunk;
    Chunk wrong{};
    for (; to < last; to += kChunk) {
      read_chunk(to, from, wrong);
      from += 2 * kChunk;
    }
    read_chunk(last, from - 2 * (to - last), wrong);  // some of whose bytes are written once more
    return is_zero(wrong);
  }
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
