#include <fmt/format.h>

#include <algorithm>

#include "lib/registers/kinds.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

namespace {

constexpr std::string_view kExample = "write for example sha256:0-7,10+sha384:rtmr2";

std::unexpected<Error> usage(std::string_view text, std::string_view problem) {
  return fail(ErrorKind::usage, fmt::format("register selection \"{}\": {}", text, problem));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text = text.substr(at + 1);
  }
}

// Why a word is no register, and what to write instead.
std::string explain(std::string_view word) {
  if (word.empty()) {
    return fmt::format("a register is missing; {}", kExample);
  }
  const auto number = parse_index(word);
  if (number || word.starts_with("pcr")) {
    return fmt::format("\"{}\" is not a PCR; write a number from 0 to {}, as in sha256:0-7", word,
                       kind_row(RegisterKind::pcr).last);
  }
  if (word.starts_with("rtmr") || word.starts_with("rem")) {
    return fmt::format("\"{}\" does not exist; write rtmr0 to rtmr3, or rem0 to rem3", word);
  }
  if (word.starts_with("nv")) {
    return fmt::format("\"{}\" is not an NV index; write its handle with eight digits, as in nv:0x01c40200", word);
  }
  return fmt::format(
      "\"{}\" is not a register; write a PCR number, pcr7, rtmr2, mrtd, rem0, rim, nv:0x01c40200 or "
      "mr:NAME, with a bank before a colon and + before the next bank, as in sha256:0-7+sha384:rtmr2",
      word);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Selection> parse() {
    for (const std::string_view group : split(text_, '+')) {
      if (auto status = parse_group(group); !status) {
        return std::unexpected(std::move(status).error());
      }
    }
    return std::move(selection_);
  }

 private:
  // "sha256:0-7,10", or registers of every bank.
  Status parse_group(std::string_view group) {
    HashAlgorithm bank = HashAlgorithm::none;
    if (const auto colon = group.find(':'); colon != std::string_view::npos) {
      const std::string_view word = group.substr(0, colon);
      if (const auto algorithm = parse_algorithm(word)) {
        bank = *algorithm;
        group = group.substr(colon + 1);
      } else if (find_kind(group) == nullptr && !word.contains('/') && !word.contains(',')) {
        return usage(text_, fmt::format("\"{}\" is not a bank; write sha1, sha256, sha384, sha512 or sm3_256", word));
      }
    }
    for (const std::string_view item : split(group, ',')) {
      if (auto status = parse_item(item, bank); !status) {
        return status;
      }
    }
    return {};
  }

  Status parse_item(std::string_view item, HashAlgorithm bank) {
    if (item == "all") {
      if (std::ranges::find(selection_.whole_banks, bank) == selection_.whole_banks.end()) {
        selection_.whole_banks.push_back(bank);
      }
      return {};
    }
    if (item == "none") {
      return usage(text_, "\"none\" selects nothing; leave the bank out instead");
    }
    if (const auto reg = parse_register(item, true); reg && reg->kind != RegisterKind::none) {
      add(*reg, bank);
      return {};
    }
    // Names may hold a dash, so a range is what is left when the whole is no register.
    const auto dash = item.find('-');
    if (dash == std::string_view::npos || dash == 0) {
      return usage(text_, explain(item));
    }
    return parse_range(item, dash, bank);
  }

  Status parse_range(std::string_view item, std::size_t dash, HashAlgorithm bank) {
    const std::string_view low_word = item.substr(0, dash);
    const std::string_view high_word = item.substr(dash + 1);
    const auto low = parse_register(low_word, true);
    if (!low) {
      return usage(text_, explain(low_word));
    }
    if (kind_row(low->kind).numbering != Numbering::counted) {
      return usage(text_, fmt::format("\"{}\" is not a range; only PCRs, RTMRs and REMs are counted", item));
    }
    auto high = parse_register(high_word);
    if (!high && parse_index(high_word)) {
      // "pcr0-7": the number is of the kind before the dash.
      const std::string prefix = to_string(*low);
      const auto digits = prefix.find_last_not_of("0123456789") + 1;
      high = parse_register(prefix.substr(0, digits).append(high_word));
    }
    if (!high) {
      return usage(text_, explain(high_word));
    }
    if (high->kind != low->kind || high->provider != low->provider) {
      return usage(text_, fmt::format("the range \"{}\" mixes two kinds of register; write one range for each", item));
    }
    if (high->index < low->index) {
      return usage(text_, fmt::format("the range \"{}\" runs backwards; write {}-{}", item, high->index, low->index));
    }
    for (Register reg = *low; reg.index <= high->index; ++reg.index) {
      add(reg, bank);
    }
    return {};
  }

  void add(const Register& reg, HashAlgorithm bank) {
    const auto same = [&](const SelectedRegister& item) { return item.bank == bank && item.reg == reg; };
    if (std::ranges::none_of(selection_.items, same)) {
      selection_.items.push_back({bank, reg});
    }
  }

  std::string_view text_;
  Selection selection_;
};

// One bank's registers, runs of three and more written as ranges.
std::string print_registers(const std::vector<Register>& registers, bool bare_pcrs) {
  constexpr std::size_t kShortestRange = 3;
  const auto word = [&](const Register& reg) {
    const bool bare = bare_pcrs && reg.kind == RegisterKind::pcr && reg.provider.empty();
    return bare ? fmt::format("{}", reg.index) : to_string(reg);
  };
  std::string text;
  for (std::size_t i = 0; i < registers.size();) {
    const Register& first = registers[i];
    const bool counted = kind_row(first.kind).numbering == Numbering::counted;
    std::size_t run = 1;
    while (counted && i + run < registers.size() && registers[i + run].kind == first.kind &&
           registers[i + run].provider == first.provider && registers[i + run].index == first.index + run) {
      ++run;
    }
    run = run < kShortestRange ? 1 : run;
    text += text.empty() ? "" : ",";
    text += word(first);
    if (run > 1) {
      text += fmt::format("-{}", registers[i + run - 1].index);
    }
    i += run;
  }
  return text;
}

}  // namespace

bool Selection::contains(const Register& reg, HashAlgorithm bank) const {
  const auto bank_matches = [&](HashAlgorithm selected) { return selected == HashAlgorithm::none || selected == bank; };
  return std::ranges::any_of(whole_banks, bank_matches) ||
         std::ranges::any_of(items, [&](const auto& item) { return bank_matches(item.bank) && item.reg == reg; });
}

Result<Selection> parse_selection(std::string_view text) {
  if (text.empty()) {
    return usage(text, fmt::format("it is empty; {}", kExample));
  }
  return Parser(text).parse();
}

std::string to_string(const Selection& selection) {
  std::vector<HashAlgorithm> banks;
  for (const SelectedRegister& item : selection.items) {
    if (std::ranges::find(banks, item.bank) == banks.end()) {
      banks.push_back(item.bank);
    }
  }
  const auto prefix = [](HashAlgorithm bank) {
    return bank == HashAlgorithm::none ? std::string() : to_string(bank) + ":";
  };
  std::string text;
  for (const HashAlgorithm bank : banks) {
    std::vector<Register> registers;
    for (const SelectedRegister& item : selection.items) {
      if (item.bank == bank) {
        registers.push_back(item.reg);
      }
    }
    text += text.empty() ? "" : "+";
    text += prefix(bank);
    text += print_registers(registers, bank != HashAlgorithm::none);
  }
  for (const HashAlgorithm bank : selection.whole_banks) {
    text += text.empty() ? "" : "+";
    text += prefix(bank);
    text += "all";
  }
  return text;
}

}  // namespace mrtool
