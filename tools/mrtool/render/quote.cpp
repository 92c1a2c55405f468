#include "tools/mrtool/render/quote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace mrtool {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::uint32_t kFirstSupplementary = 0x10000;
constexpr std::uint32_t kHighSurrogate = 0xD800;
constexpr std::uint32_t kLowSurrogate = 0xDC00;
constexpr std::uint32_t kLastSurrogate = 0xDFFF;
constexpr std::uint32_t kLastCodePoint = 0x10FFFF;

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 1;  // bytes
  bool valid = true;
};

// One character from the front of a text that is not empty (Unicode 15, table 3-7: no overlong forms, no surrogates).
CodePoint decode_front(std::string_view text) {
  constexpr unsigned kPayloadBits = 6;
  constexpr std::uint32_t kPayload = 0x3F;
  const auto first = static_cast<std::uint8_t>(text[0]);
  if (first < 0x80) {
    return {.value = first};
  }
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) {
    return {.value = kReplacement, .valid = false};
  }
  std::uint32_t value = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xC0U) != 0x80U) {
      return {.value = kReplacement, .valid = false};
    }
    value = (value << kPayloadBits) | (byte & kPayload);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, kFirstSupplementary};
  if (value < kSmallest[size] || value > kLastCodePoint || (value >= kHighSurrogate && value <= kLastSurrogate)) {
    return {.value = kReplacement, .valid = false};
  }
  return {.value = value, .size = size};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Characters that change how others are shown, or that are not seen at all, sorted.
constexpr auto kInvisible = std::to_array<Range>({
    {0x00, 0x1F},        // C0
    {0x7F, 0x9F},        // DEL, C1
    {0xAD, 0xAD},        // soft hyphen
    {0x61C, 0x61C},      // Arabic letter mark
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200F},    // zero width, directional marks
    {0x2028, 0x202E},    // separators of lines and paragraphs, bidirectional embedding
    {0x2060, 0x206F},    // word joiner, bidirectional isolates
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0xFFFE, 0xFFFF},    // no characters
    {0xE0000, 0xE007F},  // tags
});

bool is_invisible(std::uint32_t value) {
  return std::ranges::any_of(kInvisible, [value](Range range) { return range.first <= value && value <= range.last; });
}

// Printable ASCII that stands for itself between quotes.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  std::fill(plain.begin() + ' ', plain.begin() + '~' + 1, true);
  plain['"'] = false;
  plain['\\'] = false;
  return plain;
}();

std::size_t plain_run(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && kPlain[static_cast<std::uint8_t>(text[size])]) {
    ++size;
  }
  return size;
}

void append_escape(std::string& out, std::uint32_t value, QuoteStyle style) {
  const auto to = std::back_inserter(out);
  switch (value) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (value < kFirstSupplementary) {
    fmt::format_to(to, "\\u{:04x}", value);
  } else if (style == QuoteStyle::yaml) {
    fmt::format_to(to, "\\U{:08x}", value);
  } else {
    const std::uint32_t rest = value - kFirstSupplementary;
    fmt::format_to(to, "\\u{:04x}\\u{:04x}", kHighSurrogate + (rest >> 10U), kLowSurrogate + (rest & 0x3FFU));
  }
}

}  // namespace

bool append_quoted(std::string& out, std::string_view text, QuoteStyle style) {
  bool valid = true;
  out += '"';
  while (!text.empty()) {
    // Nearly all text is plain, and is copied in runs.
    const std::size_t plain = plain_run(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const CodePoint next = decode_front(text);
    if (!next.valid) {
      valid = false;
      out += "\xEF\xBF\xBD";
    } else if (next.value == '"' || next.value == '\\') {
      out += '\\';
      out += text[0];
    } else if (is_invisible(next.value)) {
      append_escape(out, next.value, style);
    } else {
      out += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
  out += '"';
  return valid;
}

}  // namespace mrtool
