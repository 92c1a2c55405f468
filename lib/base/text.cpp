#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace mrtool {

namespace {

struct CodePoint {
  char32_t value;
  std::size_t length;  // bytes
};

// The character at the front of a text, by the strict rules of RFC 3629: no overlong forms, no surrogates.
std::optional<CodePoint> decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (byte(0) < 0x80) {
    return CodePoint{.value = byte(0), .length = 1};
  }
  std::size_t length = 0;
  char32_t value = 0;
  char32_t smallest = 0;
  if ((byte(0) & 0xE0) == 0xC0) {
    length = 2, value = byte(0) & 0x1FU, smallest = 0x80;
  } else if ((byte(0) & 0xF0) == 0xE0) {
    length = 3, value = byte(0) & 0x0FU, smallest = 0x800;
  } else if ((byte(0) & 0xF8) == 0xF0) {
    length = 4, value = byte(0) & 0x07U, smallest = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < length) {
    return std::nullopt;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return std::nullopt;
    }
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    return std::nullopt;
  }
  return CodePoint{.value = value, .length = length};
}

void append_utf8(std::string& out, char32_t c) {
  const auto add = [&out](char32_t byte) { out += static_cast<char>(static_cast<std::uint8_t>(byte)); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Characters that change how other text is shown, or cannot be seen: controls, bidirectional marks and overrides,
// zero-width characters, line and paragraph separators, tags, private use and non-characters.
constexpr std::array kUnshowable = {
    CodePointRange{0x0000, 0x001F},   CodePointRange{0x007F, 0x009F},   CodePointRange{0x00AD, 0x00AD},
    CodePointRange{0x034F, 0x034F},   CodePointRange{0x061C, 0x061C},   CodePointRange{0x115F, 0x1160},
    CodePointRange{0x17B4, 0x17B5},   CodePointRange{0x180B, 0x180F},   CodePointRange{0x200B, 0x200F},
    CodePointRange{0x2028, 0x202E},   CodePointRange{0x2060, 0x206F},   CodePointRange{0x3164, 0x3164},
    CodePointRange{0xE000, 0xF8FF},   CodePointRange{0xFE00, 0xFE0F},   CodePointRange{0xFEFF, 0xFEFF},
    CodePointRange{0xFFA0, 0xFFA0},   CodePointRange{0xFFF0, 0xFFFB},   CodePointRange{0xFFFE, 0xFFFF},
    CodePointRange{0x1BCA0, 0x1BCA3}, CodePointRange{0x1D173, 0x1D17A}, CodePointRange{0xE0000, 0x10FFFF},
};

constexpr std::array kCombining = {
    CodePointRange{0x0300, 0x036F}, CodePointRange{0x0483, 0x0489}, CodePointRange{0x0591, 0x05BD},
    CodePointRange{0x064B, 0x065F}, CodePointRange{0x1AB0, 0x1AFF}, CodePointRange{0x1DC0, 0x1DFF},
    CodePointRange{0x20D0, 0x20FF}, CodePointRange{0xFE20, 0xFE2F},
};

constexpr std::array kWide = {
    CodePointRange{0x1100, 0x115F},   CodePointRange{0x2E80, 0x303E},   CodePointRange{0x3041, 0xA4CF},
    CodePointRange{0xAC00, 0xD7A3},   CodePointRange{0xF900, 0xFAFF},   CodePointRange{0xFE30, 0xFE6F},
    CodePointRange{0xFF00, 0xFF60},   CodePointRange{0xFFE0, 0xFFE6},   CodePointRange{0x1F300, 0x1F64F},
    CodePointRange{0x1F900, 0x1F9FF}, CodePointRange{0x20000, 0x3FFFD},
};

template <std::size_t N>
bool in(const std::array<CodePointRange, N>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](const CodePointRange& range) { return range.first <= c && c <= range.last; });
}

std::size_t width_of(char32_t c) {
  if (c < kCombining.front().first) {
    return 1;  // nearly all text
  }
  if (in(kCombining, c)) {
    return 0;
  }
  return in(kWide, c) ? 2 : 1;
}

// How many characters of printable ASCII the text begins with: those that are never escaped and one column wide.
std::size_t plain_run(std::string_view text) {
  const auto end = std::ranges::find_if(text, [](char c) { return c < ' ' || c > '~'; });
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

bool is_utf8(ByteView bytes) {
  std::string_view text = as_text(bytes);
  while (!text.empty()) {
    const auto c = decode_utf8(text);
    if (!c) {
      return false;
    }
    text.remove_prefix(c->length);
  }
  return true;
}

bool is_printable_ascii(ByteView bytes) {
  return !bytes.empty() && std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte >= 0x20 && byte <= 0x7E; });
}

std::string utf16le_to_utf8(ByteView bytes) {
  constexpr char32_t kReplacement = 0xFFFD;
  std::string out;
  const auto unit = [&](std::size_t i) -> char32_t {
    return bytes[i] | static_cast<char32_t>(static_cast<unsigned>(bytes[i + 1]) << 8U);
  };
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) {
    char32_t c = unit(i);
    if (c >= 0xD800 && c <= 0xDBFF && i + 3 < bytes.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) <= 0xDFFF) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    } else if (c >= 0xD800 && c <= 0xDFFF) {
      c = kReplacement;
    }
    append_utf8(out, c);
  }
  if (i < bytes.size()) {
    append_utf8(out, kReplacement);
  }
  return out;
}

std::string escape_for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (const std::size_t plain = plain_run(text); plain > 0) {
      out += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    const auto c = decode_utf8(text);
    if (!c) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<std::uint8_t>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (c->value == '\n') {
      out += "\\n";
    } else if (c->value == '\r') {
      out += "\\r";
    } else if (c->value == '\t') {
      out += "\\t";
    } else if (!in(kUnshowable, c->value)) {
      out += text.substr(0, c->length);
    } else if (c->value < 0x80) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c->value));
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<unsigned>(c->value));
    }
    text.remove_prefix(c->length);
  }
  return out;
}

std::string_view truncate_to_width(std::string_view text, std::size_t columns) {
  std::size_t length = 0;
  std::size_t width = 0;
  while (length < text.size()) {
    const auto c = decode_utf8(text.substr(length)).value_or(CodePoint{.value = '?', .length = 1});
    width += width_of(c.value);
    if (width > columns) {
      break;
    }
    length += c.length;
  }
  return text.substr(0, length);
}

std::string shorten_middle(std::string_view text, std::size_t columns) {
  constexpr std::string_view kLeftOut = "...";
  constexpr std::size_t kHeadShare = 3;
  const std::size_t width = display_width(text);
  if (width <= columns) {
    return std::string(text);
  }
  const std::size_t kept = columns - kLeftOut.size();
  const std::string_view head = truncate_to_width(text, kept / kHeadShare);
  std::string_view tail = text.substr(head.size());
  const std::size_t tail_columns = kept - display_width(head);
  std::size_t left = display_width(tail);
  while (!tail.empty()) {
    const auto c = decode_utf8(tail).value_or(CodePoint{.value = '?', .length = 1});
    if (left <= tail_columns && width_of(c.value) != 0) {  // an accent goes with its letter
      break;
    }
    left -= width_of(c.value);
    tail.remove_prefix(c.length);
  }
  return fmt::format("{}{}{}", head, kLeftOut, tail);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = plain_run(text);
  text.remove_prefix(width);
  while (!text.empty()) {
    const auto c = decode_utf8(text).value_or(CodePoint{.value = '?', .length = 1});
    width += width_of(c.value);
    text.remove_prefix(c.length);
  }
  return width;
}

}  // namespace mrtool
