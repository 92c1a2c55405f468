// What rules and reference values come to, once it is known which records and values are vouched for.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "lib/verify/policy_state.hpp"

namespace mrtool::policy {

namespace {

// What is vouched for of one register, in the bank that a rule is judged in.
struct Bound {
  RegisterKey key;
  std::uint64_t records = 0;
  const Tally* tally = nullptr;
  const Chain* chain = nullptr;
};

// A register whose value is vouched for and which nothing has extended.
bool is_untouched(const Rule& rule, const Register& reg, std::span<const RegisterResult> registers,
                  const BoundRecords& bound) {
  return std::ranges::any_of(registers, [&](const RegisterResult& result) {
    const auto holds = [](const Comparison& comparison) { return comparison.state == MatchState::equal; };
    return result.reg == reg && selects(rule, reg, result.bank) && result.records == 0 && !result.against.empty() &&
           std::ranges::all_of(result.against, holds) && bound.vouched(reg, result.bank);
  });
}

// The better of two banks: collisions aside, then what the rule's digests are of, then the longer.
auto rank(const Rule& rule, HashAlgorithm bank) {
  const HashAlgorithmRow* row = find_algorithm(bank);
  const bool listed = rule.expected.digests != nullptr && rule.expected.digests->has_bank(bank);
  return std::tuple(!row->weak, listed, row->size, static_cast<unsigned>(row->id));
}

class Judge {
 public:
  Judge(const RuleState& state, const Chains& chains, std::span<const RegisterResult> registers,
        const BoundRecords& bound)
      : state_(state), rule_(*state.rule), chains_(chains), registers_(registers), bound_(bound) {
    find_registers();
  }

  Conclusion run() {
    return rule_.expect == Expect::ordered ? ordered() : rule_.expect == Expect::one ? required() : each();
  }

 private:
  void find_registers() {
    std::set<Register> all;
    for (const auto& [key, tally] : state_.tallies) {
      all.insert(key.reg);
    }
    if (rule_.registers) {
      for (const SelectedRegister& item : rule_.registers->items) {
        all.insert(item.reg);
      }
    }
    if (!rule_.registers && rule_.virtual_register.empty()) {
      find_registers_without_log();
    }
    for (const Register& reg : all) {
      if (const auto best = best_bank(reg)) {
        found_.push_back(*best);
      } else if (is_untouched(rule_, reg, registers_, bound_)) {
        ++untouched_;
      } else {
        unbound_.push_back(reg);
      }
    }
  }

  // Of a rule on any register: those that have changed by records that are not here.
  void find_registers_without_log() {
    const auto has_log = [&](const Register& reg) {
      return std::ranges::any_of(chains_, [&](const auto& entry) {
        return entry.first.reg.kind == reg.kind && entry.first.reg.name == reg.name &&
               entry.first.reg.index == reg.index && entry.first.reg.provider == reg.provider;
      });
    };
    for (const RegisterResult& result : registers_) {
      const bool changed = std::ranges::any_of(
          result.against, [](const Comparison& comparison) { return comparison.state == MatchState::unexplained; });
      const bool unexplained =
          result.records == 0 && changed && can_hold_records(result.reg) && bound_.vouched(result.reg, result.bank);
      // One whose value a record states was not extended.
      const bool carried = !result.carried_by.empty() && result.value != result.initial;
      if ((unexplained || carried) && !has_log(result.reg)) {
        unbound_.push_back(result.reg);
      }
    }
  }

  std::optional<Bound> best_bank(const Register& reg) const {
    std::optional<Bound> best;
    for (const auto& [key, tally] : state_.tallies) {
      const std::uint64_t records = key.reg == reg ? bound_.count(reg, key.bank) : 0;
      if (records > 0 && bound_.vouched(reg, key.bank) &&
          (!best || rank(rule_, key.bank) > rank(rule_, best->key.bank))) {
        best = Bound{.key = key, .records = records, .tally = &tally, .chain = &chains_.at(key)};
      }
    }
    return best;
  }

  Conclusion made(Verdict verdict, std::string detail, const Bound* at = nullptr) const {
    return {.verdict = verdict,
            .detail = std::move(detail),
            .reg = at == nullptr ? std::nullopt : std::optional(at->key.reg),
            .bank = at == nullptr ? HashAlgorithm::none : at->key.bank,
            .breaks = {}};
  }

