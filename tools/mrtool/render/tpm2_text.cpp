#include "tools/mrtool/render/tpm2_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/base/text.hpp"
#include "tools/mrtool/render/quote.hpp"

namespace mrtool {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Everything in it is shown as it is between double quotes.
bool is_visible(std::string_view text) {
  if (!is_utf8(as_bytes(text))) {
    return false;
  }
  std::string quoted;
  append_quoted(quoted, text, QuoteStyle::yaml);
  const auto escaped = std::ranges::count_if(text, [](char c) { return c == '"' || c == '\\'; });
  return quoted.size() == text.size() + static_cast<std::size_t>(escaped) + 2;
}

// The bytes of the character at the front: 0 where it is not UTF-8.
std::size_t character_size(ByteView bytes) {
  constexpr std::size_t kLongest = 4;
  for (std::size_t size = 1; size <= std::min(bytes.size(), kLongest); ++size) {
    if (is_utf8(bytes.first(size))) {
      return size;
    }
  }
  return 0;
}

// Characters that have an escape of their own; empty for others.
std::string_view short_escape(std::uint8_t byte) {
  switch (byte) {
    case '\0':
      return "\\0";
    case '\a':
      return "\\a";
    case '\b':
      return "\\b";
    case '\t':
      return "\\t";
    case '\v':
      return "\\v";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case 0x1B:
      return "\\e";
    case '\\':
      return "\\\\";
    case '"':
      return "\\\"";
    default:
      return {};
  }
}

void append_character(std::string& out, ByteView character) {
  std::string quoted;
  append_quoted(quoted, as_text(character), QuoteStyle::yaml);
  out.append(quoted, 1, quoted.size() - 2);
}

bool is_printable(std::uint8_t byte) {
  constexpr std::uint8_t kFirst = 0x20;
  constexpr std::uint8_t kLast = 0x7E;
  return byte >= kFirst && byte <= kLast;
}

// The character at the front. Returns its size.
std::size_t append_front(std::string& out, ByteView bytes) {
  const std::uint8_t byte = bytes.front();
  if (const std::string_view escape = short_escape(byte); !escape.empty()) {
    out += escape;
    return 1;
  }
  if (is_printable(byte)) {
    out += static_cast<char>(byte);
    return 1;
  }
  if (const std::size_t size = character_size(bytes); size > 0) {
    append_character(out, bytes.first(size));
    return size;
  }
  fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
  return 1;
}

// One line of the text, with its line feed.
void append_line(std::string& out, ByteView line) {
  bool leading = true;
  while (!line.empty()) {
    // Blanks that a line starts with would be taken for indentation.
    leading = leading && (line.front() == ' ' || line.front() == '\t');
    if (leading && line.front() == ' ') {
      out += "\\x20";
      line = line.subspan(1);
    } else {
      line = line.subspan(append_front(out, line));
    }
  }
}

}  // namespace

void append_tpm2_plain(std::string& out, std::string_view text) {
  const bool plain =
      !text.empty() && is_alphanumeric(text.front()) && text.back() != ' ' && std::ranges::all_of(text, [](char c) {
        return is_alphanumeric(c) || c == ' ' || c == '-' || c == '_' || c == '.' || c == '/';
      });
  if (plain) {
    out += text;
  } else if (!text.empty()) {
    append_quoted(out, text, QuoteStyle::yaml);
  }
}

void append_tpm2_escaped(std::string& out, ByteView bytes, std::size_t indent) {
  out += '"';
  while (!bytes.empty()) {
    const auto line_feed = std::ranges::find(bytes, std::uint8_t{'\n'});
    const auto size = static_cast<std::size_t>(line_feed - bytes.begin()) + (line_feed != bytes.end() ? 1 : 0);
    append_line(out, bytes.first(size));
    bytes = bytes.subspan(size);
    if (!bytes.empty()) {
      out += "\\\n";
      out.append(indent, ' ');
    }
  }
  out += '"';
}

void append_tpm2_literal(std::string& out, ByteView bytes, std::size_t indent) {
  const std::string_view text = before_nul(as_text(bytes));
  // The block drops the line feeds at its end, and the blanks before it are its indentation.
  std::string_view line = text;
  line = line.substr(0, line.find_last_not_of('\n') + 1);
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
  if (!line.empty() && line.front() != '\t' && is_visible(line)) {
    out += "|-\n";
    out.append(indent, ' ');
    out += line;
  } else {
    append_tpm2_escaped(out, as_bytes(text), indent);
  }
  out += '\n';
}

void append_tpm2_single_quoted(std::string& out, std::string_view text) {
  if (!is_visible(text)) {
    append_quoted(out, text, QuoteStyle::yaml);
    return;
  }
  out += '\'';
  for (const char c : text) {
    out += c;
    if (c == '\'') {
      out += c;
    }
  }
  out += '\'';
}

void append_tpm2_hex(std::string& out, ByteView bytes) {
  out += '"';
  append_hex(out, bytes);
  out += '"';
}

std::string_view before_nul(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

}  // namespace mrtool
