// Text of tpm2_pcrread, and the pcrs block that tpm2_eventlog and tpm2_quote print (tpm2-tools 3 to 5): a heading for
// each bank, then a register in each line. Versions differ in indent, case, blanks before colons and 0x.
#include <fmt/format.h>

#include "lib/registers/names.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

constexpr std::string_view kBlock = "pcrs:";
constexpr std::string_view kQuoteTail = "calcDigest:";
constexpr std::string_view kDocumentStart = "---";

// The bank of a heading ("sha256:", "sha1 :"), or nothing.
std::optional<std::string_view> heading(std::string_view line) {
  if (!line.ends_with(':')) {
    return std::nullopt;
  }
  const std::string_view word = trim(line.substr(0, line.size() - 1));
  return parse_algorithm(word) ? std::optional(word) : std::nullopt;
}

// Where a document that holds more than registers has them: the line of its last top-level "pcrs:". The last one,
// because text of events, which an attacker may choose, comes before it.
struct Block {
  std::string_view text;
  std::uint64_t first_line = 1;
};
std::optional<Block> find_block(std::string_view text) {
  std::optional<Block> block;
  for (std::uint64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.starts_with(kBlock) && trim(line) == kBlock) {
      block = Block{text, number + 1};
    }
  }
  return block;
}

bool holds_more(std::string_view first_line) {
  return first_line.starts_with("version:") || first_line.starts_with("quoted:") || first_line.starts_with("events:");
}

// The first line that says something.
std::string_view first_line_of(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = trim(take_line(text));
    if (!line.empty() && line != kDocumentStart) {
      return line;
    }
  }
  return {};
}

Status add_line(RegisterValues& values, std::string_view line, std::string_view bank, std::uint64_t number) {
  const std::string where = fmt::format("line {}", number);
  if (bank.empty()) {
    return fail(ErrorKind::malformed, fmt::format("{}: expected a bank's heading, such as \"sha256:\"", where));
  }
  // The value has no colon; a register's name may.
  const auto colon = line.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorKind::malformed, fmt::format("{}: expected \"REGISTER : 0xHEX\"", where));
  }
  return add_named_value(values, trim(line.substr(0, colon)), bank, trim(line.substr(colon + 1)), where);
}

}  // namespace

bool is_pcrread(std::string_view text) {
  const std::string_view line = first_line_of(text);
  return heading(line) || line == kBlock || (holds_more(line) && find_block(text));
}

Result<RegisterValues> parse_pcrread(std::string_view text) {
  RegisterValues values{.source = {}, .kind = "tpm2_pcrread", .authenticated = Authenticated::none, .values = {}};
  Block block{text, 1};
  if (holds_more(first_line_of(text))) {
    block = find_block(text).value_or(block);
  }
  std::string_view bank;
  for (std::uint64_t number = block.first_line; !block.text.empty(); ++number) {
    const std::string_view line = trim(take_line(block.text));
    if (line.empty() || line == kDocumentStart || line == kBlock || line.starts_with(kQuoteTail)) {
      continue;
    }
    if (const auto next = heading(line)) {
      bank = *next;
      continue;
    }
    if (auto status = add_line(values, line, bank, number); !status) {
      return std::unexpected(std::move(status).error());
    }
  }
  return values;
}

}  // namespace mrtool::sources