  // A record that may break a rule on the boot phase does so as long as a separator follows it.
  bool is_in_phase(const Place& place, const Bound& at) const {
    return place.least < at.records &&
           (rule_.phase != Phase::before_separator || place.separators == 0 || at.chain->separators > place.separators);
  }

  // Why it is not known where the boot phase of a register ends; empty when it is, or does not matter.
  std::string phase_problem(const Bound& at) const {
    if (rule_.phase == Phase::any) {
      return {};
    }
    if (at.chain->error_separator && *at.chain->error_separator < at.records) {
      return fmt::format("firmware reports in {} that a measurement failed", to_string(at.key.reg));
    }
    if (!at.chain->separator || *at.chain->separator >= at.records) {
      return fmt::format("no separator that is vouched for ends the boot phase of {}", to_string(at.key.reg));
    }
    return {};
  }

  std::string unbound_text() const {
    return fmt::format("no value that can be trusted vouches for the records of {}{}", to_string(unbound_.front()),
                       unbound_.size() > 1 ? fmt::format(" and {} other registers", unbound_.size() - 1) : "");
  }

  // A record that satisfies the rule, or why none is known.
  Conclusion required() const {
    std::string problem;
    bool claimed = false;
    for (const Bound& at : found_) {
      const Tally& tally = *at.tally;
      if (tally.meets && tally.meets->most < at.records) {
        if (problem = phase_problem(at); problem.empty()) {
          return made(Verdict::pass,
                      fmt::format("record {} of {} ({}) is as expected", tally.meets->record, to_string(at.key.reg),
                                  to_string(at.key.bank)),
                      &at);
        }
      }
      claimed = claimed || (tally.claims && tally.claims->least < at.records);
    }
    if (!problem.empty()) {
      return made(Verdict::inconclusive, problem);
    }
    if (claimed) {
      return made(Verdict::inconclusive, "a record says that it is as expected, but no digest vouches for that");
    }
    if (!unbound_.empty() || (found_.empty() && untouched_ == 0)) {
      return made(Verdict::inconclusive, unbound_.empty() ? "no log has a record of the register" : unbound_text());
    }
    return made(Verdict::fail, rule_.phase == Phase::before_separator
                                   ? "no record before the separator is selected and as expected"
                                   : "no record is selected and as expected");
  }

  Conclusion each() const {
    if (auto broken = broken_rule()) {
      return *std::move(broken);
    }
    if (rule_.expect == Expect::all) {
      Conclusion there = required();
      if (there.verdict != Verdict::pass) {
        return there;
      }
    }
    for (const Bound& at : found_) {
      if (at.tally->unknown && is_in_phase(*at.tally->unknown, at)) {
        return made(Verdict::inconclusive,
                    fmt::format("record {} of {} ({}) may break the rule: nothing vouches for what it is{}",
                                at.tally->unknown->record, to_string(at.key.reg), to_string(at.key.bank),
                                rule_.registers || !rule_.virtual_register.empty()
                                    ? ""
                                    : "; a rule that names its register leaves others out"),
                    &at);
      }
    }
    if (!unbound_.empty()) {
      return made(Verdict::inconclusive, unbound_text());
    }
    if (found_.empty() && untouched_ == 0) {
      return made(Verdict::inconclusive, "no log has a record that the rule could be about");
    }
    return made(Verdict::pass, describe());
  }

  std::optional<Conclusion> broken_rule() const {
    for (const Bound& at : found_) {
      std::vector<Place> broken;
      std::ranges::copy_if(at.tally->breaks, std::back_inserter(broken),
                           [&](const Place& place) { return is_in_phase(place, at); });
      if (!broken.empty()) {
        Conclusion conclusion =
            made(Verdict::fail,
                 fmt::format("record {} of {} ({}) is {}", broken.front().record, to_string(at.key.reg),
                             to_string(at.key.bank), rule_.expect == Expect::none ? "forbidden" : "not as expected"),
                 &at);
        conclusion.breaks = std::move(broken);
        return conclusion;
      }
    }
    return std::nullopt;
  }

  std::string describe() const {
    std::uint64_t records = 0;
    for (const Bound& at : found_) {
      records += std::min(at.records, at.chain->most);
    }
    const std::size_t registers = found_.size() + untouched_;
    return fmt::format("none of {} record{} in {} register{} breaks it", records, records == 1 ? "" : "s", registers,
                       registers == 1 ? "" : "s");
  }

