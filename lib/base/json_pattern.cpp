#include "lib/base/json_pattern.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>

namespace mrtool {
namespace {

// A longer text is not worth a copy.
constexpr std::size_t kLongest = 8 * 1024;
// Numbers of so many digits are less than 2^64.
constexpr std::size_t kSafeDigits = 19;

bool is_digit(std::uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

// Stands for itself in a string, without a look at the bytes around it.
bool is_plain(std::uint8_t byte) {
  constexpr std::uint8_t kFirst = 0x20;
  constexpr std::uint8_t kAscii = 0x80;
  return byte >= kFirst && byte < kAscii && byte != '"' && byte != '\\';
}

// The first byte from `at` on that is not plain; the end where all are.
std::size_t find_end_of_plain(ByteView bytes, std::size_t at) {
#ifdef __SSE2__
  constexpr std::size_t kTogether = sizeof(__m128i);
  for (; bytes.size() - at >= kTogether; at += kTogether) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    // Bytes from 0x80 on are negative.
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(here, _mm_set1_epi8(' ')),
                     _mm_or_si128(_mm_cmpeq_epi8(here, _mm_set1_epi8('"')), _mm_cmpeq_epi8(here, _mm_set1_epi8('\\'))));
    if (const auto where = static_cast<std::uint32_t>(_mm_movemask_epi8(special)); where != 0) {
      return at + static_cast<std::size_t>(std::countr_zero(where));
    }
  }
#endif
  while (at < bytes.size() && is_plain(bytes[at])) {
    ++at;
  }
  return at;
}

}  // namespace

void JsonPattern::learn(std::string_view text, std::span<const JsonNode> nodes) {
  parts_.clear();
  // Behind a backslash a string is not what the text says; a scalar of its own has nothing that ends it.
  if (text.empty() || text.front() != '{' || text.size() > kLongest || text.contains('\\')) {
    return;
  }
  text_ = text;
  nodes_.assign(nodes.begin(), nodes.end());
  if (!split()) {
    parts_.clear();
  }
}

// The text is sound, and its values stand in the order of the nodes.
bool JsonPattern::split() {
  std::size_t begin = 0;  // of the part at hand
  std::size_t node = 0;
  const auto end_part = [&](std::size_t value, std::size_t behind, Value kind) {
    parts_.push_back({.begin = begin, .size = value - begin, .value = kind, .node = node});
    begin = behind;
  };
  std::size_t at = 0;
  while (at < text_.size()) {
    const char letter = text_[at];
    if (letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' || letter == ',' || letter == ':' ||
        letter == ']' || letter == '}') {
      ++at;
      continue;
    }
    if (node == nodes_.size()) {
      return false;
    }
    if (letter == '{' || letter == '[') {
      ++at;
    } else if (letter == '"') {
      const std::size_t end = text_.find('"', at + 1);
      const std::size_t next = text_.find_first_not_of(" \t\n\r", end + 1);
      if (next != std::string::npos && text_[next] == ':') {
        nodes_[node].set_key(std::string_view(text_).substr(at + 1, end - at - 1));
        at = next + 1;
        continue;
      }
      end_part(at + 1, end, Value::string);
      at = end + 1;
    } else {
      const std::size_t end = text_.find_first_of(" \t\n\r,]}", at);
      const std::string_view scalar = std::string_view(text_).substr(at, end - at);
      if (scalar.size() <= kSafeDigits && scalar.find_first_not_of("0123456789") == std::string_view::npos) {
        end_part(at, end, Value::natural);
      }
      at = end;
    }
    ++node;
  }
  end_part(text_.size(), text_.size(), Value::none);
  return node == nodes_.size();
}

std::size_t JsonPattern::match(ByteView bytes) {
  std::size_t at = 0;
  for (const Part& part : parts_) {
    if (bytes.size() - at < part.size || std::memcmp(bytes.data() + at, text_.data() + part.begin, part.size) != 0) {
      return 0;
    }
    at += part.size;
    const std::size_t begin = at;
    if (part.value == Value::string) {
      // The quote that must end it begins the next part.
      at = find_end_of_plain(bytes, at);
      nodes_[part.node].set_text(as_text(bytes.subspan(begin, at - begin)));
    } else if (part.value == Value::natural) {
      constexpr std::uint64_t kTen = 10;
      std::uint64_t number = 0;
      while (at < bytes.size() && at - begin < kSafeDigits && is_digit(bytes[at])) {
        number = number * kTen + static_cast<std::uint64_t>(bytes[at++] - '0');
      }
      if (at == begin || (bytes[begin] == '0' && at - begin > 1)) {
        return 0;
      }
      nodes_[part.node].set_natural(number);
    }
  }
  return at;
}

}  // namespace mrtool
