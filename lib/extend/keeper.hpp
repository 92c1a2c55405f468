// Extends a register and keeps its log, so that they never part: however the process or the machine ends, log and
// register agree, or the next run makes them agree and says what it did.
//
// For each batch of events: lock; journal what is to happen, and sync; extend, one event after another; append all of
// them to the log, and sync; journal that it is done. A run that finds an unfinished journal reads the register: it
// holds one of the values that the batch goes through, which says how many events happened, and their records are
// written. If it holds none of these, somebody else extended it: nothing is guessed, the events' fate is reported as
// unknown, and the log resumes from the present value.
//
// Durability: a result is returned when the register has the event and the log is synced; of a batch, all results then.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/extend/kept_log.hpp"

namespace mrtool::extend {

struct KeeperOptions {
  std::string log_path;  // empty: KeptLog::file_name() in the target's state directory
  std::chrono::milliseconds lock_wait{10'000};
  // Goes on with a log whose end is not where the register is because it is of another boot: by a SYNC or a mark.
  bool continue_foreign_log = false;
  // How the target was opened: what the journal names it by for those who find it unfinished. A backend that is not
  // named is the target's.
  TargetOptions opened_by;
  // Opens another register that shares the target's state directory, to finish what is unfinished of it; empty:
  // open_target with the journal's backend and TCTI.
  std::function<Result<std::unique_ptr<ExtendTarget>>(const Register&)> open_other;
};

// What an unfinished journal turned out to mean.
enum class Recovery : std::uint8_t {
  none,     // there was none
  nothing,  // no event of it had been extended
  all,      // all had, and are logged now
  some,     // the first ones had, and are logged now
  unknown,  // the register tells nothing about them
};
std::string_view to_string(Recovery recovery);

struct RecoveryReport {
  Recovery recovery = Recovery::none;
  std::uint64_t extended = 0;  // events that had been extended and are logged
  std::uint64_t lost = 0;      // events that had not (nothing, some), or whose fate is unknown
  std::string message;         // one sentence for people; empty for none
};

// What became of one event.
struct Extended {
  struct Bank {
    HashAlgorithm bank = HashAlgorithm::none;
    Digest digest;
    Digest before;
    Digest after;
  };
  std::vector<Bank> banks;
  std::uint64_t record = 0;  // its number in the log
};

class Keeper {
 public:
  // Makes the state directory where it is not there. `target`, `log` and `host` outlive it.
  Keeper(ExtendTarget& target, KeptLog& log, Host& host, KeeperOptions options);
  ~Keeper();

  const std::string& log_path() const;

  // Locks, and finishes what an earlier run left unfinished. Called by measure(), too. Errors: io (the lock's holder is
  // named; the log or journal cannot be written: nothing was extended), malformed (the log or journal is damaged).
  Result<RecoveryReport> recover();

  // Recovers and opens the log as measure() does, so that one of another boot is put aside; then hands over its path.
  // Nobody appends to it until `look` returns. Errors: as of recover(), and those of `look`.
  Status look_at_log(const std::function<Status(const std::string& path)>& look);

  // Extends by each event in turn. Errors: as of recover(), and io where extending or logging failed: the message says
  // how many events the register has, how many the log has, and what to do.
  // `done` gets each event's result when all that it promises holds; those before a failure get theirs.
  Status measure(std::span<const Event> events, const std::function<void(std::size_t, const Extended&)>& done);

  // What the last call found unfinished, and what it noticed: a register that somebody else extended, a log of another
  // boot that was put aside.
  const RecoveryReport& recovered() const;
  std::vector<std::string> take_notes();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What is left unfinished on this machine, by its journals: the state directories. For `extend --recover` without a
// register.
struct Unfinished {
  Register reg;
  std::string backend;  // as TargetOptions::backend names it
  std::string tcti;
  std::string log_path;
  std::string log_format;
};
Result<std::vector<Unfinished>> find_unfinished(Host& host);

}  // namespace mrtool::extend
