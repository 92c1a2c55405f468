// Between the files of the keeper: what it knows while it has the lock, and the steps of its work.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/extend/journal.hpp"
#include "lib/extend/keeper.hpp"

namespace mrtool::extend {

using Done = std::function<void(std::size_t, const Extended&)>;

struct Keeper::State {
  State(ExtendTarget& the_target, KeptLog& the_log, Host& the_host, KeeperOptions the_options);

  ExtendTarget& target;
  KeptLog& log;
  Host& host;
  KeeperOptions options;
  std::string directory;
  std::string log_path;
  std::string boot;  // empty where it cannot be known: then every boot is another one

  RecoveryReport report;
  std::vector<std::string> notes;

  // While the lock is held. The journal's file and the log's stay open in between.
  std::unique_ptr<File> lock;
  std::unique_ptr<File> log_lock;  // of a log that the user named: other registers may be kept in it
  std::unique_ptr<File> journal_file;
  std::unique_ptr<File> log_file;
  Journal journal;               // as the file has it; empty where there is none
  bool journal_damaged = false;  // it had one that does not read
  bool resume_due = false;       // the log has to go on from the register's present value, even if no event comes
  LogEnd end;                    // of the log that is open

  std::optional<std::uint64_t> own_sequence;  // of the batch that this keeper wrote last

  std::string path_of(std::string_view name) const { return directory + "/" + std::string(name); }
  void note(std::string sentence) { notes.push_back(std::move(sentence)); }

  // keeper.cpp: takes the lock, and finishes what is unfinished; lets the lock go.
  Status begin();
  void leave();
  Status replace_journal();

  // keeper_journal.cpp
  Status load_journal();
  Status write_journal(const Journal& next);
  // `next` and `room` bytes more can be written.
  Status reserve_journal(const Journal& next);
  // The log ends at `end`, as far as this boot knows.
  Status write_idle(const LogEnd& at, File& file);

  // keeper_log.cpp: opens the log and finds where it ends; puts one of another boot aside.
  Status open_log();
  Status open_log_file();
  Status find_end(bool known_boot);
  Result<bool> is_elsewhere();
  Status put_aside(std::string_view why);
  Status write_companions();

  // keeper_batch.cpp: extends by the first events, as many as one journal takes, and logs them. How many these were.
  // `number`: of the first one, for `done`. Without events: only what makes the log go on from the present value.
  Result<std::size_t> run_batch(std::span<const Event> events, std::size_t number, const Done& done);
  Status resume_log();
  bool has_left(std::span<const BankDigest> present);
  Status begin_batch(Pending& pending);
  Status finish_batch(const Pending& pending, std::size_t steps, bool unknown);

  // keeper_recovery.cpp: finishes the journal's batch.
  Status finish_pending();
  Status finish_in_changed_log(const Pending& pending, std::optional<std::size_t> steps, RecoveryReport found,
                               File& file, const Bytes& there);
};

// SHA-256 of the log's last bytes before `at`, by which it is known again.
Result<Digest> anchor_of(File& log, std::uint64_t at);
// Makes the log be as with the first `steps` steps, and syncs it.
Status write_steps(File& log, const Pending& pending, std::size_t steps);

// "3 events", "1 event".
std::string count_of(std::uint64_t events);

}  // namespace mrtool::extend
