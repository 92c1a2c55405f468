#include "lib/content/event_text.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace mrtool {

namespace {

// One character and one more byte: shorter data is ASCII, or nothing that can be told.
constexpr std::size_t kShortestUtf16 = 3;

bool is_text_unit(unsigned unit) {
  constexpr unsigned kFirstPrintable = 0x20;
  constexpr unsigned kDelete = 0x7F;
  return (unit >= kFirstPrintable && unit != kDelete) || unit == '\t' || unit == '\n' || unit == '\r';
}

}  // namespace

std::string_view first_string(ByteView data) {
  const std::string_view text = as_text(data);
  return text.substr(0, text.find('\0'));
}

std::string_view without_padding(ByteView data) {
  const std::string_view text = as_text(data);
  return text.substr(0, text.find_last_not_of('\0') + 1);
}

std::optional<std::string> utf16_text(ByteView data) {
  if (data.size() < kShortestUtf16 || data[0] == 0 || data[1] != 0) {
    return std::nullopt;
  }
  const bool cut = data.size() % 2 != 0;
  if (cut && data.back() != 0) {
    return std::nullopt;
  }
  ByteView text = cut ? data.first(data.size() - 1) : data;
  while (text.size() >= 2 && text[text.size() - 1] == 0 && text[text.size() - 2] == 0) {
    text = text.first(text.size() - 2);
  }
  for (std::size_t i = 0; i < text.size(); i += 2) {
    if (!is_text_unit(text[i] | (static_cast<unsigned>(text[i + 1]) << 8U))) {
      return std::nullopt;
    }
  }
  return utf16le_to_utf8(text);
}

std::optional<std::string> any_text(ByteView data) {
  if (auto wide = utf16_text(data)) {
    return wide;
  }
  const std::string_view text = without_padding(data);
  const bool printable = std::ranges::all_of(text, [](char c) { return is_text_unit(static_cast<unsigned char>(c)); });
  if (text.empty() || !printable || !is_utf8(as_bytes(text))) {
    return std::nullopt;
  }
  return std::string(text);
}

}  // namespace mrtool
