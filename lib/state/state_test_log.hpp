// For tests: a state with something in every member, as a log's run could leave it.
#pragma once

#include "lib/registers/names.hpp"
#include "lib/state/log_state.hpp"

namespace mrtool::state_test {

inline LogState full_state() {
  const Register rtmr3 = *parse_register("rtmr3");
  const RegisterKey key{rtmr3, HashAlgorithm::sha384};
  LogState made;
  made.tool = "1.2.3";
  made.command = "verify";
  made.format = "tsm";
  made.position = {.offset = 1000,
                   .record = 10,
                   .byte_order = ByteOrder::little,
                   .algorithms = {{HashAlgorithm::sha384, 48}},
                   .dialect = {},
                   .marks = 9};
  made.sha256 = Digest::filled(32, 7);
  made.options = {{"--bank", ""}, {"register", "rtmr3"}};

  Checkpoint::Cell cell;
  cell.bank = HashAlgorithm::sha384;
  cell.started = true;
  cell.value = Digest::filled(48, 1);
  cell.initial = Digest::filled(48, 2);
  cell.initial_reason = "first SYNC in record 0";
  cell.initial_claimed = true;
  cell.asserted = true;
  cell.records = 8;
  cell.missing = Checkpoint::Place{.record = 9, .offset = 900};
  cell.records_before_missing = 8;
  cell.hashed_in_log = true;
  cell.states_values = true;
  Reading reading;
  reading.value = cell.value;
  reading.records = 8;
  reading.records_before_missing = 8;
  reading.first_direct = 3;
  reading.tail_only = true;
  reading.gaps = {{.record = 4, .expected = Digest::filled(48, 3), .stated = Digest::filled(48, 4)}};
  reading.first_gap = 4;
  cell.readings = {reading};
  reading.keeps_blocks = true;
  reading.rule = DigestRule::padded_before;
  reading.rule_changes_at = 5;
  cell.readings.push_back(reading);
  made.fold.records = 10;
  made.fold.banks = {{HashAlgorithm::sha384, true}, {HashAlgorithm::sha256, false}};
  made.fold.registers = {{.reg = rtmr3, .first_extend = Checkpoint::Place{1, 10}, .cells = {cell}}};
  Checkpoint::Cell carried;
  carried.bank = HashAlgorithm::sha256;
  carried.started = true;
  carried.value = Digest::filled(32, 5);
  carried.initial = Digest::filled(32, 0);
  carried.initial_reason = "zeros";
  carried.records = 2;
  made.fold.carried = {{.reg = *parse_register("mr:mr_ima@rtmr3"), .first_extend = {}, .cells = {carried}}};
  made.fold.search = {.operations = 77, .exhausted = true};

  made.diagnostics = {{.severity = Severity::warning,
                       .code = "gap",
                       .log = 0,
                       .record = 4,
                       .offset = 400,
                       .message = "a \"quoted\" text \xFF of a log",
                       .count = 3}};
  RecordFindings::Held& held = made.records.emplace();
  held.findings = {{.severity = Severity::error,
                    .effect = Verdict::fail,
                    .code = "ima-violation",
                    .log = 0,
                    .record = 2,
                    .offset = 20,
                    .reg = rtmr3,
                    .bank = HashAlgorithm::none,
                    .message = "a file was open"}};
  held.noted = {{{0, "ima-violation", HashAlgorithm::none}, 1}};
  held.digests = {{HashAlgorithm::sha384, {.matches = 5, .unverifiable = 2, .differs = 1}}};
  held.boot_aggregates = {{.log = 0,
                           .record = 1,
                           .offset = 10,
                           .stated = {.algorithm = HashAlgorithm::sha256, .value = Digest::filled(32, 6)}}};
  held.without_boot_aggregate = {0};
  held.violations = 1;
  held.saw_ima = true;
  const policy::Place place{.log = 0, .record = 3, .offset = 30, .least = 2, .most = 3, .separators = 1};
  policy::Progress progress;
  progress.chains[key] = {.least = 7, .most = 8, .separators = 1, .separator = 2, .error_separator = 3};
  policy::Tally tally;
  tally.meets = place;
  tally.claims = place;
  tally.unknown = place;
  tally.breaks = {place, place};
  tally.steps = 2;
  tally.steps_done = 4;
  progress.rules = {{{key, tally}}, {}};
  made.policies = {progress};
  return made;
}

}  // namespace mrtool::state_test
