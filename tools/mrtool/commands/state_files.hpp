// --save-state, --from-state and --resume: which state a run goes on from, whether it is this run's, and where the one
// that it leaves goes.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "formats/chain.hpp"
#include "lib/state/log_state.hpp"
#include "tools/mrtool/cli/command_line.hpp"

namespace mrtool {

// What decides what a run finds, by name; the same for the run that goes on.
using StateOptions = std::map<std::string, std::string>;

// An error, and what tells it from others of its kind, where anything does.
struct Refusal {
  Refusal(Error what, std::string_view told_as = {}) : error(std::move(what)), code(told_as) {}

  Error error;
  std::string_view code;
};

class StateFiles {
 public:
  StateFiles() = default;
  // Fails (usage) where the options contradict one another.
  static Result<StateFiles> from(const CommandLine& line);
  // As --resume FILE.
  static StateFiles resuming(std::string path);

  bool any() const { return !from_.empty() || !to_.empty(); }
  bool saves() const { return !to_.empty(); }
  const std::string& path() const { return from_; }

  // The state to go on from, if there is one. Fails (io) where others could have written it or could write the one to
  // be saved, (malformed) where it is damaged, (inconclusive) where it is of another run than one of this command with
  // these options, or the one to be saved would take the place of a better one.
  std::expected<std::optional<LogState>, Refusal> load(std::string_view command, const StateOptions& options) const;
  // `found` has the rest. Writes nothing where it is what the run began from.
  Status save(LogState found, std::string_view command, const StateOptions& options,
              const std::optional<LogState>& began) const;
  // Where the run came to this, and something was to be saved: that it was not.
  std::string not_saved_message(std::string_view verdict, bool read_whole) const;

 private:
  Status check_place(std::string_view command, const StateOptions& options) const;

  std::string from_;
  bool must_exist_ = false;
  std::string to_;
};

// Options that every command's state is bound to: the log's register, as far as its name or place says.
StateOptions state_options(const LogName& log);
// Of values that overrule where registers start.
std::string text_of(const std::map<RegisterKey, Digest>& initial);

// The chain's part of a run that begins behind `from`, and at whose end a state may be saved.
ChainOptions with_state(ChainOptions options, const std::optional<LogState>& from, std::uint64_t end);

// The last record behind which nothing is left open: it extends, and is known to have done so.
class CleanEnd {
 public:
  explicit CleanEnd(const std::optional<LogState>& from) : records_(from ? from->position.record : 0) {}

  void see(const Batch& batch);
  std::uint64_t records() const { return records_; }  // up to it

 private:
  std::uint64_t records_;
};

// The log could not be begun behind `from`.
Refusal start_refusal(Error error, const LogState& from, const LogSummary& log);
// What was noticed where a run was refused.
std::vector<Diagnostic> told(const Refusal& refusal);

// Which run it was that began behind a state, or that had to begin anew.
std::string resumed_message(const std::string& path, const LogState& from);
std::string begun_anew_message(const LogState& from);

}  // namespace mrtool
