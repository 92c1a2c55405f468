// The layered verdict: a quote vouches for registers, registers for logs, logs for the registers that they carry, those
// for further logs, and a policy says what all of that has to be (architecture: what a match needs).
//
// The caller reads logs, as often as asked, and hands their records over; what is judged is only what a compared value
// vouches for.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/quote/quote.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/replay.hpp"
#include "lib/verify/finding.hpp"
#include "lib/verify/policy.hpp"

namespace mrtool {

struct AppraisalProgress;  // defined in progress.hpp

// Among what may be tolerated, beside the readers' tolerances: files that were open for writing while IMA measured
// them.
inline constexpr std::string_view kTolerateViolations = "ima-violations";

struct AppraisalOptions {
  std::map<RegisterKey, Digest> initial{};
  std::optional<Selection> require{};  // what has to be compared; nothing: every register that the logs extend
  bool trust_registers = false;        // values of sources that nothing authenticates count
  bool allow_sha1 = false;             // a comparison in a weak bank suffices
  bool tolerant = false;               // every tolerance of the readers is taken
  std::set<std::string> tolerated{};   // these are: T01, ...; kTolerateViolations
  std::vector<std::shared_ptr<const Policy>> policies{};
};

// A log that the caller can read, by its place in the list that the appraisal was given.
struct AppraisedLog {
  std::string path;
  std::optional<Register> reg;  // REGISTER= of its name
};

struct Layer {
  std::string name;  // "quote", "registers", "log", "virtual", "policy"
  std::vector<QuoteCheck> checks;

  Verdict verdict() const { return verdict_of(checks); }
};

struct AppraisalReport {
  std::vector<Layer> layers;
  std::vector<Finding> findings;
  std::vector<RegisterResult> registers;
  std::vector<RegisterValues> sources;  // that Comparison::source counts
  Verdict verdict = Verdict::inconclusive;
  bool needed_tolerance = false;  // a log breaks its format in a way that was not to be tolerated
};

class Appraisal {
 public:
  // `quote`: appraised already; its registers are compared like those of `sources`, and count for as much as its checks
  // say.
  Appraisal(AppraisalOptions options, std::optional<QuoteResult> quote, std::vector<RegisterValues> sources,
            std::vector<AppraisedLog> logs);
  ~Appraisal();

  // The logs to read now, in order, each from its front; empty when all is known. A log may be asked for several times.
  std::vector<std::size_t> next_pass();
  // Of the present pass. `log` counts as in the constructor's list; `info` is complete.
  void begin_log(std::size_t log, const LogInfo& info);
  void add(const Batch& batch);
  // Of an appraisal of one native log. Before the first pass: its records behind those of `from` are all that is read.
  // What only the earlier ones would show is not found: such a run counts only where its verdict is a pass.
  void begin_from(AppraisalProgress from);
  // Why that cannot be done (malformed): the report is of no use then.
  const std::optional<Error>& start_error() const;
  // Before the first pass: progress() will be asked for.
  void keep_progress();
  // After the last pass: for a run that begins behind the records that were read. Fails (unsupported) where none can.
  Result<AppraisalProgress> progress() const;
  // The first record that was read and that nothing vouches for; none where all were judged.
  std::optional<std::uint64_t> first_beyond() const;

  // For the readers of the present pass; their diagnostics become findings.
  DiagnosticSink& diagnostics();

  // After the last pass: this log could not be read, or not to its end.
  void add_damaged(std::size_t log);
  // After all of that.
  AppraisalReport finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mrtool
