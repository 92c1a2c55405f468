// What was compared with what, and what vouches for which registers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/verify/appraisal_state.hpp"
#include "lib/verify/wording.hpp"

namespace mrtool {

bool Appraisal::State::is_required(const Register& reg, HashAlgorithm bank) const {
  return !options_.require || options_.require->contains(reg, bank);
}

QuoteCheck Appraisal::State::check_sources() const {
  std::vector<std::string> trusted;
  std::vector<std::string> others;
  for (const WeighedSource& source : sources_) {
    if (source.values.kind == kCarried) {
      continue;
    }
    std::string name = fmt::format("{} ({})", source.values.source, to_string(source.values.authenticated));
    (source.trusted ? trusted : others).push_back(std::move(name));
  }
  if (trusted.empty() && others.empty()) {
    return make_check("source", Verdict::inconclusive, "no register values were given: use --quote or --against");
  }
  const Verdict quoted = quote_ ? verdict_of(quote_->checks) : Verdict::pass;
  if (trusted.empty()) {
    return make_check(
        "source", Verdict::inconclusive,
        quoted == Verdict::fail
            ? fmt::format("a quote that fails its checks vouches for nothing, so that nothing "
                          "authenticates {}",
                          listed(others))
            : fmt::format("nothing authenticates {}: give a quote, or --trust-registers", listed(others)));
  }
  std::string detail = fmt::format("values are from {}", listed(trusted));
  if (!others.empty()) {
    detail += fmt::format("; {} cannot vouch for anything", listed(others));
  }
  if (quoted == Verdict::inconclusive) {
    detail += "; what the checks of the quote leave open is open here too";
  }
  return make_check("source", quoted == Verdict::inconclusive ? Verdict::inconclusive : Verdict::pass,
                    std::move(detail));
}

QuoteCheck Appraisal::State::check_values() {
  std::uint64_t equal = 0;
  std::uint64_t ahead = 0;
  std::vector<std::string> failed;
  for (const RegisterResult& result : native_results()) {
    if (!result.carried_by.empty() || result.records == 0) {
      continue;
    }
    if (standing(result) == Standing::failed) {
      const bool required = is_required(result.reg, result.bank);
      add_finding(result, required ? Verdict::fail : Verdict::pass, "value-differs",
                  fmt::format("the log does not lead to the value of {}{}", name_of(result.reg, result.bank),
                              required ? "" : "; it is not required"));
      if (required) {
        failed.push_back(name_of(result.reg, result.bank));
      }
      continue;
    }
    for (const Comparison& comparison : result.against) {
      equal += comparison.state == MatchState::equal ? 1 : 0;
      ahead += comparison.state == MatchState::log_ahead ? 1 : 0;
    }
  }
  if (!failed.empty()) {
    return make_check("values", Verdict::fail, fmt::format("the logs do not lead to the values of {}", listed(failed)));
  }
  if (equal + ahead == 0) {
    return make_check("values", Verdict::inconclusive, "no value of a register that the logs extend was compared");
  }
  std::string detail = fmt::format("{} from the logs", count_of(equal, "value follows", "values follow"));
  if (ahead != 0) {
    detail += fmt::format(", {} from the front of a log that has grown since",
                          count_of(ahead, "value follows", "values follow"));
  }
  return make_check("values", Verdict::pass, std::move(detail));
}

// Every register that the logs extend, in one bank at least.
QuoteCheck Appraisal::State::check_coverage() {
  std::map<Register, std::vector<const RegisterResult*>> by_register;
  for (const RegisterResult& result : native_results()) {
    if (result.carried_by.empty() && result.records != 0) {
      by_register[result.reg].push_back(&result);
    }
  }
  std::map<std::string, std::vector<std::string>> lacking;  // by reason
  for (const auto& [reg, results] : by_register) {
    const auto best =
        std::ranges::max_element(results, {}, [this](const RegisterResult* result) { return standing(*result); });
    const Standing reached = standing(**best);
    const bool covered = std::ranges::any_of(
        results, [this](const RegisterResult* result) { return vouched_.contains({result->reg, result->bank}); });
    if (covered || reached == Standing::failed || options_.require) {
      continue;
    }
    lacking[reason_of(reached, **best)].push_back(to_string(reg));
    add_finding(**best, Verdict::inconclusive, "not-vouched-for",
                fmt::format("nothing vouches for {}: {}", to_string(reg), reason_of(reached, **best)));
  }
  if (options_.require) {
    if (const std::vector<std::string> uncovered = uncovered_requirements(); !uncovered.empty()) {
      return make_check("coverage", Verdict::inconclusive, fmt::format("nothing vouches for {}", listed(uncovered)));
    }
  } else {
    for (const std::string& log : logs_without_value()) {
      lacking["its log has no record about it, and no value was given"].push_back(log);
    }
  }
  if (!lacking.empty()) {
    std::vector<std::string> groups;
    for (const auto& [reason, names] : lacking) {
      groups.push_back(fmt::format("{}: {}", listed(names), reason));
    }
    return make_check("coverage", Verdict::inconclusive,
                      fmt::format("nothing vouches for {}", fmt::join(groups, "; nor for ")));
  }
  if (by_register.empty() && !options_.require) {
    return make_check("coverage", Verdict::inconclusive, "the logs extend no register");
  }
  return make_check("coverage", Verdict::pass,
                    options_.require ? fmt::format("all of {} is vouched for", to_string(*options_.require))
                                     : "every register that the logs extend is vouched for");
}

// Was a log named as this register's?
bool Appraisal::State::is_named_by_log(const Register& reg) const {
  return std::ranges::any_of(logs_, [&reg](const AppraisedLog& log) { return log.reg == reg; });
}

// Registers of which a log was given that says nothing about them, and no value that confirms that.
std::vector<std::string> Appraisal::State::logs_without_value() const {
  std::vector<std::string> lacking;
  for (const AppraisedLog& log : logs_) {
    const auto is_explained = [&](const RegisterResult& result) {
      return result.reg == log.reg && (result.records != 0 || standing(result) == Standing::unexplained ||
                                       (!result.against.empty() && vouched(result.reg, result.bank)));
    };
    if (log.reg && !is_virtual(log) && std::ranges::none_of(native_results(), is_explained)) {
      lacking.push_back(to_string(*log.reg));
    }
  }
  return lacking;
}

// Of --require, what no authenticated value vouches for.
std::vector<std::string> Appraisal::State::uncovered_requirements() const {
  std::vector<std::string> lacking;
  for (const SelectedRegister& item : options_.require->items) {
    const bool covered = std::ranges::any_of(vouched_, [&item](const auto& entry) {
      return entry.first.reg == item.reg && (item.bank == HashAlgorithm::none || item.bank == entry.first.bank);
    });
    if (!covered) {
      lacking.push_back(item.bank == HashAlgorithm::none ? to_string(item.reg) : name_of(item.reg, item.bank));
    }
  }
  for (const HashAlgorithm bank : options_.require->whole_banks) {
    bool any = false;
    for (const RegisterResult& result : native_results()) {
      if (result.bank != bank || result.records == 0 || !result.carried_by.empty()) {
        continue;
      }
      any = true;
      if (!vouched_.contains({result.reg, bank})) {
        lacking.push_back(name_of(result.reg, bank));
      }
    }
    if (!any) {
      lacking.push_back(fmt::format("{}:all", to_string(bank)));
    }
  }
  return lacking;
}

QuoteCheck Appraisal::State::check_unexplained() {
  std::vector<std::string> required;
  std::vector<std::string> others;
  for (const RegisterResult& result : native_results()) {
    if (standing(result) != Standing::unexplained) {
      continue;
    }
    const bool named =
        options_.require ? options_.require->contains(result.reg, result.bank) : is_named_by_log(result.reg);
    (named ? required : others).push_back(name_of(result.reg, result.bank));
    add_finding(
        result, named ? Verdict::fail : Verdict::pass, "unexplained",
        fmt::format("{} has left its initial value, and no record is about it", name_of(result.reg, result.bank)));
  }
  if (!required.empty()) {
    return make_check("unexplained", Verdict::fail, fmt::format("no record explains {}", listed(required)));
  }
  if (!others.empty()) {
    return make_check("unexplained", Verdict::skipped,
                      fmt::format("no record explains {}; nothing requires them", listed(others)));
  }
  const bool any_value = std::ranges::any_of(sources_, [](const WeighedSource& source) {
    return source.values.kind != "carried" && !source.values.values.empty();
  });
  return any_value ? make_check("unexplained", Verdict::pass, "no register has changed without a record")
                   : make_check("unexplained", Verdict::skipped, "no register values are known");
}

Layer Appraisal::State::registers_layer() {
  return {.name = "registers", .checks = {check_sources(), check_values(), check_coverage(), check_unexplained()}};
}

}  // namespace mrtool
