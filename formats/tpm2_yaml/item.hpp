// One event of the document as a list of its keys. This is no YAML parser: it reads what tpm2_eventlog prints, each key
// on a line of its own, which is not always YAML.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"

namespace mrtool::tpm2yaml {

enum class Style : std::uint8_t {
  plain,
  single_quoted,
  double_quoted,
  block,   // |- and the lines below it
  broken,  // a quote that does not end
};

// Views of the item's text.
struct Entry {
  std::size_t indent = 0;    // columns before the key; "- " counts as two
  bool starts_item = false;  // a "- " stands before the key
  std::string_view key;
  std::string_view value;  // between the quotes; of a block, all its lines
  Style style = Style::plain;
};

// At most limits::kListedItems entries: an event with more has lost its data, but not its digests, which come first.
std::vector<Entry> read_item(std::string_view text);

// The entries below the one at `index`.
std::span<const Entry> below(std::span<const Entry> entries, std::size_t index);
// The first entry of that key at that indentation, or nullptr.
const Entry* find(std::span<const Entry> entries, std::size_t indent, std::string_view key);

std::optional<std::uint64_t> number_of(const Entry* entry);  // decimal, or hexadecimal behind 0x
std::optional<Bytes> hex_of(const Entry* entry);
// The text without quoting; escapes that stand for a byte give that byte.
std::optional<Bytes> text_of(const Entry* entry);

}  // namespace mrtool::tpm2yaml
