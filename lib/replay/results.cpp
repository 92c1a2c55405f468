#include <fmt/format.h>

#include <algorithm>

#include "lib/registers/names.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

namespace {

// What a fold says about one value.
struct Folded {
  const Digest& value;
  std::uint64_t records = 0;
  const Match& match;    // of the value compared
  bool missing = false;  // records without a digest for the bank
  std::uint64_t records_before_missing = 0;
};

MatchState state_of(const Digest& target, const Folded& folded) {
  const bool whole = target == folded.value;
  if (folded.records == 0) {
    // A register that the logs do extend, only not in this bank, is not known to hold its initial value.
    return whole && !folded.missing ? MatchState::equal : MatchState::unexplained;
  }
  if (whole && !folded.missing) {
    return MatchState::equal;
  }
  const bool known_prefix = !folded.missing || folded.match.records <= folded.records_before_missing;
  return folded.match.records > 0 && known_prefix ? MatchState::log_ahead : MatchState::differs;
}

Comparison compared(const Target& target, const Folded& folded) {
  const MatchState state = state_of(target.value, folded);
  // A register back at its initial value matches the empty prefix only where nothing extended it.
  Comparison comparison{.source = target.source,
                        .value = target.value,
                        .state = state,
                        .matched_records = state == MatchState::equal ? folded.records : folded.match.records,
                        .last_record = {},
                        .last_log = {},
                        .ahead_at_runtime = folded.match.at_runtime};
  if (folded.match.records != 0 && comparison.matched_records == folded.match.records) {
    comparison.last_record = folded.match.last_record;
    comparison.last_log = folded.match.last_log;
  }
  return comparison;
}

std::vector<Comparison> compared(const Reading& reading, const Cell& cell) {
  std::vector<Comparison> all;
  for (std::size_t i = 0; i < cell.targets.size(); ++i) {
    all.push_back(compared(cell.targets[i], {.value = reading.value,
                                             .records = reading.records,
                                             .match = reading.matched[i],
                                             .missing = cell.missing.has_value(),
                                             .records_before_missing = reading.records_before_missing}));
  }
  return all;
}

// How well a reading explains the values: each that is equal, then each that a prefix gives.
std::pair<std::size_t, std::size_t> merit(const std::vector<Comparison>& all) {
  const auto count = [&all](MatchState state) {
    return static_cast<std::size_t>(std::ranges::count(all, state, &Comparison::state));
  };
  return {count(MatchState::equal), count(MatchState::log_ahead)};
}

LogVerdict log_verdict_of(const Reading& reading, const std::vector<Comparison>& all, bool missing) {
  if (all.empty()) {
    return LogVerdict::unbound;
  }
  std::uint64_t covered = 0;
  bool behind_gap = false;
  for (const Comparison& comparison : all) {
    if (comparison.state == MatchState::differs || comparison.state == MatchState::unexplained) {
      return missing ? LogVerdict::unbound : LogVerdict::fail;
    }
    covered = std::max(covered, comparison.matched_records);
    // What all of a log comes to may be a value that is stated behind its last record.
    behind_gap = behind_gap || (reading.first_gap && (comparison.state == MatchState::equal ||
                                                      *reading.first_gap < comparison.matched_records));
  }
  if (behind_gap) {
    return LogVerdict::gap;
  }
  if (reading.tail_only) {
    return LogVerdict::tail_only;
  }
  return reading.first_direct && *reading.first_direct < covered ? LogVerdict::opaque : LogVerdict::complete;
}

}  // namespace

void Replay::State::compare_with(std::vector<RegisterValues> sources) {
  if (!sources.empty() && !hints_) {
    hints_.emplace();
  }
  for (std::size_t source = 0; source < sources.size(); ++source) {
    direct_.push_back(sources[source].kind == "direct");
    for (const auto& [key, value] : sources[source].values) {
      if (!can_hold_records(key.reg)) {
        say_of_log(Severity::note, "not-replayable",
                   fmt::format("{} is not compared: no log explains its value", to_string(key.reg)));
        continue;
      }
      const auto position = bank_position(key.bank);
      const auto slot = slots_.find_or_add(key.reg, SlotTable::Limit::none);
      if (!position || !slot || banks_[*position].row->size != value.size()) {
        say_of_log(
            Severity::warning, "not-compared",
            fmt::format("the value of {} in bank {} cannot be compared", to_string(key.reg), to_string(key.bank)));
        continue;
      }
      cell(*position, *slot).targets.push_back({source, value, {}});
    }
  }
}

RegisterResult Replay::State::result_of(const Slot& slot, Cell& cell, const Bank& bank) {
  if (!cell.started) {
    start(cell, slot, bank, slot.first_extend.has_value());
  }
  RegisterResult result;
  result.reg = slot.reg;
  result.bank = bank.row->id;
  result.initial = cell.initial;
  result.initial_reason = cell.initial_reason;
  result.complete = !cell.missing;
  result.initial_claimed = cell.initial_claimed;
  result.log_may_run_ahead = slot.last_log_grows;
  // The digests of SHA-1 are the same by every rule.
  if (cell.rule_is_choice && bank.row->id != HashAlgorithm::sha1) {
    result.digest_rule = DigestRule::per_bank;
  }
  if (cell.trail) {
    read_trail(result, cell, bank);
    return result;
  }
  result.value = cell.value;
  result.records = cell.records;
  for (const Target& target : cell.targets) {
    result.against.push_back(compared(target, {.value = cell.value,
                                               .records = cell.records,
                                               .match = target.match,
                                               .missing = cell.missing.has_value(),
                                               .records_before_missing = cell.records_before_missing}));
  }
  return result;
}