  Conclusion ordered() const {
    const std::size_t wanted = rule_.steps.size();
    for (const Bound& at : found_) {
      if (at.tally->steps < wanted || at.tally->steps_done >= at.records) {
        continue;
      }
      const std::string problem = phase_problem(at);
      return problem.empty() ? made(Verdict::pass,
                                    fmt::format("all {} steps are in {} ({}), in this order", wanted,
                                                to_string(at.key.reg), to_string(at.key.bank)),
                                    &at)
                             : made(Verdict::inconclusive, problem, &at);
    }
    if (!unbound_.empty() || (found_.empty() && untouched_ == 0)) {
      return made(Verdict::inconclusive, unbound_.empty() ? "no log has a record of the register" : unbound_text());
    }
    const std::size_t done = found_.empty() ? 0 : found_.front().tally->steps;
    return made(Verdict::fail, done < wanted ? fmt::format("{} of {} steps are there, in this order", done, wanted)
                                             : std::string("the last step is not vouched for"));
  }

  const RuleState& state_;
  const Rule& rule_;
  const Chains& chains_;
  std::span<const RegisterResult> registers_;
  const BoundRecords& bound_;
  std::vector<Bound> found_;
  std::vector<Register> unbound_;
  std::size_t untouched_ = 0;
};

bool is_allowed(const Reference& reference, const Digest& value) {
  return std::ranges::any_of(reference.allow, [&](const Bytes& allowed) { return equal(allowed, value.view()); });
}

bool has_size(const Reference& reference, HashAlgorithm bank) {
  const HashAlgorithmRow* row = find_algorithm(bank);
  return row != nullptr &&
         std::ranges::any_of(reference.allow, [&](const Bytes& allowed) { return allowed.size() == row->size; });
}

// Every value that was given for the register must be allowed, and the register's value must be vouched for.
Conclusion conclude_value(const Reference& reference, const RegisterResult& result, const BoundRecords& bound) {
  Conclusion conclusion{
      .verdict = Verdict::inconclusive, .detail = {}, .reg = result.reg, .bank = result.bank, .breaks = {}};
  const std::string name = fmt::format("{} ({})", to_string(result.reg), to_string(result.bank));
  const auto other = std::ranges::find_if(
      result.against, [&](const Comparison& comparison) { return !is_allowed(reference, comparison.value); });
  if (result.against.empty()) {
    conclusion.detail = fmt::format("no value of {} is known but what the logs give", name);
  } else if (other != result.against.end()) {
    conclusion.verdict = Verdict::fail;
    conclusion.detail = fmt::format("{} is {}, which is not allowed", name, other->value.hex());
  } else if (!bound.vouched(result.reg, result.bank)) {
    conclusion.detail = fmt::format("{} has an allowed value, but nothing vouches for it", name);
  } else {
    conclusion.verdict = Verdict::pass;
    conclusion.detail = fmt::format("{} has an allowed value", name);
  }
  return conclusion;
}

Conclusion conclude_absent(const std::string& what) {
  return {.verdict = Verdict::inconclusive,
          .detail = fmt::format("no value of {} is known", what),
          .reg = {},
          .bank = {},
          .breaks = {}};
}

}  // namespace

Conclusion conclude(const RuleState& state, const Chains& chains, std::span<const RegisterResult> registers,
                    const BoundRecords& bound) {
  return Judge(state, chains, registers, bound).run();
}

std::vector<Conclusion> conclude(const Reference& reference, std::span<const RegisterResult> registers,
                                 const BoundRecords& bound) {
  std::vector<Conclusion> conclusions;
  const auto add_all = [&](const std::string& what, const auto& selected) {
    const std::size_t before = conclusions.size();
    for (const RegisterResult& result : registers) {
      if (selected(result)) {
        conclusions.push_back(conclude_value(reference, result, bound));
      }
    }
    if (conclusions.size() == before) {
      conclusions.push_back(conclude_absent(what));
    }
  };
  for (const SelectedRegister& item : reference.select.items) {
    const bool any_bank = item.bank == HashAlgorithm::none;
    add_all(any_bank ? to_string(item.reg) : fmt::format("{} ({})", to_string(item.reg), to_string(item.bank)),
            [&](const RegisterResult& result) {
              return result.reg == item.reg && (any_bank ? has_size(reference, result.bank) : result.bank == item.bank);
            });
  }
  for (const HashAlgorithm bank : reference.select.whole_banks) {
    add_all(to_string(bank), [&](const RegisterResult& result) {
      return bank == HashAlgorithm::none ? has_size(reference, result.bank) : result.bank == bank;
    });
  }
  return conclusions;
}

}  // namespace mrtool::policy
