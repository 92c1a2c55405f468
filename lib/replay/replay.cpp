#include "lib/replay/replay.hpp"

#include <fmt/format.h>

#include "lib/replay/state.hpp"

namespace mrtool {

std::string_view to_string(MatchState state) {
  switch (state) {
    case MatchState::equal:
      return "equal";
    case MatchState::log_ahead:
      return "log-ahead";
    case MatchState::unexplained:
      return "unexplained";
    case MatchState::differs:
      return "differs";
  }
  return "differs";
}

std::string_view to_string(LogVerdict verdict) {
  switch (verdict) {
    case LogVerdict::complete:
      return "COMPLETE";
    case LogVerdict::opaque:
      return "OPAQUE";
    case LogVerdict::tail_only:
      return "TAIL-ONLY";
    case LogVerdict::gap:
      return "GAP";
    case LogVerdict::unbound:
      return "UNBOUND";
    case LogVerdict::fail:
      return "FAIL";
  }
  return "FAIL";
}

std::string digest_rule_name(const RegisterResult& result) {
  switch (result.digest_rule) {
    case DigestRule::only:
      return {};
    case DigestRule::per_bank:
      return "per-bank";
    case DigestRule::padded_sha1:
      return "padded-sha1";
    case DigestRule::padded_before:
      return fmt::format("padded-sha1 until record {}", result.rule_changes_at);
  }
  return {};
}

std::string_view to_string(ReplayVerdict verdict) {
  switch (verdict) {
    case ReplayVerdict::computed:
      return "computed";
    case ReplayVerdict::equal:
      return "equal";
    case ReplayVerdict::differs:
      return "differs";
    case ReplayVerdict::inconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

Replay::Replay(ReplayOptions options, DiagnosticSink& diagnostics)
    : state_(std::make_unique<State>(std::move(options), diagnostics)) {}
Replay::~Replay() = default;

void Replay::compare_with(std::vector<RegisterValues> sources) {
  state_->compare_with(std::move(sources));
}

void Replay::begin_log(const LogInfo& info, std::optional<std::size_t> log) {
  state_->begin_log(info, log);
}

void Replay::add(const Record& record) {
  state_->add({&record, 1});
}

void Replay::add(const Batch& batch) {
  state_->add(batch.records);
}

void Replay::take(Batch& batch) {
  state_->take(batch);
}

std::vector<RegisterResult> Replay::finish() {
  return state_->finish();
}

ReplayVerdict verdict_of(const std::vector<RegisterResult>& results, bool compared) {
  if (!compared) {
    return ReplayVerdict::computed;
  }
  bool anything = false;
  bool failed = false;
  bool unknown = false;
  for (const RegisterResult& result : results) {
    for (const Comparison& comparison : result.against) {
      const bool ahead = comparison.state == MatchState::log_ahead;
      anything = anything || result.records > 0;
      unknown = unknown || result.log_verdict == LogVerdict::gap || result.log_verdict == LogVerdict::tail_only;
      if (!result.complete && !ahead) {
        unknown = true;
      } else if (ahead) {
        failed = failed || !comparison.ahead_at_runtime;
        unknown = unknown || !result.complete;
      } else {
        failed = failed || comparison.state != MatchState::equal;
      }
    }
  }
  if (!anything) {
    return ReplayVerdict::inconclusive;
  }
  if (failed) {
    return ReplayVerdict::differs;
  }
  return unknown ? ReplayVerdict::inconclusive : ReplayVerdict::equal;
}

}  // namespace mrtool
