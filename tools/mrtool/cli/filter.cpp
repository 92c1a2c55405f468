#include "tools/mrtool/cli/filter.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "lib/base/text.hpp"
#include "lib/content/content.hpp"
#include "lib/verify/policy_pattern.hpp"

namespace mrtool {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(number)
                                                                                     : std::nullopt;
}

struct FilterOption {
  bool absent;
  std::string_view name;
};

std::string given_options(std::initializer_list<FilterOption> options) {
  std::vector<std::string_view> given;
  for (const FilterOption& option : options) {
    if (!option.absent) {
      given.push_back(option.name);
    }
  }
  return given.empty() ? std::string()
                       : fmt::format("{} {}", fmt::join(given, " and "), given.size() == 1 ? "selects" : "select");
}

bool matches(const std::string& pattern, const char* name) {
  return fnmatch(pattern.c_str(), name, FNM_CASEFOLD) == 0;
}

// The line that a record of a text log is; nothing where it is too long to be matched.
std::optional<std::string_view> line_of(const Record& record) {
  constexpr std::size_t kLongestLine = 64 * 1024;
  const bool text = record.content == ContentType::tsm || record.content == ContentType::aael;
  return text && record.data.size() <= kLongestLine ? std::optional(as_text(record.data)) : std::nullopt;
}

}  // namespace

Result<Filter::Span> Filter::parse_span(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number(text.substr(0, dash));
  std::optional<std::uint64_t> last = first;
  if (dash != std::string_view::npos) {
    last = dash + 1 == text.size() ? std::numeric_limits<std::uint64_t>::max() : parse_number(text.substr(dash + 1));
  }
  if (!first || !last || *first > *last) {
    return fail(ErrorKind::usage,
                fmt::format("--record takes record numbers such as 3, 3-7 or 3-, not '{}'", escape_for_terminal(text)));
  }
  return Span{.first = *first, .last = *last};
}

Result<Filter> Filter::from(const CommandLine& line) {
  Filter filter;
  for (const std::string& text : line.all(OptionId::registers)) {
    MRTOOL_TRY(selection, parse_selection(text));
    filter.registers_.push_back(std::move(selection));
  }
  for (const std::string& text : line.all(OptionId::bank)) {
    for (const std::string_view name : split(text, ',')) {
      const auto algorithm = parse_algorithm(name);
      if (!algorithm) {
        std::vector<std::string_view> known;
        for (const HashAlgorithmRow& row : hash_algorithms()) {
          known.push_back(row.name);
        }
        return fail(ErrorKind::usage, fmt::format("--bank takes hash algorithms ({}), not '{}'", fmt::join(known, ", "),
                                                  escape_for_terminal(name)));
      }
      filter.banks_.push_back(*algorithm);
    }
  }
  for (const std::string& text : line.all(OptionId::type)) {
    filter.types_.push_back(text);
  }
  for (const std::string& text : line.all(OptionId::record)) {
    for (const std::string_view part : split(text, ',')) {
      MRTOOL_TRY(span, parse_span(part));
      filter.records_.push_back(span);
    }
  }
  return filter;
}

std::optional<Register> Filter::only_register() const {
  const bool one =
      registers_.size() == 1 && registers_.front().items.size() == 1 && registers_.front().whole_banks.empty();
  return one ? std::optional(registers_.front().items.front().reg) : std::nullopt;
}

std::string Filter::record_options() const {
  return given_options(
      {{registers_.empty(), "--register"}, {types_.empty(), "--type"}, {records_.empty(), "--record"}});
}

std::string Filter::value_options() const {
  return given_options({{registers_.empty(), "--register"}, {banks_.empty(), "--bank"}});
}

bool Filter::takes_bank(HashAlgorithm bank) const {
  return banks_.empty() || std::ranges::find(banks_, bank) != banks_.end();
}

bool Filter::takes_register(const Register& reg, HashAlgorithm bank) const {
  return registers_.empty() ||
         std::ranges::any_of(registers_, [&](const Selection& selection) { return selection.contains(reg, bank); });
}

std::vector<HashAlgorithm> Filter::named_banks() const {
  std::vector<HashAlgorithm> named = banks_;
  for (const Selection& selection : registers_) {
    named.insert(named.end(), selection.whole_banks.begin(), selection.whole_banks.end());
    for (const SelectedRegister& item : selection.items) {
      if (item.bank != HashAlgorithm::none) {
        named.push_back(item.bank);
      }
    }
  }
  std::ranges::sort(named);
  const auto repeated = std::ranges::unique(named);
  named.erase(repeated.begin(), repeated.end());
  return named;
}

bool Filter::takes(const Register& reg, HashAlgorithm bank) const {
  return takes_bank(bank) && takes_register(reg, bank);
}

bool Filter::takes_type(const Record& record) const {
  if (types_.empty()) {
    return true;
  }
  const std::string name = event_type_name(record);
  constexpr std::string_view kPrefix = "EV_";
  const char* const short_name = name.c_str() + (name.starts_with(kPrefix) ? kPrefix.size() : 0);
  const auto line = line_of(record);
  return std::ranges::any_of(types_, [&](const std::string& pattern) {
    return matches(pattern, name.c_str()) || matches(pattern, short_name) ||
           (line && policy::matches_glob(pattern, *line));
  });
}

bool Filter::takes(const Record& record) const {
  const auto has_number = [&](Span span) { return span.first <= record.number && record.number <= span.last; };
  if (!records_.empty() && !std::ranges::any_of(records_, has_number)) {
    return false;
  }
  const auto in_register = [&](const DigestEntry& digest) { return takes_register(record.reg, digest.algorithm); };
  if (!registers_.empty() && !takes_register(record.reg, HashAlgorithm::none) &&
      !std::ranges::any_of(record.digests, in_register)) {
    return false;
  }
  return takes_type(record);
}

}  // namespace mrtool
