#include "lib/replay/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/registers/names.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

namespace {

std::unexpected<Error> unsupported(std::string_view why) {
  return fail(ErrorKind::unsupported, std::string(why));
}

std::unexpected<Error> impossible(std::string_view what) {
  return fail(ErrorKind::malformed, fmt::format("expected where a fold can stand, found {}", what));
}

std::optional<Checkpoint::Place> without_log(const std::optional<Place>& place) {
  return place ? std::optional(Checkpoint::Place{place->record, place->offset}) : std::nullopt;
}

bool has_open_block(const Cell& cell) {
  return cell.trail &&
         std::ranges::any_of(cell.trail->readings, [](const Reading& reading) { return reading.block.open(); });
}

Checkpoint::Cell copy_of(const Cell& cell, HashAlgorithm bank) {
  Checkpoint::Cell copy;
  copy.bank = bank;
  copy.started = cell.started;
  copy.asserted = cell.asserted;
  copy.missing = without_log(cell.missing);
  copy.records_before_missing = cell.records_before_missing;
  if (cell.started) {
    copy.value = cell.value;
    copy.initial = cell.initial;
    copy.initial_reason = cell.initial_reason;
    copy.initial_claimed = cell.initial_claimed;
    copy.records = cell.records;
  }
  if (cell.trail) {
    copy.value = cell.trail->usual().value;
    copy.records = cell.trail->usual().records;
    copy.readings = cell.trail->readings;
    for (Reading& reading : copy.readings) {
      reading.matched.clear();
    }
    copy.hashed_in_log = cell.trail->hashed_in_log != 0;
    copy.states_values = cell.trail->states_values;
  }
  return copy;
}

bool is_of_size(const Digest& value, std::size_t size) {
  return value.size() == size;
}

bool is_possible(const Reading& reading, std::size_t size, std::uint64_t records) {
  const bool counts = reading.records <= records && reading.records_before_missing <= reading.records &&
                      reading.first_direct.value_or(0) <= reading.records &&
                      reading.first_gap.value_or(0) <= reading.records && reading.rule_changes_at <= records;
  const bool gaps =
      reading.gaps.size() <= RegisterResult::kListedGaps && std::ranges::all_of(reading.gaps, [&](const Gap& gap) {
        return gap.record < records && is_of_size(gap.expected, size) && is_of_size(gap.stated, size);
      });
  return counts && gaps && is_of_size(reading.value, size) && !reading.block.open();
}

// Why a cell cannot be one of a log of that many records; empty when it can.
std::string_view problem_of(const Checkpoint::Cell& cell, std::size_t size, std::uint64_t records) {
  if (cell.started ? !is_of_size(cell.value, size) || !is_of_size(cell.initial, size) || cell.initial_reason.empty()
                   : !cell.readings.empty() || cell.records != 0 || !cell.missing) {
    return "a value of another size than its bank's";
  }
  if (cell.records > records || cell.records_before_missing > cell.records ||
      (cell.missing && cell.missing->record >= records)) {
    return "more records than the log has";
  }
  if (cell.readings.size() > Trail::kReadings || !std::ranges::all_of(cell.readings, [&](const Reading& reading) {
        return is_possible(reading, size, records);
      })) {
    return "a reading that no log has";
  }
  if (!cell.readings.empty() &&
      (cell.readings.front().value != cell.value || cell.readings.front().records != cell.records)) {
    return "two values where there is one";
  }
  return {};
}

}  // namespace

Result<Checkpoint> Replay::State::checkpoint() {
  for (std::size_t position = 0; position < banks_.size(); ++position) {
    settle(position);
  }
  if (!in_log_ || log_count_ != 1) {
    return unsupported("a fold of several logs cannot be gone on with");
  }
  if (!said_unusable_.empty() || refused_.any()) {
    return unsupported("the log has a bank that cannot be computed here");
  }
  Checkpoint made;
  made.search = search_budget_;
  for (const std::size_t position : bank_order_) {
    made.banks.push_back({banks_[position].row->id, banks_[position].folded});
  }
  for (std::size_t index = 0; index < slots_.size(); ++index) {
    const Slot& slot = slots_[index];
    Checkpoint::Held held{.reg = slot.reg, .first_extend = without_log(slot.first_extend), .cells = {}};
    for (const std::size_t position : bank_order_) {
      const std::deque<Cell>& cells = banks_[position].cells;
      const Cell* const cell = index < cells.size() ? &cells[index] : nullptr;
      if (cell == nullptr || (cell->records == 0 && !cell->trail && !cell->asserted && !cell->missing)) {
        continue;
      }
      if (has_open_block(*cell)) {
        return unsupported("direct extends may still turn out to have failed");
      }
      held.cells.push_back(copy_of(*cell, banks_[position].row->id));
    }
    if (!slot.claims.empty() || (slot.reg == kPcr0 && !held.cells.empty())) {
      return unsupported("a firmware's log is not gone on with");
    }
    if (!held.cells.empty()) {
      made.registers.push_back(std::move(held));
    }
  }
  for (const auto& [key, carried] : carried_) {
    Checkpoint::Cell cell = copy_of(carried.cell, banks_[carried.position].row->id);
    cell.fixed = carried.fixed;
    made.carried.push_back({.reg = carried.reg, .first_extend = {}, .cells = {std::move(cell)}});
  }
  if (made.registers.empty()) {
    return unsupported("the log extends no register");
  }
  if (made.registers.size() + made.carried.size() > Checkpoint::kRegisters) {
    return unsupported("the log is about too many registers");
  }
  return made;
}

