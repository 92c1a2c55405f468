// The fold over extending records (format notes on TCG logs, 5.3; TPM 2.0 part 1, 17.2).
#include <fmt/format.h>

#include <algorithm>

#include "lib/registers/names.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

std::optional<std::size_t> bank_position(HashAlgorithm bank) {
  const auto rows = hash_algorithms();
  const auto row = std::ranges::find(rows, bank, &HashAlgorithmRow::id);
  return row == rows.end() ? std::nullopt : std::optional(static_cast<std::size_t>(row - rows.begin()));
}

Replay::State::State(ReplayOptions given_options, DiagnosticSink& given_sink)
    : options_(std::move(given_options)), sink_(given_sink) {
  work_ = works_.emplace_back(std::make_unique<Work>()).get();
  const auto rows = hash_algorithms();
  for (std::size_t i = 0; i < std::min(rows.size(), banks_.size()); ++i) {
    banks_[i].row = &rows[i];
  }
}

void Replay::State::say(Severity severity, std::string_view code, const Place& place, std::string message) {
  sink_.add({.severity = severity,
             .code = std::string(code),
             .log = place.log,
             .record = place.record,
             .offset = place.offset,
             .message = std::move(message)});
}

void Replay::State::say_of_log(Severity severity, std::string_view code, std::string message) {
  sink_.add({.severity = severity,
             .code = std::string(code),
             .log = log_,
             .record = {},
             .offset = {},
             .message = std::move(message)});
}

void Replay::State::begin_log(const LogInfo& info, std::optional<std::size_t> log) {
  end_log();
  in_log_ = true;
  ++log_count_;
  log_ = log;
  grows_ = info.grows_at_runtime;
  rules_left_out_ = info.has_digest_rules && options_.one_digest_rule;
  for (Bank& bank : banks_) {
    bank.footings.clear();
  }
  for (const AlgorithmSize& stated : info.algorithms) {
    const auto position = bank_position(stated.algorithm);
    if (!position || !HashEngine::can_compute(stated.algorithm)) {
      refuse_bank(stated.algorithm, "it cannot be computed here");
    } else if (banks_[*position].row->size != stated.size) {
      refused_.set(*position);  // which the log's reader has reported
    } else {
      announced_.set(*position);
      make_known(*position);
    }
  }
}

void Replay::State::end_log() {
  if (!in_log_) {
    return;
  }
  for (const std::size_t position : bank_order_) {
    if (!extends_ && announced_.test(position) && !used_.test(position)) {
      banks_[position].only_claimed = true;
    }
  }
  in_log_ = false;
  extends_ = false;
  announced_.reset();
  used_.reset();
  refused_.reset();
  said_unusable_.clear();
  order_.fill({});
}

void Replay::State::refuse_bank(HashAlgorithm bank, std::string_view why) {
  constexpr std::size_t kRemembered = 64;
  if (said_unusable_.size() >= kRemembered || std::ranges::find(said_unusable_, bank) != said_unusable_.end()) {
    return;
  }
  said_unusable_.push_back(bank);
  say_of_log(Severity::warning, "bank-unusable", fmt::format("bank {} is left out: {}", to_string(bank), why));
}

void Replay::State::make_known(std::size_t position) {
  Bank& bank = banks_[position];
  if (bank.known) {
    return;
  }
  bank.known = true;
  known_.set(position);
  bank_order_.push_back(position);
  // Registers that were extended before the first word of this bank have a history that it lacks.
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].first_extend) {
      Cell& late = cell(position, slot);
      late.missing = slots_[slot].first_extend;
      slots_[slot].missing.set(position);
    }
  }
}

Cell& Replay::State::cell(std::size_t position, std::size_t slot) {
  std::deque<Cell>& cells = banks_[position].cells;
  if (slot >= cells.size()) {
    cells.resize(slots_.size());
  }
  return cells[slot];
}

std::optional<std::size_t> Replay::State::usable_position(std::size_t place, const DigestEntry& entry) {
  if (place >= order_.size()) {
    return std::nullopt;
  }
  Hint& hint = order_[place];
  if (hint.algorithm != entry.algorithm || hint.algorithm == HashAlgorithm::none) {
    const auto position = bank_position(entry.algorithm);
    if (!position || !HashEngine::can_compute(entry.algorithm)) {
      refuse_bank(entry.algorithm, "it cannot be computed here");
      return std::nullopt;
    }
    hint = {entry.algorithm, *position};
  }
  const Bank& bank = banks_[hint.position];
  if (refused_.test(hint.position)) {
    return std::nullopt;
  }
  if (entry.value.size() != bank.row->size) {
    refuse_bank(entry.algorithm,
                fmt::format("a digest has {} bytes, the algorithm has {}", entry.value.size(), bank.row->size));
    return std::nullopt;
  }
  return hint.position;
}