// Of all readings the one that explains the values best, the usual one where none is better.
void Replay::State::read_trail(RegisterResult& result, Cell& cell, const Bank& bank) {
  std::vector<Reading>& readings = cell.trail->readings;
  // Extends at the end, which no stated value follows, may have failed too.
  const Extender extender{engine_, bank.row->id};
  const std::size_t followed = readings.size();
  for (std::size_t i = 0; i < followed; ++i) {
    for (const Target& target : cell.targets) {
      Reading settled = readings[i];
      if (settled.block.open() && settled.settle(extender, target.value, search_budget_).value_or(0) != 0) {
        readings.push_back(std::move(settled));
      }
    }
  }
  std::size_t best = 0;
  result.against = compared(readings.front(), cell);
  for (std::size_t i = 1; i < readings.size(); ++i) {
    std::vector<Comparison> all = compared(readings[i], cell);
    if (merit(all) > merit(result.against)) {
      result.against = std::move(all);
      best = i;
    }
  }
  const Reading& reading = readings[best];
  if (best != 0 && reading.rule == DigestRule::only) {
    say_of_log(
        Severity::warning, "other-reading",
        fmt::format("{} in bank {}: the value compared is not what the log gives as it is usually read, but what "
                    "it gives {}",
                    to_string(result.reg), bank.row->name,
                    best >= followed       ? "when direct extends at its end had no effect, or not yet"
                    : reading.keeps_blocks ? "with the direct extends before records"
                    : reading.gaps.empty() ? "without taking over a stated value"
                                           : "from a stated value on"));
  }
  result.value = reading.value;
  result.records = reading.records;
  result.gaps = reading.gaps;
  if (reading.rule != DigestRule::only) {
    result.digest_rule = reading.rule;
  }
  result.rule_changes_at = reading.rule_changes_at;
  if (cell.trail->states_values) {
    result.log_verdict = log_verdict_of(reading, result.against, cell.missing.has_value());
  }
}

void Replay::State::report_incomplete(const RegisterResult& result, const Cell& cell) {
  say(Severity::warning, "bank-incomplete", *cell.missing,
      fmt::format("record {} extends {} but has no digest for bank {}: the value there is not known from here on",
                  cell.missing->record, to_string(result.reg), to_string(result.bank)));
}

bool Replay::State::is_without_log(const Bank& bank) const {
  return !bank.folded && !bank.only_claimed;
}

// A value that was spelled out is one that somebody wants compared: its result says that it was not.
void Replay::State::report_banks_without_log(std::vector<RegisterResult>& results) {
  for (Bank& bank : banks_) {
    if (!is_without_log(bank)) {
      continue;
    }
    bool any = false;
    for (std::size_t slot = 0; slot < bank.cells.size(); ++slot) {
      Cell& here = bank.cells[slot];
      any = any || !here.targets.empty();
      std::erase_if(here.targets, [this](const Target& target) { return !direct_[target.source]; });
      if (here.targets.empty()) {
        continue;
      }
      RegisterResult& result = results.emplace_back(result_of(slots_[slot], here, bank));
      result.complete = false;
      for (Comparison& comparison : result.against) {
        comparison.state = MatchState::unexplained;
      }
    }
    if (any) {
      say_of_log(Severity::warning, "bank-not-in-log",
                 fmt::format("values of bank {} are not compared: no log extends a register in it", bank.row->name));
    }
  }
}

std::vector<RegisterResult> Replay::State::finish() {
  end_log();
  log_.reset();
  for (std::size_t position = 0; position < banks_.size(); ++position) {
    settle(position);
  }
  assign_given_values();
  std::vector<std::size_t> shown(slots_.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    shown[i] = i;
  }
  std::ranges::sort(shown, [&](std::size_t a, std::size_t b) { return display_before(slots_[a].reg, slots_[b].reg); });
  std::vector<RegisterResult> results;
  for (const std::size_t position : bank_order_) {
    Bank& bank = banks_[position];
    if (is_without_log(bank)) {
      continue;
    }
    for (const std::size_t slot : shown) {
      Cell& here = cell(position, slot);
      if (here.records == 0 && !here.trail && !here.asserted && here.targets.empty()) {
        continue;
      }
      results.push_back(result_of(slots_[slot], here, bank));
      if (here.missing) {
        report_incomplete(results.back(), here);
      }
    }
  }
  add_carried(results);
  report_banks_without_log(results);
  if (search_budget_.exhausted) {
    say_of_log(Severity::note, "search-bounded",
               "not every choice of the direct extends that may have failed was tried: there are too many");
  }
  if (hints_) {
    hints_->report(results, engine_, sink_);
  }
  return results;
}

}  // namespace mrtool
