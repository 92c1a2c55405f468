#include "formats/tpm2_yaml/item.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/limits.hpp"

namespace mrtool::tpm2yaml {
namespace {

constexpr int kDecimal = 10;
constexpr int kHexadecimal = 16;

std::size_t blanks_at(std::string_view text) {
  const std::size_t blanks = text.find_first_not_of(' ');
  return blanks == std::string_view::npos ? text.size() : blanks;
}

// How many bytes of `text`, which is behind an opening quote, lie before the closing one; npos where there is none.
std::size_t quoted_size(std::string_view text, char quote) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool doubled = quote == '\'' && text[i] == quote && text.substr(i + 1).starts_with(quote);
    if (doubled || (quote == '"' && text[i] == '\\')) {
      ++i;
    } else if (text[i] == quote) {
      return i;
    }
  }
  return std::string_view::npos;
}

// How many bytes from `begin`, the start of a line, are in lines that are blank or indented more than `indent`.
std::size_t block_size(std::string_view text, std::size_t begin, std::size_t indent) {
  std::size_t at = begin;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const std::size_t line = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::size_t blanks = blanks_at(rest.substr(0, line));
    if (blanks <= indent && blanks < line && rest[blanks] != '\n') {
      break;
    }
    at += line;
  }
  return at - begin;
}

struct Line {
  Entry entry;
  std::size_t end = 0;  // in the text: where the next line begins
};

// Puts the value that begins at `begin` into the entry; it may go on behind the line's end.
void take_value(std::string_view text, std::size_t begin, Line& line) {
  const std::string_view value = text.substr(begin, line.end - begin);
  const char first = value.empty() ? '\0' : value.front();
  if (first == '"' || first == '\'') {
    const std::size_t size = quoted_size(text.substr(begin + 1), first);
    line.entry.style = size == std::string_view::npos ? Style::broken
                       : first == '"'                 ? Style::double_quoted
                                                      : Style::single_quoted;
    line.entry.value = text.substr(begin + 1, size);
    const std::size_t behind = size == std::string_view::npos ? text.size() : begin + 1 + size;
    line.end = std::min(text.find('\n', behind), text.size() - 1) + 1;
    return;
  }
  line.entry.value = value.substr(0, value.find_last_not_of(" \r\n") + 1);
  if (line.entry.value == "|-" || line.entry.value == "|") {
    line.entry.style = Style::block;
    const std::size_t size = block_size(text, line.end, line.entry.indent);
    line.entry.value = text.substr(line.end, size);
    line.end += size;
  }
}

Line read_line(std::string_view text, std::size_t begin) {
  Line line;
  line.end = std::min(text.find('\n', begin), text.size() - 1) + 1;
  const std::string_view whole = text.substr(begin, line.end - begin);
  std::size_t at = blanks_at(whole);
  while (whole.substr(at).starts_with("- ")) {
    constexpr std::size_t kDash = 2;
    at += kDash;
    line.entry.starts_item = true;
  }
  line.entry.indent = at;
  const std::size_t colon = whole.find(':', at);
  if (colon == std::string_view::npos) {
    line.entry.value = whole.substr(at);
    return line;
  }
  line.entry.key = whole.substr(at, colon - at);
  const std::size_t value = colon + 1 + blanks_at(whole.substr(colon + 1));
  take_value(text, begin + value, line);
  return line;
}

std::optional<std::uint32_t> hex_digits(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, kHexadecimal);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

void append_utf8(Bytes& out, std::uint32_t code) {
  constexpr std::array<std::uint32_t, 3> kLast{0x7F, 0x7FF, 0xFFFF};  // of one, two and three bytes
  constexpr std::array<std::uint8_t, 4> kFirstByte{0x00, 0xC0, 0xE0, 0xF0};
  constexpr unsigned kBits = 6;
  const auto more = static_cast<unsigned>(std::ranges::lower_bound(kLast, code) - kLast.begin());
  out.push_back(static_cast<std::uint8_t>(kFirstByte[more] | (code >> (kBits * more))));
  for (unsigned i = more; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(0x80U | ((code >> (kBits * i)) & 0x3FU)));
  }
}

