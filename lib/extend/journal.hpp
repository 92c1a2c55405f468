// The journal of a state directory: what is about to happen to a register and its log, or where the last run left them.
//
// One file that is written in place: a line "mrtool-journal 1 LENGTH SHA256" and LENGTH bytes of JSON of that hash.
// What is behind them is of earlier, longer ones. A journal that a crash tore does not have its hash and is damaged; it
// is synced before the register is touched, so a torn one never was acted on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/file.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/extend/kept_log.hpp"

namespace mrtool::extend {

// One event, or what has to be logged for the log to go on from where the register is.
struct Step {
  std::vector<BankDigest> digests;  // as ExtendTarget::extend takes them; empty: nothing is extended
  bool asked = false;               // an event that was to be measured; else a SYNC or a mark
  std::uint64_t at = 0;             // Append::at and Append::bytes
  Bytes bytes;
  LogEnd end;  // where the log ends with it, `values` included
};

// A batch that was begun.
struct Pending {
  Register reg;
  std::string backend;  // as TargetOptions::backend names it
  std::string tcti;
  std::vector<BankDigest> before;  // the register's value
  std::uint64_t tail_at = 0;       // what the steps replace of the log: from here to its end
  Bytes tail;
  bool marks_dirty = false;  // KeptLog::marks_dirty
  bool was_dirty = false;    // the mark was there before
  std::vector<Step> steps;
};

struct Journal {
  std::string boot;            // boot id of the last run
  std::uint64_t sequence = 0;  // counts the batches
  std::string log_path;
  std::string log_format;
  LogEnd end;                           // of the log; with `pending`, before it
  Digest anchor;                        // of the log's last bytes, or of those before Pending::tail_at
  std::vector<std::string> other_logs;  // that were kept in the same boot, by path
  std::optional<Pending> pending;
};

// What the register holds behind the first `steps` steps; in the order of Pending::before.
std::vector<BankDigest> value_after(const Pending& pending, std::size_t steps);
// The bytes that the log has from Pending::tail_at on when the first `steps` steps are logged.
Bytes tail_after(const Pending& pending, std::size_t steps);

Bytes encode_journal(const Journal& journal);
// Fails (malformed) where it is damaged.
Result<Journal> decode_journal(ByteView file);

inline constexpr std::string_view kJournalName = "journal";
inline constexpr std::uint64_t kJournalBytes = 256 * 1024 * 1024;  // at most

}  // namespace mrtool::extend
