// One reading of a chain of logs into a replay, from its front or from where a state ends.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "formats/chain.hpp"
#include "lib/content/digest_check.hpp"
#include "lib/replay/replay.hpp"
#include "tools/mrtool/commands/state_files.hpp"

namespace mrtool {

struct ReplayInputs {
  std::vector<LogName> names;
  ChainOptions chain;
  ReplayOptions replay;
  std::vector<RegisterValues> sources;
  bool check_digests = false;
  bool keeps_state = false;
};

class ReplayPass {
 public:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  // Reads it all, or the records before number `end`. All given outlive it.
  ReplayPass(const ReplayInputs& inputs, Host& host, DiagnosticSink& diagnostics, const std::optional<LogState>& from,
             std::uint64_t end = kAll);

  const LogChain& chain() const { return chain_; }
  const std::vector<RegisterResult>& results() const { return results_; }
  // Of the records that were read, where digests were to be checked.
  std::optional<DigestCheck::Counts> digests() const {
    return digests_ ? std::optional(digests_->counts()) : std::nullopt;
  }
  // Why it could not begin where `from` ends, or at all with a state.
  const std::optional<Error>& start_error() const { return start_error_; }
  // How many records the values of these results vouch for, and leave nothing open: all, where none were compared.
  std::uint64_t vouched_records(const std::vector<RegisterResult>& results) const;
  // At exactly that many records. Fails (unsupported) where nothing can be kept of them.
  Result<LogState> state_at(std::uint64_t records) const;

 private:
  Result<LogState> capture(const Replay& replay, const DiagnosticSink& diagnostics) const;

  LogChain chain_;
  std::optional<DigestCheck> digests_;
  CleanEnd clean_;
  std::optional<Error> start_error_;
  std::vector<RegisterResult> results_;
  Result<LogState> state_ = fail(ErrorKind::unsupported, "the log was not read to its end");
};

}  // namespace mrtool