void Replay::State::restore(Cell& cell, const Checkpoint::Cell& from, std::uint64_t records) {
  const auto match = [&](const Digest& value, std::uint64_t count, const Target& target) {
    return value == target.value && count != 0 ? Match{count, records - 1, log_, grows_} : Match{};
  };
  cell.value = from.value;
  cell.initial = from.initial;
  cell.initial_reason = from.initial_reason;
  cell.initial_claimed = from.initial_claimed;
  cell.started = from.started;
  cell.asserted = from.asserted;
  cell.records = from.records;
  cell.records_before_missing = from.records_before_missing;
  if (from.missing) {
    cell.missing = Place{log_, from.missing->record, from.missing->offset};
  }
  cell.trail.reset();
  for (Target& target : cell.targets) {
    target.match = match(cell.value, cell.records, target);
  }
  // Digests by a second rule are computed, and folded apart, only where there is something to compare with.
  if (from.readings.empty() || (!from.states_values && !hints_)) {
    return;
  }
  cell.trail = std::make_unique<Trail>();
  cell.trail->readings = from.readings;
  for (Reading& reading : cell.trail->readings) {
    for (const Target& target : cell.targets) {
      reading.matched.push_back(match(reading.value, reading.records, target));
    }
  }
  cell.trail->hashed_in_log = from.hashed_in_log ? log_count_ : 0;
  cell.trail->states_values = from.states_values;
}

Status Replay::State::take_up_register(const Checkpoint::Held& held, std::uint64_t records) {
  const bool extendable = can_hold_records(held.reg) && held.reg != kPcr0;
  const auto slot = extendable ? slots_.find_or_add(held.reg, SlotTable::Limit::of_logs) : std::nullopt;
  if (!slot || !held.first_extend || held.first_extend->record >= records || slots_[*slot].first_extend) {
    return impossible("a register that no record extends");
  }
  Slot& here = slots_[*slot];
  here.first_extend = Place{log_, held.first_extend->record, held.first_extend->offset};
  here.last_log_grows = grows_;
  here.last_log = log_count_;
  BankSet seen;
  for (const Checkpoint::Cell& from : held.cells) {
    const auto position = bank_position(from.bank);
    if (!position || !known_.test(*position) || seen.test(*position) || from.fixed) {
      return impossible("a bank that the log does not have");
    }
    seen.set(*position);
    if (const auto problem = problem_of(from, banks_[*position].row->size, records); !problem.empty()) {
      return impossible(problem);
    }
    restore(cell(*position, *slot), from, records);
    slots_[*slot].missing.set(*position, from.missing.has_value());
  }
  return {};
}

Status Replay::State::take_up_carried(const Checkpoint::Held& held, std::uint64_t records) {
  Record carrier;
  const auto reg = parse_register(held.reg.carrier);
  const auto position = held.cells.size() == 1 ? bank_position(held.cells.front().bank) : std::nullopt;
  if (!reg || !position || !HashEngine::can_compute(banks_[*position].row->id) || held.first_extend ||
      held.reg.kind != RegisterKind::virtual_mr || carried_.contains({held.reg, *position})) {
    return impossible("a carried register that is none");
  }
  const Checkpoint::Cell& from = held.cells.front();
  if (const auto problem = problem_of(from, banks_[*position].row->size, records);
      !problem.empty() || !from.started || from.missing || !from.readings.empty()) {
    return impossible("a carried register with a value that it cannot have");
  }
  carrier.reg = *reg;
  CarriedCell* const carried = find_carried(carrier, held.reg.name, *position);
  if (carried == nullptr || carried->reg != held.reg) {
    return impossible("a carried register that is none");
  }
  restore(carried->cell, from, records);
  carried->fixed = from.fixed;
  return {};
}

Status Replay::State::take_up(const Checkpoint& from) {
  if (!in_log_ || log_count_ != 1 || extends_ || from.records == 0 || from.registers.empty() ||
      from.search.operations > SearchBudget().operations) {
    return impossible("none");
  }
  BankSet seen;
  for (const Checkpoint::KnownBank& bank : from.banks) {
    const auto position = bank_position(bank.bank);
    if (!position || !HashEngine::can_compute(banks_[*position].row->id) || seen.test(*position)) {
      return impossible("a bank that cannot be computed");
    }
    seen.set(*position);
    make_known(*position);
    banks_[*position].folded = bank.folded;
  }
  for (const Checkpoint::Held& held : from.registers) {
    if (auto status = take_up_register(held, from.records); !status) {
      return status;
    }
  }
  for (const Checkpoint::Held& held : from.carried) {
    if (auto status = take_up_carried(held, from.records); !status) {
      return status;
    }
  }
  search_budget_ = from.search;
  extends_ = true;
  return {};
}

std::vector<Diagnostic> of_records_before(const std::vector<Diagnostic>& noticed, std::uint64_t number) {
  std::vector<Diagnostic> kept;
  for (const Diagnostic& diagnostic : noticed) {
    if (diagnostic.record && *diagnostic.record < number) {
      kept.push_back(diagnostic);
      kept.back().log = 0;
    }
  }
  return kept;
}

Result<Checkpoint> Replay::checkpoint(std::uint64_t records) const {
  MRTOOL_TRY(made, state_->checkpoint());
  made.records = records;
  return made;
}

Status Replay::take_up(const Checkpoint& from) {
  return state_->take_up(from);
}

}  // namespace mrtool