// The escape at the front of `rest`, behind the backslash. Returns its size; 0 where it is none.
std::size_t append_escape(Bytes& out, std::string_view rest) {
  struct Short {
    char letter;
    std::uint8_t byte;
  };
  static constexpr std::array kShort = std::to_array<Short>({{'0', 0x00},
                                                             {'a', 0x07},
                                                             {'b', 0x08},
                                                             {'t', 0x09},
                                                             {'n', 0x0A},
                                                             {'v', 0x0B},
                                                             {'f', 0x0C},
                                                             {'r', 0x0D},
                                                             {'e', 0x1B},
                                                             {'"', '"'},
                                                             {'/', '/'},
                                                             {'\\', '\\'}});
  if (rest.empty()) {
    return 0;
  }
  if (const auto* const known = std::ranges::find(kShort, rest.front(), &Short::letter); known != kShort.end()) {
    out.push_back(known->byte);
    return 1;
  }
  // A line that goes on: its blanks are indentation.
  if (rest.front() == '\n') {
    return 1 + blanks_at(rest.substr(1));
  }
  const std::size_t digits = rest.front() == 'x' ? 2 : rest.front() == 'u' ? 4 : rest.front() == 'U' ? 8 : 0;
  const auto code = digits == 0 || rest.size() <= digits ? std::nullopt : hex_digits(rest.substr(1, digits));
  constexpr std::uint32_t kLastCode = 0x10FFFF;
  if (!code || *code > kLastCode) {
    return 0;
  }
  if (rest.front() == 'x') {
    out.push_back(static_cast<std::uint8_t>(*code));
  } else {
    append_utf8(out, *code);
  }
  return 1 + digits;
}

std::optional<Bytes> double_quoted(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out.push_back(static_cast<std::uint8_t>(text[i++]));
      continue;
    }
    const std::size_t size = append_escape(out, text.substr(i + 1));
    if (size == 0) {
      return std::nullopt;
    }
    i += 1 + size;
  }
  return out;
}

Bytes single_quoted(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out.push_back(static_cast<std::uint8_t>(text[i]));
    i += text[i] == '\'' ? 1 : 0;
  }
  return out;
}

// The first line's indentation is the block's; the line feeds at its end are dropped.
Bytes block(std::string_view text) {
  const std::size_t indent = blanks_at(text);
  Bytes out;
  while (!text.empty()) {
    const std::size_t line = std::min(text.find('\n'), text.size() - 1) + 1;
    const ByteView bytes = as_bytes(text.substr(0, line));
    const ByteView content = bytes.subspan(std::min(indent, blanks_at(text.substr(0, line))));
    out.insert(out.end(), content.begin(), content.end());
    text.remove_prefix(line);
  }
  while (!out.empty() && out.back() == '\n') {
    out.pop_back();
  }
  return out;
}

}  // namespace

std::vector<Entry> read_item(std::string_view text) {
  std::vector<Entry> entries;
  for (std::size_t at = 0; at < text.size() && entries.size() < limits::kListedItems;) {
    const Line line = read_line(text, at);
    at = line.end;
    entries.push_back(line.entry);
  }
  return entries;
}

std::span<const Entry> below(std::span<const Entry> entries, std::size_t index) {
  std::size_t end = index + 1;
  while (end < entries.size() && entries[end].indent > entries[index].indent) {
    ++end;
  }
  return entries.subspan(index + 1, end - index - 1);
}

const Entry* find(std::span<const Entry> entries, std::size_t indent, std::string_view key) {
  const auto found =
      std::ranges::find_if(entries, [&](const Entry& entry) { return entry.indent == indent && entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> number_of(const Entry* entry) {
  if (entry == nullptr || entry->style != Style::plain) {
    return std::nullopt;
  }
  const bool hex = entry->value.starts_with("0x");
  constexpr std::size_t kPrefix = 2;
  const std::string_view digits = entry->value.substr(hex ? kPrefix : 0);
  std::uint64_t value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value, hex ? kHexadecimal : kDecimal);
  return !digits.empty() && error == std::errc() && end == last ? std::optional(value) : std::nullopt;
}

std::optional<Bytes> hex_of(const Entry* entry) {
  return entry == nullptr || entry->style == Style::block ? std::nullopt : from_hex(entry->value);
}

std::optional<Bytes> text_of(const Entry* entry) {
  if (entry == nullptr) {
    return std::nullopt;
  }
  switch (entry->style) {
    case Style::plain:
      return to_bytes(as_bytes(entry->value));
    case Style::single_quoted:
      return single_quoted(entry->value);
    case Style::double_quoted:
      return double_quoted(entry->value);
    case Style::block:
      return block(entry->value);
    case Style::broken:
      break;
  }
  return std::nullopt;
}

}  // namespace mrtool::tpm2yaml