void Replay::State::add(std::span<const Record> records) {
  work_->log = log_;
  work_->grows = grows_;
  for (const Record& record : records) {
    add(record);
  }
  for (const std::size_t position : bank_order_) {
    settle(position);
  }
}

void Replay::State::add(const Record& record) {
  if (!record.extends && !record.asserts) {
    return;
  }
  switch (record.reg.kind) {
    case RegisterKind::none:
    case RegisterKind::invalid:
    case RegisterKind::mrtd:
    case RegisterKind::rim:
      if (record.extends) {
        say(Severity::warning, "register-not-extendable", place_of(record),
            fmt::format("a measured record is about {} (index {}), which cannot be extended; it is left out",
                        to_string(record.reg), record.raw_index));
      }
      return;
    default:
      break;
  }
  const auto slot = slots_.find_or_add(record.reg, SlotTable::Limit::of_logs);
  if (!slot) {
    say(Severity::error, "too-many-registers", place_of(record),
        fmt::format("more than {} NV indices and named registers; records about further ones are left out",
                    kMaxRegisters));
    return;
  }
  if (record.asserts) {
    assert_value(record, *slot);
  }
  if (record.extends) {
    fold(record, *slot);
  }
}

namespace {

// The record can be read in more than one way, or begins a log whose records can.
bool has_readings(const Record& record) {
  return record.tentative || record.content == ContentType::tsm ||
         (record.content == ContentType::ima_template &&
          std::ranges::find(record.digests, DigestOrigin::alternative, &DigestEntry::origin) != record.digests.end());
}

}  // namespace

void Replay::State::fold(const Record& record, std::size_t slot) {
  extends_ = true;
  slots_[slot].last_log_grows = grows_;
  slots_[slot].last_log = log_count_;
  const bool readings = has_readings(record);
  BankSet folded;
  for (std::size_t i = 0; i < record.digests.size(); ++i) {
    if (record.digests[i].origin == DigestOrigin::alternative) {
      continue;
    }
    const auto position = usable_position(i, record.digests[i]);
    // Of two digests for one bank the first counts.
    if (!position || folded.test(*position)) {
      continue;
    }
    folded.set(*position);
    fold_digest(record, slot, *position, record.digests[i].value, readings);
  }
  used_ |= folded;
  if (!slots_[slot].first_extend) {
    slots_[slot].first_extend = place_of(record);
  }
  if (const BankSet missing = known_ & ~folded & ~slots_[slot].missing; missing.any()) {
    note_missing(record, slot, missing);
  }
  if (hints_) {
    hints_->see(record);
  }
  if (record.content == ContentType::tsm && record.type == static_cast<std::uint32_t>(TsmLine::record)) {
    fold_carried(record);
  }
}

void Replay::State::fold_digest(const Record& record, std::size_t slot, std::size_t position, ByteView digest,
                                bool readings) {
  if (add_link(record, slot, position, digest, readings)) {
    return;
  }
  Bank& bank = banks_[position];
  if (!bank.folded) {
    make_known(position);
    bank.folded = true;
  }
  if (!bank.strand) {
    begin_links(position);
  }
  Cell& here = settled_cell(position, slot);
  if (!here.started) {
    start(here, slots_[slot], bank, true);
  }
  here.rule_is_choice = here.rule_is_choice || rules_left_out_;
  if (here.trail || readings) {
    fold_readings(record, here, bank, digest);
    set_footing(position, slot);
    return;
  }
  set_footing(position, slot);
  push_link(here, record, position, digest, {});
}

void Replay::State::note_missing(const Record& record, std::size_t slot, BankSet missing) {
  for (const std::size_t position : bank_order_) {
    if (missing.test(position)) {
      settle(position);
      Cell& here = cell(position, slot);
      here.missing = place_of(record);
      here.records_before_missing = here.records;
      if (here.trail) {
        for (Reading& reading : here.trail->readings) {
          reading.records_before_missing = reading.records;
        }
      }
    }
  }
  slots_[slot].missing |= missing;
}

}  // namespace mrtool
