// The fold: initial values, then every extending record in order, per register and bank. Everything that computes a
// register value from a log uses this and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/record/record.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/values.hpp"

namespace mrtool {

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
};

struct RegisterResult {
  Register reg;
  HashAlgorithm bank = HashAlgorithm::none;
  Digest value;
  std::uint64_t records = 0;  // that extended it in this bank
  Digest initial;
  std::string initial_reason;
  bool complete = true;            // false: a record that extends the register has no digest for this bank
  bool log_may_run_ahead = false;  // its last record comes from a log that grows at run time
  std::vector<Comparison> against;
};

struct ReplayOptions {
  std::map<RegisterKey, Digest> initial;  // --initial: overrides every other rule
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

  // Sorted for display: banks by their order in the logs, registers by display_before. Registers without records appear
  // where a value was given to compare them with.
  std::vector<RegisterResult> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Over all comparisons: was anything compared, and did all of it hold?
enum class ReplayVerdict : std::uint8_t { computed, equal, differs, inconclusive };
std::string_view to_string(ReplayVerdict verdict);
// `compared`: values were asked for. Log-ahead holds only where the log may run ahead.
ReplayVerdict verdict_of(const std::vector<RegisterResult>& results, bool compared);

}  // namespace mrtool
