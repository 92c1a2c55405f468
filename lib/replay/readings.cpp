// Folding a register's records in every way that they can be read: extends that may have failed and stated values
// (TSM log format notes, 6), IMA digests of two rules (IMA format notes, 5.3 and 10).
#include <fmt/format.h>

#include <algorithm>

#include "lib/registers/names.hpp"
#include "lib/replay/state.hpp"

namespace mrtool {

ByteView alternative_for(const Record& record, HashAlgorithm bank, std::size_t size) {
  for (const DigestEntry& entry : record.digests) {
    if (entry.origin == DigestOrigin::alternative && entry.algorithm == bank && entry.value.size() == size) {
      return entry.value;
    }
  }
  return {};
}

namespace {

Reading* find_rule(Trail& trail, DigestRule rule) {
  const auto found = std::ranges::find(trail.readings, rule, &Reading::rule);
  return found == trail.readings.end() ? nullptr : &*found;
}

// The readings that a record of an IMA list opens.
void open_rules(Trail& trail, const Record& record, bool has_alternative) {
  if (has_alternative && find_rule(trail, DigestRule::padded_sha1) == nullptr) {
    Reading padded = trail.usual();
    padded.rule = DigestRule::padded_sha1;
    trail.usual().rule = DigestRule::per_bank;
    trail.add(std::move(padded));
  } else if (record.starts_instance) {
    if (const Reading* const padded = find_rule(trail, DigestRule::padded_sha1)) {
      Reading changed = *padded;
      changed.rule = DigestRule::padded_before;
      changed.rule_changes_at = record.number;
      trail.add(std::move(changed));
    }
  }
}

}  // namespace

Trail& Replay::State::trail_of(Cell& cell) {
  if (!cell.trail) {
    cell.trail = std::make_unique<Trail>();
    Reading& usual = cell.trail->readings.emplace_back();
    usual.value = cell.value;
    usual.records = cell.records;
    usual.records_before_missing = cell.records_before_missing;
    for (const Target& target : cell.targets) {
      usual.matched.push_back(target.match);
    }
  }
  return *cell.trail;
}

void Replay::State::say_failed(const Record& record, const Bank& bank, std::uint64_t failed, std::string_view why) {
  say(Severity::warning, "direct-extend-failed", place_of(record),
      fmt::format(
          "{} direct extend{} of {} in bank {} before this record {} not taken to have reached the register: {}",
          failed, failed == 1 ? "" : "s", to_string(record.reg), bank.row->name, failed == 1 ? "is" : "are", why));
}

void Replay::State::fold_readings(const Record& record, Cell& here, const Bank& bank, ByteView digest) {
  Trail& trail = trail_of(here);
  const Extender extender{engine_, bank.row->id};
  const ByteView alternative = alternative_for(record, bank.row->id, bank.row->size);
  open_rules(trail, record, !alternative.empty());
  if (record.content == ContentType::tsm || record.tentative) {
    trail.states_values = true;
  }
  if (!record.tentative) {
    if (const Block& block = trail.usual().block; block.open() && !trail.usual().keeps_blocks) {
      say_failed(record, bank, block.count, "a record follows them that does not state the value");
      Reading kept = trail.usual();
      kept.keep_block();
      kept.keeps_blocks = true;
      trail.add(std::move(kept));
    }
    if (record.content == ContentType::tsm || record.asserts) {
      trail.hashed_in_log = log_count_;
    }
  }
  for (Reading& reading : trail.readings) {
    for (std::size_t i = 0; i < here.targets.size(); ++i) {
      note_ahead(grows_, reading.value, reading.records, reading.matched[i], here.targets[i].value);
    }
    if (record.tentative) {
      reading.extend_tentatively(extender, digest, !record.prefix.empty());
    } else {
      if (reading.keeps_blocks) {
        reading.keep_block();
      } else {
        reading.undo_block();
      }
      const bool padded = reading.rule == DigestRule::padded_sha1 && !alternative.empty();
      reading.extend(extender, padded ? alternative : digest);
    }
    for (std::size_t i = 0; i < here.targets.size(); ++i) {
      note_match(record.number, log_, grows_, reading.value, reading.records, reading.matched[i],
                 here.targets[i].value);
    }
  }
}

void Replay::State::settle_stated(const Record& record, const Slot& slot, Cell& here, const Bank& bank,
                                  const Digest& stated) {
  Trail& trail = trail_of(here);
  trail.states_values = true;
  const Extender extender{engine_, bank.row->id};
  // What is stated without being measured is no line that somebody wrote into a log of lines: it belongs wherever it
  // is.
  const bool first = trail.hashed_in_log != log_count_ && (record.extends || slot.last_log != log_count_);
  const bool expected_here = first || !record.extends || trail.usual().block.open();
  if (!record.extends) {
    trail.hashed_in_log = log_count_;
  }

  std::optional<std::size_t> settled;
  for (std::size_t i = 0; i < trail.readings.size(); ++i) {
    const auto failed = trail.readings[i].settle(extender, stated, search_budget_);
    if (failed && !settled) {
      settled = i;
      if (*failed != 0) {
        say_failed(record, bank, *failed, "the value stated here comes out without them");
      }
    }
  }
  if (settled) {
    // What took over an earlier stated value is borne out by this one. Where the line is forged, values compared still
    // find the other reading.
    if (*settled != 0) {
      std::swap(trail.usual(), trail.readings[*settled]);
    }
    return;
  }

  Reading taken_over = trail.usual();
  const std::string reg = to_string(record.reg);
  say(Severity::warning, expected_here ? "gap" : "present-differs", place_of(record),
      fmt::format("{} in bank {} is stated to be {} here; the records before give {}{}", reg, bank.row->name,
                  stated.hex(), taken_over.value.hex(),
                  expected_here ? "; the stated value is taken over"
                                : ". No such statement belongs here, so it is taken for a record like others"));
  taken_over.rebase(record.number, stated, first);
  if (!expected_here) {
    trail.add(std::move(taken_over));
    return;
  }
  // Whoever else has already taken over a value takes over this one; those that did not, never do.
  std::swap(trail.usual(), taken_over);
  std::erase_if(trail.readings, [&](const Reading& reading) {
    return &reading != &trail.readings.front() && !reading.gaps.empty() && !reading.keeps_blocks;
  });
  taken_over.undo_block();
  trail.add(std::move(taken_over));
}

}  // namespace mrtool
