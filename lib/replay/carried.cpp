// Virtual registers: records of a TSM log that extend a register which exists in that log only (format notes, 8.1).
#include <fmt/format.h>

#include <algorithm>

#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

namespace {

// Longer names are of no register; they would be kept for every one of them.
constexpr std::size_t kMaxName = 256;

constexpr std::string_view kVerb = " extend ";

// "<name> extend ...": told by the first space, which nearly every line of a log has to be asked for.
bool begins_like_extend(std::string_view line) {
  const std::size_t space = line.find(' ');
  return space != std::string_view::npos && line.substr(space).starts_with(kVerb);
}

// "<name> extend <alg>/...", whatever the rest.
bool reads_like_extend(std::string_view line) {
  const std::size_t verb = line.find(' ');
  const std::size_t slash = line.find('/', verb);
  return begins_like_extend(line) && slash != std::string_view::npos &&
         parse_algorithm(line.substr(verb + kVerb.size(), slash - verb - kVerb.size())).has_value();
}

Register without_carrier(Register reg) {
  reg.carrier.clear();
  return reg;
}

Slot slot_for(const CarriedCell& carried) {
  return {.reg = carried.reg, .claims = {}, .first_extend = {}, .missing = {}, .last_log_grows = true};
}

}  // namespace

CarriedCell* Replay::State::find_carried(const Record& record, std::string_view name, std::size_t position) {
  Register reg{.kind = RegisterKind::virtual_mr, .index = 0, .name = std::string(name), .provider = {}, .carrier = {}};
  reg.carrier = to_string(record.reg);
  const auto found = carried_.find({reg, position});
  if (found != carried_.end()) {
    return &found->second;
  }
  if (carried_.size() >= kMaxRegisters) {
    return nullptr;
  }
  CarriedCell& made = carried_[{reg, position}];
  made.reg = reg;
  made.position = position;
  // Values to compare were put beside those of registers that have logs of their own.
  if (const auto slot = slots_.find(reg)) {
    made.cell.targets = settled_cell(position, *slot).targets;
  }
  made.own_targets = made.cell.targets.size();
  if (const auto slot = slots_.find(without_carrier(reg))) {
    const std::vector<Target>& targets = settled_cell(position, *slot).targets;
    made.cell.targets.insert(made.cell.targets.end(), targets.begin(), targets.end());
  }
  start(made.cell, slot_for(made), banks_[position], true);
  return &made;
}

void Replay::State::extend_carried(const Record& record, CarriedCell& carried, const Digest& digest) {
  Cell& here = carried.cell;
  if (carried.fixed) {
    say(Severity::warning, "static-register-extended", place_of(record),
        fmt::format("{} is static, by an earlier record: this extend of it does not count", to_string(carried.reg)));
    return;
  }
  for (Target& target : here.targets) {
    note_ahead(grows_, here.value, here.records, target.match, target.value);
  }
  engine_.extend(banks_[carried.position].row->id, here.value, digest.view());
  ++here.records;
  for (Target& target : here.targets) {
    note_match(record.number, log_, grows_, here.value, here.records, target.match, target.value);
  }
}

void Replay::State::fold_static(const Record& record, std::string_view name, HashAlgorithm bank, const Digest& value) {
  const auto position = bank_position(bank);
  CarriedCell* const carried = position && name.size() <= kMaxName ? find_carried(record, name, *position) : nullptr;
  if (carried == nullptr || carried->fixed || carried->cell.records != 0) {
    say(Severity::warning, "static-register-left-out", place_of(record),
        "the line states the value of a static register that has one already, or is one too many; it is a record like "
        "others");
    return;
  }
  carried->fixed = true;
  Cell& here = carried->cell;
  here.value = value;
  here.initial = value;
  here.initial_reason = fmt::format("static, stated in record {}", record.number);
  here.records = 1;
  for (Target& target : here.targets) {
    note_match(record.number, log_, grows_, here.value, here.records, target.match, target.value);
  }
}

void Replay::State::fold_carried(const Record& record) {
  const std::string_view line = as_text(record.data);
  if (const auto fixed = tsm::parse_static_register(line)) {
    fold_static(record, fixed->name, tsm::bank_of(fixed->digest), fixed->digest.value);
    return;
  }
  if (!begins_like_extend(line)) {
    return;
  }
  const auto extend = tsm::parse_virtual_extend(line);
  const auto position = extend ? bank_position(extend->digest.algorithm) : std::nullopt;
  CarriedCell* carried = nullptr;
  if (position && HashEngine::can_compute(extend->digest.algorithm) && extend->name.size() <= kMaxName) {
    carried = find_carried(record, extend->name, *position);
  }
  if (carried == nullptr) {
    if (extend || reads_like_extend(line)) {
      say(Severity::warning, "virtual-extend-left-out", place_of(record),
          "the line reads like the extend of a virtual register, but has no digest of an algorithm that can be "
          "computed, or one register too many; it is a record like others");
    }
    return;
  }
  extend_carried(record, *carried, extend->digest.value);
}

std::map<std::string, std::set<std::string>, std::less<>> Replay::State::carriers_by_name() const {
  std::map<std::string, std::set<std::string>, std::less<>> carriers;
  for (const auto& entry : carried_) {
    carriers[entry.second.reg.name].insert(entry.second.reg.carrier);
  }
  return carriers;
}

// Values that were given for a carried register stand beside those of registers with a log of their own until here.
void Replay::State::assign_given_values() {
  const auto carriers = carriers_by_name();
  for (auto& [key, carried] : carried_) {
    const auto take_from = [&, position = key.second](const Register& reg) {
      const auto slot = slots_.find(reg);
      Cell* const plain = slot ? &cell(position, *slot) : nullptr;
      if (plain != nullptr && plain->records == 0 && !plain->trail) {
        plain->targets.clear();
      }
    };
    take_from(carried.reg);
    std::vector<Target>& targets = carried.cell.targets;
    if (carriers.at(carried.reg.name).size() == 1) {
      take_from(without_carrier(carried.reg));
    } else if (targets.size() > carried.own_targets) {
      targets.erase(targets.begin() + static_cast<std::ptrdiff_t>(carried.own_targets), targets.end());
      say_of_log(Severity::warning, "carrier-not-named",
                 fmt::format("a value of {} is given without its carrier, and several registers carry one: it is not "
                             "compared with {}",
                             to_string(without_carrier(carried.reg)), to_string(carried.reg)));
    }
  }
}

void Replay::State::add_carried(std::vector<RegisterResult>& results) {
  const auto carriers = carriers_by_name();
  for (auto& entry : carried_) {
    CarriedCell& carried = entry.second;
    RegisterResult result = result_of(slot_for(carried), carried.cell, banks_[carried.position]);
    result.carried_by = carried.reg.carrier;
    const auto own_log = slots_.find(without_carrier(carried.reg));
    const bool has_own_log = own_log && slots_[*own_log].first_extend;
    if (carriers.at(carried.reg.name).size() == 1 && !has_own_log) {
      result.reg.carrier.clear();
    }
    results.push_back(std::move(result));
  }
}

}  // namespace mrtool
