// An appraisal of logs from the command line: all of them, or one from where a state ends.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "formats/chain.hpp"
#include "lib/verify/appraisal.hpp"
#include "lib/verify/progress.hpp"
#include "tools/mrtool/commands/state_files.hpp"

namespace mrtool {

// All that a run is about.
struct VerifyInputs {
  AppraisalOptions options;
  std::optional<QuoteResult> quote;
  std::vector<RegisterValues> sources;
  std::vector<LogName> names;
  bool keeps_state = false;
};

// The logs of a run, each of which several passes read. `host` can give each of them several times.
class VerifiedLogs {
 public:
  VerifiedLogs(std::vector<LogName> names, Host& host, ChainOptions options);

  std::vector<AppraisedLog> appraised() const;

  // False: the log could not be begun where a state ends.
  bool read(const std::vector<std::size_t>& wanted, Appraisal& appraisal, CleanEnd& clean);

  const std::vector<LogSummary>& summaries() const { return summaries_; }
  // Of the last reading, of one log.
  const Result<LogStart>& end() const { return end_; }
  const std::optional<Error>& start_error() const { return start_error_; }
  // Of each log's last reading.
  const std::vector<Error>& errors() const { return errors_; }
  // The logs that errors are about, each once.
  std::vector<std::size_t> damaged() const;

 private:
  std::vector<LogName> names_;
  Host& host_;
  ChainOptions options_;
  std::vector<LogSummary> summaries_;
  std::vector<Error> errors_;
  Result<LogStart> end_ = fail(ErrorKind::unsupported, "no log was read");
  std::optional<Error> start_error_;
};

// One appraisal of the logs, or of the records before number `end` of one of them, from its front or from where a state
// ends.
class VerifyPass {
 public:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  // All given outlive it.
  VerifyPass(const VerifyInputs& inputs, Host& host, const std::optional<LogState>& from, std::uint64_t end = kAll);

  const VerifiedLogs& logs() const { return logs_; }
  AppraisalReport& report() { return report_; }
  bool passes() const { return report_.verdict == Verdict::pass; }
  // There is no report then.
  const std::optional<Error>& start_error() const {
    return appraisal_.start_error() ? appraisal_.start_error() : logs_.start_error();
  }

  // How many records were judged, with nothing left open.
  std::uint64_t judged_records() const { return std::min(first_beyond_.value_or(kAll), clean_.records()); }
  // At exactly that many records. Fails (unsupported) where nothing can be kept of them.
  Result<LogState> state_at(std::uint64_t records) const;

 private:
  VerifiedLogs logs_;
  Appraisal appraisal_;
  CleanEnd clean_;
  std::optional<std::uint64_t> first_beyond_;
  Result<AppraisalProgress> progress_ = fail(ErrorKind::unsupported, "nothing was judged");
  AppraisalReport report_;
};

// The state behind the records that were judged: judges them alone where the log goes on. Fails (unsupported) where
// nothing can be kept of them.
Result<LogState> state_of(const VerifyInputs& inputs, Host& host, const std::optional<LogState>& from,
                          const VerifyPass& read);

}  // namespace mrtool
