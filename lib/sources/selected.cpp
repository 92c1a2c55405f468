// Files of bare values, which say neither register nor bank: `values` of tpm2_pcrread, a raw register, sysfs PCR files.
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/registers/kinds.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

std::unexpected<Error> wrong_selection(const std::string& text, std::string_view problem) {
  return fail(ErrorKind::usage, fmt::format("register selection \"{}\": {}", escape_for_terminal(text), problem));
}

struct Group {
  HashAlgorithm bank = HashAlgorithm::none;
  std::vector<Register> registers;
};

// "sha256:0-7,10": one bank and its registers.
Result<Group> parse_group(const std::string& text) {
  MRTOOL_TRY(selection, parse_selection(text));
  Group group;
  if (!selection.whole_banks.empty()) {
    group.bank = selection.whole_banks.front();
    for (std::uint32_t i = 0; i <= kind_row(RegisterKind::pcr).last; ++i) {
      group.registers.push_back({.kind = RegisterKind::pcr, .index = i, .name = {}, .provider = {}, .carrier = {}});
    }
  } else {
    group.bank = selection.items.front().bank;
  }
  for (const SelectedRegister& item : selection.items) {
    if (std::ranges::find(group.registers, item.reg) == group.registers.end()) {
      group.registers.push_back(item.reg);
    }
  }
  if (find_algorithm(group.bank) == nullptr) {
    return wrong_selection(text, "a bank must be named, as in sha256:0-7@FILE");
  }
  return group;
}

Result<std::vector<Group>> parse_groups(const std::string& text) {
  std::vector<Group> groups;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('+', begin), text.size());
    MRTOOL_TRY(group, parse_group(text.substr(begin, end - begin)));
    groups.push_back(std::move(group));
    begin = end + 1;
  }
  return groups;
}

// tpm2_pcrread reads a bank that is given twice as one; tpm2_quote does not.
std::vector<Group> merged(const std::vector<Group>& groups) {
  std::vector<Group> all;
  for (const Group& group : groups) {
    auto place = std::ranges::find(all, group.bank, &Group::bank);
    if (place == all.end()) {
      place = all.insert(place, Group{.bank = group.bank, .registers = {}});
    }
    for (const Register& reg : group.registers) {
      if (std::ranges::find(place->registers, reg) == place->registers.end()) {
        place->registers.push_back(reg);
      }
    }
  }
  return all;
}

std::vector<RegisterKey> keys_of(std::vector<Group> groups) {
  std::vector<RegisterKey> keys;
  for (Group& group : groups) {
    std::ranges::sort(group.registers, display_before);
    for (const Register& reg : group.registers) {
      keys.push_back({.reg = reg, .bank = group.bank});
    }
  }
  return keys;
}

std::size_t size_of(const std::vector<RegisterKey>& keys) {
  std::size_t size = 0;
  for (const RegisterKey& key : keys) {
    size += find_algorithm(key.bank)->size;
  }
  return size;
}

Result<RegisterValues> read_bytes(const std::vector<RegisterKey>& keys, ByteView bytes) {
  RegisterValues values{.source = {}, .kind = "values", .authenticated = Authenticated::none, .values = {}};
  for (const RegisterKey& key : keys) {
    const std::size_t size = find_algorithm(key.bank)->size;
    if (Status added = add_bytes(values, key.reg, key.bank, bytes.first(size), "value"); !added) {
      return std::unexpected(std::move(added).error());
    }
    bytes = bytes.subspan(size);
  }
  return values;
}

std::string_view without_prefix(std::string_view hex) {
  return hex.substr(hex.starts_with("0x") ? 2 : 0);
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
  MRTOOL_TRY(groups, parse_groups(selection));
  const std::vector<RegisterKey> keys = keys_of(merged(groups));
  for (const std::vector<RegisterKey>& order : {keys, keys_of(groups)}) {
    if (bytes.size() == size_of(order)) {
      return read_bytes(order, bytes);
    }
  }
  const std::vector<std::string_view> lines = lines_of(as_text(bytes));
  if (lines.size() != keys.size() || !from_hex(without_prefix(lines.front()))) {
    return fail(ErrorKind::malformed,
                fmt::format("expected {} bytes, or {} lines of hexadecimal digits, for {}; found {} bytes",
                            size_of(keys), keys.size(), escape_for_terminal(selection), bytes.size()));
  }
  RegisterValues values{.source = {}, .kind = "values", .authenticated = Authenticated::none, .values = {}};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (Status added = add_value(values, keys[i].reg, keys[i].bank, lines[i], fmt::format("value {}", i + 1)); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return values;
}

}  // namespace mrtool::sources
