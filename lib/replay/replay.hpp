// The fold: initial values, then every extending record in order, per register and bank. Everything that computes a
// register value from a log uses this and nothing else.
//
// Where a log can be read in more than one way (extends that may have failed, stated values that may be forged, IMA
// digests of two rules), the ways are folded side by side, and values that the log states or that are compared decide.
// Without such a value the result is of the usual reading.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/record/record.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/values.hpp"

namespace mrtool {

struct Checkpoint;  // defined in checkpoint.hpp

enum class MatchState : std::uint8_t {
  equal,        // the whole log gives the value
  log_ahead,    // a non-empty prefix of it does
  unexplained,  // the register has left its initial value and no record is about it
  differs,
};
std::string_view to_string(MatchState state);

struct Comparison {
  std::size_t source = 0;  // index of the RegisterValues that the value is from
  Digest value;
  MatchState state = MatchState::differs;
  // Of the register's records, how many give the value; the longest such prefix. 0 when none does, and for a register
  // without records that holds its initial value (which is equal, yet compares nothing).
  std::uint64_t matched_records = 0;
  // The last of these records, where matched_records counts any: its number, and its log's (as begin_log was given it).
  std::optional<std::uint64_t> last_record{};
  std::optional<std::size_t> last_log{};
  // The records behind the prefix all come from logs that grow at run time: being ahead is normal.
  bool ahead_at_runtime = false;
};

// How far a log that states its register's value (a TSM log's SYNC) explains the values compared (TSM log format notes,
// 6.3).
enum class LogVerdict : std::uint8_t {
  complete,   // from a known start to the value, without a gap
  opaque,     // complete, but with digests that were extended directly: nothing says what they mean
  tail_only,  // from the log's first stated value on; how the register got there is not known
  gap,        // a later stated value was taken over; only what follows it is proven
  unbound,    // no value to compare with
  fail,       // no reading of the log gives the value
};
std::string_view to_string(LogVerdict verdict);

// Where the fold took over a stated value in place of its own.
struct Gap {
  std::uint64_t record = 0;
  Digest expected;  // what the records before gave
  Digest stated;
};

// Which digests of an IMA list were folded (IMA format notes, 5.3).
enum class DigestRule : std::uint8_t {
  only,           // the log offers no choice
  per_bank,       // of the bank's own algorithm
  padded_sha1,    // SHA-1 digests with zeros behind them
  padded_before,  // those of the kernels before the record that RegisterResult::rule_changes_at says, then per bank
};

struct RegisterResult {
  static constexpr std::size_t kListedGaps = 64;

  Register reg;
  HashAlgorithm bank = HashAlgorithm::none;
  Digest value;
  std::uint64_t records = 0;  // that extended it in this bank
  Digest initial;
  std::string initial_reason;
  // Only the log says so, and the platform would start it elsewhere: a first SYNC, an INIT, an NV index. The locality
  // of a TPM's startup and H-CRTM are claims that the platform provides for.
  bool initial_claimed = false;
  bool complete = true;            // false: a record that extends the register has no digest for this bank
  bool log_may_run_ahead = false;  // its last record comes from a log that grows at run time
  std::vector<Comparison> against;
  std::optional<LogVerdict> log_verdict;  // only where a log states the register's value or may have failed extends
  std::vector<Gap> gaps;                  // of the reading that `value` is of; the first kListedGaps
  DigestRule digest_rule = DigestRule::only;
  std::uint64_t rule_changes_at = 0;  // the record from which padded_before folds the bank's own digests
  std::string carried_by;             // the register whose records extend this one; empty for others
};

class Workers;

struct ReplayOptions {
  std::map<RegisterKey, Digest> initial{};  // --initial: overrides every other rule
  bool one_digest_rule = false;             // where logs have several, digests are there by the usual one only
  Workers* workers = nullptr;               // who helps to hash; they stay longer than the replay
};

class Replay {
 public:
  Replay(ReplayOptions options, DiagnosticSink& diagnostics);
  ~Replay();

  // Values to compare with; all before the first record. The position of a prefix is found while folding.
  void compare_with(std::vector<RegisterValues> sources);

  // The logs of a chain in order: each continues the registers where the one before left them. `info` is complete.
  // `log` is the log's number in diagnostics; without it the sink's own holds.
  void begin_log(const LogInfo& info, std::optional<std::size_t> log = std::nullopt);
  void add(const Record& record);
  void add(const Batch& batch);
  // The same, and takes the batch away: its registers' banks are folded while the caller reads the next one. What it
  // finds in `batch` then is of no meaning.
  void take(Batch& batch);

  // Sorted for display: banks by their order in the logs, registers by display_before. Registers without records appear
  // where a value was given to compare them with.
  std::vector<RegisterResult> finish();

  // Before finish(): where the fold of a single log stands behind its first `records` records, the last of which
  // extends and is not tentative. Fails (unsupported) where it cannot be carried over.
  Result<Checkpoint> checkpoint(std::uint64_t records) const;
  // After begin_log(), instead of adding those records. Values that only fewer of them give are not found any more.
  // Fails (malformed) where no fold can stand there; the replay is of no use then.
  Status take_up(const Checkpoint& from);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Over all comparisons: was anything compared, and did all of it hold?
enum class ReplayVerdict : std::uint8_t { computed, equal, differs, inconclusive };
std::string_view to_string(ReplayVerdict verdict);
// "per-bank", "padded-sha1", "padded-sha1 until record 12"; empty where there was no choice.
std::string digest_rule_name(const RegisterResult& result);
// `compared`: values were asked for. Log-ahead holds only where the log may run ahead. What a log leaves unproven (a
// gap, a start that nothing confirms) is inconclusive.
ReplayVerdict verdict_of(const std::vector<RegisterResult>& results, bool compared);

}  // namespace mrtool
