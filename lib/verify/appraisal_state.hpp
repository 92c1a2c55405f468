// What an appraisal holds while its passes go on.
//
// Each set of logs is read twice: first to find out how far compared values vouch for it, then to judge exactly that
// much. The second reading replays again and is the one that counts, so that a log that changes between the two is
// judged as it was read last. Native logs come first; the values that they carry are what the logs of virtual registers
// are compared with, and so on inwards.
#pragma once

#include <deque>

#include "lib/verify/appraisal.hpp"
#include "lib/verify/progress.hpp"
#include "lib/verify/record_findings.hpp"
#include "lib/verify/standing.hpp"

namespace mrtool {

// The last record of a register that is vouched for.
struct Bound {
  std::size_t log = 0;  // its place among the pass's
  std::uint64_t record = 0;
};

struct AppraisedPass {
  std::vector<std::size_t> logs;
  bool judging = false;
  bool of_virtual_logs = false;
  std::map<Register, Bound> bounds;  // registers whose logs run ahead of their values
  DiagnosticSink sink;               // counts logs as the pass does
  std::unique_ptr<Replay> replay;
  std::vector<RegisterResult> results;  // once it has ended
  std::uint64_t beyond = 0;             // records behind a bound
  std::optional<std::uint64_t> first_beyond;
  std::uint64_t records = 0;  // of the last log, that were judged: the number of the last, and one
};

// RegisterValues::kind of what records about other registers come to.
inline constexpr std::string_view kCarried = "carried";

// A source of values and what they are worth.
struct WeighedSource {
  RegisterValues values;
  bool trusted = false;
};

struct Appraisal::State final : BoundRecords {
  State(AppraisalOptions given_options, std::optional<QuoteResult> given_quote, std::vector<RegisterValues> given,
        std::vector<AppraisedLog> given_logs);

  std::vector<std::size_t> next_pass();
  void begin_log(std::size_t log, const LogInfo& info);
  void add(const Batch& batch);
  void add_damaged(std::size_t log) { damaged_.push_back(logs_[log].path); }
  AppraisalReport finish();

  // BoundRecords
  std::uint64_t count(const Register& reg, HashAlgorithm bank) const override;
  bool vouched(const Register& reg, HashAlgorithm bank) const override;

  AppraisedPass& pass() { return passes_.back(); }
  void begin_from(AppraisalProgress from) { from_ = std::move(from); }
  const std::optional<Error>& start_error() const { return start_error_; }
  void keep_progress() { keeps_progress_ = true; }
  Result<AppraisalProgress> progress() const;
  std::optional<std::uint64_t> first_beyond() const { return passes_.back().first_beyond; }

 private:
  void take_up();
  // passes (appraisal.cpp)
  std::vector<std::size_t> begin_pass(AppraisedPass next);
  void end_pass();
  bool is_virtual(const AppraisedLog& log) const;
  std::vector<RegisterValues> values_for(const AppraisedPass& pass) const;
  void answer_quoted_digest(const std::vector<RegisterResult>& results);
  std::map<Register, Bound> bounds_of(const std::vector<RegisterResult>& results) const;
  void take_carried_values();
  std::vector<std::size_t> ready_virtual_logs();
  bool is_within(const Record& record) const;
  StandingOptions standing_options() const;
  std::span<const RegisterResult> native_results() const { return std::span(results_).first(native_results_); }
  Standing standing(const RegisterResult& result) const { return standing_of(result, standing_options()); }

  // layers (layers.cpp, registers_layer.cpp, log_layer.cpp)
  Layer quote_layer() const;
  Layer registers_layer();
  Layer log_layer();
  Layer virtual_layer();
  QuoteCheck check_virtual(std::span<const RegisterResult* const> banks);
  Layer policy_layer();
  QuoteCheck check_sources() const;
  QuoteCheck check_values();
  QuoteCheck check_coverage();
  QuoteCheck check_unexplained();
  QuoteCheck check_digests() const;
  QuoteCheck check_tolerances();
  QuoteCheck check_continuity() const;
  QuoteCheck check_boot_aggregates();
  QuoteCheck check_violations() const;
  bool tolerates(std::string_view what) const;
  std::vector<Digest> replayed_pcrs(HashAlgorithm bank) const;
  std::vector<Digest> stated_pcrs(HashAlgorithm bank) const;
  Verdict judge_boot_aggregate(const RecordFindings::BootAggregate& entry, std::string& why);
  bool is_required(const Register& reg, HashAlgorithm bank) const;
  std::vector<std::string> uncovered_requirements() const;
  bool is_named_by_log(const Register& reg) const;
  std::vector<std::string> logs_without_value() const;
  void add_diagnostics();
  void add_finding(const RegisterResult& result, Verdict effect, std::string_view code, std::string message);

  AppraisalOptions options_;
  std::optional<QuoteResult> quote_;
  std::vector<WeighedSource> sources_;
  std::vector<AppraisedLog> logs_;
  std::map<std::size_t, LogInfo> infos_;  // by log
  std::size_t current_log_ = 0;
  std::size_t place_in_pass_ = 0;  // the current log's, among the pass's

  std::deque<AppraisedPass> passes_;
  std::vector<std::size_t> waiting_;     // logs of virtual registers that no pass has read yet
  std::vector<RegisterResult> results_;  // of judging passes, the native one first
  std::size_t native_results_ = 0;       // how many of them are the native one's
  std::map<RegisterKey, std::uint64_t> vouched_;
  std::optional<QuoteCheck> quoted_digest_check_;

  HashEngine engine_;
  RecordFindings records_;
  std::vector<PolicyRun> policies_;
  std::vector<Finding> findings_;
  std::vector<std::string> damaged_;  // paths of logs that were not read to their end
  bool needed_tolerance_ = false;

  // going on from an earlier run, and for a later one (progress.cpp)
  std::optional<AppraisalProgress> from_;
  std::optional<Error> start_error_;
  bool keeps_progress_ = false;
  Result<Checkpoint> fold_ = fail(ErrorKind::unsupported, "no record was judged");  // where the native logs ended
  std::vector<Diagnostic> noticed_;                                                 // until there
};

}  // namespace mrtool
