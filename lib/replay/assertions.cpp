// Where registers start, and records that state a register's value (format notes on TCG logs, 5.1 and 5.2).
#include <fmt/format.h>

#include "lib/registers/names.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

namespace {

std::string claim_reason(const Record& record) {
  const bool startup = record.content == ContentType::pcclient && record.reg.kind == RegisterKind::pcr;
  if (startup && record.extends) {
    return fmt::format("H-CRTM event in record {}", record.number);
  }
  const ByteView value = record.asserts->value.view();
  if (startup && !value.empty()) {
    return fmt::format("StartupLocality {} in record {}", value.back(), record.number);
  }
  return fmt::format("initial value stated in record {}", record.number);
}

// What the PC Client platform lets a log say about where PCR 0 starts.
bool is_provided(const Record& record) {
  const ByteView value = record.asserts->value.view();
  const bool startup = record.content == ContentType::pcclient && record.reg == kPcr0 && value.size() == 1;
  return startup && (record.extends || value[0] == 0 || value[0] == 3 || value[0] == 4);
}

}  // namespace

std::optional<Digest> fit(const Digest& value, std::size_t size) {
  if (value.size() > size) {
    return std::nullopt;
  }
  Digest whole = Digest::filled(size, 0);
  std::ranges::copy(value.view(), whole.mutable_view().end() - static_cast<std::ptrdiff_t>(value.size()));
  return whole;
}

void Replay::State::assert_value(const Record& record, std::size_t slot) {
  const Assertion& assertion = *record.asserts;
  if (assertion.kind == AssertionKind::initial) {
    claim_initial(record, slot);
    return;
  }
  if (assertion.bank == HashAlgorithm::none) {
    for (const std::size_t position : bank_order_) {
      assert_present(record, slot, position);
    }
    return;
  }
  const auto position = bank_position(assertion.bank);
  if (!position || !HashEngine::can_compute(assertion.bank)) {
    refuse_bank(assertion.bank, "it cannot be computed here");
    return;
  }
  make_known(*position);
  used_.set(*position);
  assert_present(record, slot, *position);
}

void Replay::State::claim_initial(const Record& record, std::size_t slot_index) {
  Slot& slot = slots_[slot_index];
  const Assertion& assertion = *record.asserts;
  const auto position = bank_position(assertion.bank);
  if (!position && assertion.bank != HashAlgorithm::none) {
    refuse_bank(assertion.bank, "it cannot be computed here");
    return;
  }
  const std::string name = to_string(slot.reg);
  if (slot.first_extend) {
    const Cell* const here = position ? &settled_cell(*position, slot_index) : nullptr;
    const bool confirmed =
        here != nullptr && (here->trail ? here->trail->usual().value : here->value) == assertion.value;
    if (!confirmed) {
      say(Severity::warning, "initial-late", place_of(record),
          fmt::format("an initial value for {} comes after a record that extends it, and does not count", name));
    }
    return;
  }
  for (const Claim& earlier : slot.claims) {
    if (earlier.bank == assertion.bank && earlier.measured == record.extends) {
      say(Severity::warning, "initial-repeated", place_of(record),
          fmt::format("a second initial value for {} does not count; the first is {}", name, earlier.reason));
      return;
    }
  }
  slot.claims.push_back({assertion.bank, assertion.value, record.extends, is_provided(record), claim_reason(record)});
}

void Replay::State::assert_present(const Record& record, std::size_t slot, std::size_t position) {
  Bank& bank = banks_[position];
  const auto value = fit(record.asserts->value, bank.row->size);
  if (!value) {
    say(Severity::warning, "assertion-unusable", place_of(record),
        fmt::format("a value of {} bytes is stated for {} in bank {}, which has {}", record.asserts->value.size(),
                    to_string(record.reg), bank.row->name, bank.row->size));
    return;
  }
  Cell& here = settled_cell(position, slot);
  bank.folded = true;
  here.asserted = true;
  if (!here.started) {
    // Nothing but the log says so, unless it is where the platform starts the register.
    start(here, slots_[slot], bank, true);
    if (!given_initial(slots_[slot].reg, bank)) {
      const bool known = platform_initial_value(slots_[slot].reg, bank.row->size, true).value == *value;
      here.value = *value;
      here.initial = *value;
      here.initial_reason = fmt::format("first SYNC in record {}", record.number);
      here.initial_claimed = !known;
      trail_of(here).usual().tail_only = !known;
    }
  }
  settle_stated(record, slots_[slot], here, bank, *value);
}

std::optional<Digest> Replay::State::given_initial(const Register& reg, const Bank& bank) const {
  auto given = options_.initial.find({reg, bank.row->id});
  if (given == options_.initial.end() && !reg.carrier.empty()) {
    Register alone = reg;
    alone.carrier.clear();
    given = options_.initial.find({alone, bank.row->id});
  }
  return given == options_.initial.end() ? std::nullopt : fit(given->second, bank.row->size);
}

const Claim* Replay::State::claim_of(const Slot& slot, const Bank& bank) {
  // After an H-CRTM sequence the TPM ignores the locality of its startup (5.2), so a measured claim wins.
  for (const bool measured : {true, false}) {
    for (const Claim& claim : slot.claims) {
      const bool of_bank = claim.bank == HashAlgorithm::none || claim.bank == bank.row->id;
      if (claim.measured == measured && of_bank && fit(claim.value, bank.row->size)) {
        return &claim;
      }
    }
  }
  return nullptr;
}

void Replay::State::start(Cell& cell, const Slot& slot, const Bank& bank, bool extended) {
  InitialValue initial = platform_initial_value(slot.reg, bank.row->size, extended);
  if (const auto given = given_initial(slot.reg, bank)) {
    initial = {*given, std::string(kInitialIsGiven)};
  } else if (const Claim* const claim = claim_of(slot, bank)) {
    const Digest value = *fit(claim->value, bank.row->size);
    cell.initial_claimed = !claim->provided && value != initial.value;
    initial = {value, claim->reason};
  }
  cell.value = initial.value;
  cell.initial = initial.value;
  cell.initial_reason = std::move(initial.reason);
  cell.started = true;
}

}  // namespace mrtool
