#include <fmt/format.h>

#include <algorithm>

#include "lib/registers/names.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

namespace {

MatchState state_of(const Target& target, const Cell& cell) {
  const bool whole = target.value == cell.value;
  if (cell.records == 0) {
    // A register that the logs do extend, only not in this bank, is not known to hold its initial value.
    return whole && !cell.missing ? MatchState::equal : MatchState::unexplained;
  }
  if (whole && !cell.missing) {
    return MatchState::equal;
  }
  const bool known_prefix = !cell.missing || target.matched <= cell.records_before_missing;
  return target.matched > 0 && known_prefix ? MatchState::log_ahead : MatchState::differs;
}

bool can_be_folded(const Register& reg) {
  return reg.kind != RegisterKind::mrtd && reg.kind != RegisterKind::rim && reg.kind != RegisterKind::none &&
         reg.kind != RegisterKind::invalid;
}

}  // namespace

void Replay::State::compare_with(std::vector<RegisterValues> sources) {
  if (!sources.empty() && !hints_) {
    hints_.emplace();
  }
  for (std::size_t source = 0; source < sources.size(); ++source) {
    for (const auto& [key, value] : sources[source].values) {
      if (!can_be_folded(key.reg)) {
        say_of_log(Severity::note, "not-replayable",
                   fmt::format("{} is not compared: no log explains its value", to_string(key.reg)));
        continue;
      }
      const auto position = bank_position(key.bank);
      const auto slot = slots_.find_or_add(key.reg);
      if (!position || !slot || banks_[*position].row->size != value.size()) {
        say_of_log(
            Severity::warning, "not-compared",
            fmt::format("the value of {} in bank {} cannot be compared", to_string(key.reg), to_string(key.bank)));
        continue;
      }
      cell(*position, *slot).targets.push_back({source, value, 0});
    }
  }
}

RegisterResult Replay::State::result_of(const Slot& slot, Cell& cell, const Bank& bank) {
  if (!cell.started) {
    start(cell, slot, bank, slot.first_extend.has_value());
  }
  RegisterResult result{.reg = slot.reg,
                        .bank = bank.row->id,
                        .value = cell.value,
                        .records = cell.records,
                        .initial = cell.initial,
                        .initial_reason = cell.initial_reason,
                        .complete = !cell.missing,
                        .log_may_run_ahead = slot.last_log_grows,
                        .against = {}};
  for (const Target& target : cell.targets) {
    const MatchState state = state_of(target, cell);
    // A register back at its initial value matches the empty prefix only where nothing extended it.
    const std::uint64_t matched = state == MatchState::equal ? cell.records : target.matched;
    result.against.push_back({target.source, target.value, state, matched});
  }
  return result;
}

void Replay::State::report_incomplete(const RegisterResult& result, const Cell& cell) {
  say(Severity::warning, "bank-incomplete", *cell.missing,
      fmt::format("record {} extends {} but has no digest for bank {}: the value there is not known from here on",
                  cell.missing->record, to_string(result.reg), to_string(result.bank)));
}

void Replay::State::report_banks_without_log() {
  for (const Bank& bank : banks_) {
    const auto compared = [](const Cell& cell) { return !cell.targets.empty(); };
    if (!bank.folded && !bank.only_claimed && std::ranges::any_of(bank.cells, compared)) {
      say_of_log(Severity::warning, "bank-not-in-log",
                 fmt::format("values of bank {} are not compared: no log extends a register in it", bank.row->name));
    }
  }
}

std::vector<RegisterResult> Replay::State::finish() {
  end_log();
  log_.reset();
  std::vector<std::size_t> shown(slots_.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    shown[i] = i;
  }
  std::ranges::sort(shown, [&](std::size_t a, std::size_t b) { return display_before(slots_[a].reg, slots_[b].reg); });
  std::vector<RegisterResult> results;
  for (const std::size_t position : bank_order_) {
    Bank& bank = banks_[position];
    if (!bank.folded && !bank.only_claimed) {
      continue;
    }
    for (const std::size_t slot : shown) {
      Cell& here = cell(position, slot);
      if (here.records == 0 && !here.asserted && here.targets.empty()) {
        continue;
      }
      results.push_back(result_of(slots_[slot], here, bank));
      if (here.missing) {
        report_incomplete(results.back(), here);
      }
    }
  }
  report_banks_without_log();
  if (hints_) {
    hints_->report(results, engine_, sink_);
  }
  return results;
}

}  // namespace mrtool
