#include "tools/mrtool/commands/replay_pass.hpp"

#include <algorithm>

namespace mrtool {

namespace {

// Says where a digest is not that of its content.
void report_digest(const Record& record, const Judgement& judgement, DiagnosticSink& diagnostics) {
  for (std::size_t i = 0; i < judgement.digests.size(); ++i) {
    if (judgement.digests[i].check == Check::differs) {
      diagnostics.add({.severity = Severity::error,
                       .code = "digest-differs",
                       .log = {},
                       .record = record.number,
                       .offset = record.offset,
                       .message = digest_differs(record, record.digests[i].algorithm)});
      return;
    }
  }
}

}  // namespace

ReplayPass::ReplayPass(const ReplayInputs& inputs, Host& host, DiagnosticSink& diagnostics,
                       const std::optional<LogState>& from, std::uint64_t end)
    : chain_(inputs.names, host, diagnostics, inputs.keeps_state ? with_state(inputs.chain, from, end) : inputs.chain),
      clean_(from) {
  if (inputs.check_digests) {
    digests_.emplace(inputs.chain.workers);
  }
  Replay replay(inputs.replay, diagnostics);
  replay.compare_with(inputs.sources);
  if (from) {
    for (const Diagnostic& diagnostic : from->diagnostics) {
      diagnostics.add(diagnostic);
    }
  }
  LogChain::Step step;
  while (!start_error_ && chain_.next(step)) {
    if (step.first_of_log) {
      replay.begin_log(*step.info);
      if (const Status taken = from ? replay.take_up(from->fold) : Status(); !taken) {
        start_error_ = taken.error();
        return;
      }
    }
    if (digests_) {
      digests_->add(step.batch->records, *step.info, [&diagnostics](const Record& record, const Judgement& judgement) {
        report_digest(record, judgement, diagnostics);
      });
    }
    clean_.see(*step.batch);
    replay.take(*step.batch);
  }
  if (inputs.keeps_state) {
    start_error_ = chain_.start_error();
    state_ = capture(replay, diagnostics);
  }
  results_ = replay.finish();
}

Result<LogState> ReplayPass::capture(const Replay& replay, const DiagnosticSink& diagnostics) const {
  if (!chain_.errors().empty()) {
    return std::unexpected(chain_.errors().front());
  }
  MRTOOL_TRY(end, chain_.where_it_ends());
  if (clean_.records() != end.position.record) {
    return fail(ErrorKind::unsupported, "the log ends with records that extend nothing, or may not have");
  }
  MRTOOL_TRY(fold, replay.checkpoint(end.position.record));
  LogState state;
  state.format = end.format;
  state.position = end.position;
  state.sha256 = end.sha256;
  state.diagnostics = of_records_before(diagnostics.all(), fold.records);
  state.fold = std::move(fold);
  const auto breaks_format = [](const Diagnostic& one) {
    const Quirk* const quirk = find_quirk(one.code);
    return quirk != nullptr && quirk->is_tolerance();
  };
  if (std::ranges::find(state.diagnostics, Severity::error, &Diagnostic::severity) != state.diagnostics.end()) {
    return fail(ErrorKind::unsupported, "no state is kept of a log with errors");
  }
  if (std::ranges::any_of(state.diagnostics, breaks_format)) {
    return fail(ErrorKind::unsupported, "no state is kept of a log that breaks its format");
  }
  return state;
}

std::uint64_t ReplayPass::vouched_records(const std::vector<RegisterResult>& results) const {
  std::uint64_t records = clean_.records();
  for (const RegisterResult& result : results) {
    for (const Comparison& comparison : result.against) {
      if (comparison.state == MatchState::log_ahead && comparison.last_record) {
        records = std::min(records, *comparison.last_record + 1);
      }
    }
  }
  return records;
}

Result<LogState> ReplayPass::state_at(std::uint64_t records) const {
  if (state_ && state_->position.record != records) {
    return fail(ErrorKind::unsupported, "the log was read further");
  }
  return state_;
}

}  // namespace mrtool
