// Files of bare values, which say neither register nor bank: `values` of tpm2_pcrread, a raw register, sysfs PCR files.
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/registers/kinds.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

// What the values are of, in the order that tpm2_pcrread writes them: banks as given, registers ascending.
Result<std::vector<RegisterKey>> keys_of(const std::string& text) {
  MRTOOL_TRY(selection, parse_selection(text));
  std::vector<HashAlgorithm> banks;
  for (const SelectedRegister& item : selection.items) {
    banks.push_back(item.bank);
  }
  // "all" comes behind the items however it was mixed with them; tpm2_pcrread's order is that of the text.
  if (!selection.items.empty() && !selection.whole_banks.empty()) {
    return fail(ErrorKind::usage, fmt::format("register selection \"{}\": write 0-23 for all in place of a mixture",
                                              escape_for_terminal(text)));
  }
  for (const HashAlgorithm bank : selection.whole_banks) {
    banks.push_back(bank);
    for (std::uint32_t i = 0; i <= kind_row(RegisterKind::pcr).last; ++i) {
      selection.items.push_back(
          {.bank = bank, .reg = {.kind = RegisterKind::pcr, .index = i, .name = {}, .provider = {}, .carrier = {}}});
    }
  }
  std::vector<RegisterKey> keys;
  for (const SelectedRegister& item : selection.items) {
    if (find_algorithm(item.bank) == nullptr) {
      return fail(ErrorKind::usage,
                  fmt::format("register selection \"{}\": a bank must be named, as in sha256:0-7@FILE",
                              escape_for_terminal(text)));
    }
    keys.push_back({.reg = item.reg, .bank = item.bank});
  }
  const auto place = [&banks](HashAlgorithm bank) { return std::ranges::find(banks, bank); };
  std::ranges::sort(keys, [&place](const RegisterKey& a, const RegisterKey& b) {
    return place(a.bank) != place(b.bank) ? place(a.bank) < place(b.bank) : display_before(a.reg, b.reg);
  });
  return keys;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::string_view line = trim(take_line(text));
    if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace

std::optional<SelectedFile> split_selected(const std::string& spec, Host& host) {
  for (std::size_t at = spec.find('@'); at != std::string::npos; at = spec.find('@', at + 1)) {
    SelectedFile file{.selection = spec.substr(0, at), .path = spec.substr(at + 1)};
    const FileKind kind = host.kind(file.path);
    if (parse_selection(file.selection) && (kind == FileKind::regular || kind == FileKind::other)) {
      return file;
    }
  }
  return std::nullopt;
}

Result<RegisterValues> parse_selected(const std::string& selection, ByteView bytes) {
  MRTOOL_TRY(keys, keys_of(selection));
  RegisterValues values{.source = {}, .kind = "values", .authenticated = Authenticated::none, .values = {}};
  std::size_t size = 0;
  for (const RegisterKey& key : keys) {
    size += find_algorithm(key.bank)->size;
  }
  const bool raw = bytes.size() == size;
  const auto lines = raw ? std::vector<std::string_view>() : lines_of(as_text(bytes));
  if (!raw &&
      (lines.size() != keys.size() || !from_hex(lines.front().substr(lines.front().starts_with("0x") ? 2 : 0)))) {
    return fail(ErrorKind::malformed,
                fmt::format("expected {} bytes, or {} lines of hexadecimal digits, for {}; found {} bytes", size,
                            keys.size(), escape_for_terminal(selection), bytes.size()));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::size_t length = find_algorithm(keys[i].bank)->size;
    const Status added = raw ? add_bytes(values, keys[i].reg, keys[i].bank, bytes.first(length), "value")
                             : add_value(values, keys[i].reg, keys[i].bank, lines[i], fmt::format("value {}", i + 1));
    if (!added) {
      return std::unexpected(added.error());
    }
    bytes = raw ? bytes.subspan(length) : bytes;
  }
  return values;
}

}  // namespace mrtool::sources
