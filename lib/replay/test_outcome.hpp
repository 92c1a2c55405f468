// For tests: everything that a replay says, so that two replays can be compared.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "lib/registers/names.hpp"
#include "lib/replay/replay.hpp"
#include "lib/replay/test_records.hpp"

namespace mrtool::replay_test {

struct Replayed {
  std::vector<RegisterResult> results;
  DiagnosticSink sink;
};

inline Replayed replayed_one_by_one(const GeneratedLogs& logs, const std::vector<RegisterValues>& against) {
  Replayed all;
  Replay replay({}, all.sink);
  replay.compare_with(against);
  for (std::size_t i = 0; i < logs.logs.size(); ++i) {
    replay.begin_log(logs.logs[i].info, i);
    for (const Batch& batch : logs.logs[i].batches) {
      for (const Record& record : batch.records) {
        replay.add(record);
      }
    }
  }
  all.results = replay.finish();
  return all;
}

// Leaves the logs as they were.
inline Replayed replayed_in_batches(const GeneratedLogs& logs, const std::vector<RegisterValues>& against,
                                    Workers* workers = nullptr) {
  Replayed all;
  Replay replay({.workers = workers}, all.sink);
  replay.compare_with(against);
  for (std::size_t i = 0; i < logs.logs.size(); ++i) {
    replay.begin_log(logs.logs[i].info, i);
    for (const Batch& batch : logs.logs[i].batches) {
      Batch taken;
      taken.records = batch.records;
      replay.take(taken);
    }
  }
  all.results = replay.finish();
  return all;
}

inline std::string described(const Comparison& comparison) {
  return fmt::format(
      "\n  against {} {}: {} {} {} {} {}", comparison.source, comparison.value.hex(), to_string(comparison.state),
      comparison.matched_records, comparison.last_record ? static_cast<std::int64_t>(*comparison.last_record) : -1,
      comparison.last_log ? static_cast<std::int64_t>(*comparison.last_log) : -1, comparison.ahead_at_runtime);
}

inline std::string described(const Replayed& replayed) {
  std::string text;
  for (const RegisterResult& result : replayed.results) {
    text += fmt::format("{}:{} {} {} from {} ({}, {}) complete {} ahead {} log {} rule {} carried by {}",
                        to_string(result.bank), to_string(result.reg), result.value.hex(), result.records,
                        result.initial.hex(), result.initial_reason, result.initial_claimed, result.complete,
                        result.log_may_run_ahead, result.log_verdict ? to_string(*result.log_verdict) : "-",
                        digest_rule_name(result), result.carried_by);
    for (const Gap& gap : result.gaps) {
      text += fmt::format("\n  gap {} {} {}", gap.record, gap.expected.hex(), gap.stated.hex());
    }
    for (const Comparison& comparison : result.against) {
      text += described(comparison);
    }
    text += '\n';
  }
  for (const Diagnostic& diagnostic : replayed.sink.all()) {
    text += fmt::format("{} {} log {} record {} offset {}: {} ({})\n", to_string(diagnostic.severity), diagnostic.code,
                        diagnostic.log ? static_cast<std::int64_t>(*diagnostic.log) : -1,
                        diagnostic.record ? static_cast<std::int64_t>(*diagnostic.record) : -1,
                        diagnostic.offset ? static_cast<std::int64_t>(*diagnostic.offset) : -1, diagnostic.message,
                        diagnostic.count);
  }
  return text;
}

}  // namespace mrtool::replay_test
