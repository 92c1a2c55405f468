// The log that is kept beside a register: what has to be known of its format to append to it. Formats implement this
// (formats/kept_logs.hpp); the keeper does the locking, the journal and the files.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/extend/event.hpp"
#include "lib/registers/values.hpp"

namespace mrtool::extend {

// Where a log ends: all that the next append depends on. The journal carries it from run to run, so that a log need not
// be read whole for every event.
struct LogEnd {
  std::uint64_t size = 0;                          // bytes
  std::uint64_t records = 0;                       // in the whole log
  std::map<RegisterKey, Digest> values;            // where it leaves each register that it is about
  std::map<Register, std::uint64_t> next_numbers;  // of the next record, where records count by register
  // The last thing about the register was a record, so that no SYNC is due (TSM text logs).
  bool in_sync = false;
  // Bytes at the end that the next append replaces, where another tool closed the log in its own way; 0: as the
  // format's own writer closes it.
  std::uint64_t tail = 0;

  bool operator==(const LogEnd&) const = default;
};

// What an append does to the file: the bytes from `at` to the end are replaced.
struct Append {
  std::uint64_t at = 0;  // <= LogEnd::size
  Bytes bytes;
  LogEnd end;  // where the log ends then; `values` are the keeper's to set
};

// A file beside a log that says what the log itself does not.
struct Companion {
  std::string name;
  std::string content;
};

class KeptLog {
 public:
  virtual ~KeptLog() = default;

  virtual std::string_view format() const = 0;     // name in the table of formats
  virtual std::string_view file_name() const = 0;  // in the state directory, unless the user names another place

  // Reads a log whole. An empty one ends at {}. Fails (malformed) where it is none of this format or is damaged.
  virtual Result<LogEnd> scan(std::unique_ptr<ByteSource> source, const Register& reg, HashAlgorithm bank) = 0;

  // What has to be logged before `reg`, which now has `present`, can go on from `end`: nothing where the log already
  // leaves it there; a measured SYNC (tsm), unmeasured marks (PCR logs), nothing (systemd's, which has neither).
  virtual std::vector<Event> resume(const Register& reg, std::span<const BankDigest> present, const LogEnd& end) = 0;

  // The same before a certain event, for logs that take some events as they are (a TSM log a direct extension).
  virtual std::vector<Event> resume_before(const Event& /*next*/, const Register& reg,
                                           std::span<const BankDigest> present, const LogEnd& end) {
    return resume(reg, present, end);
  }

  // `first`: the first event of what the user measures in one run of the tool (a TSM log has a blank line before it).
  // Fails (unsupported) for what the format cannot hold, with the reason.
  virtual Result<Append> encode(const Event& event, const Register& reg, const LogEnd& end, bool first) = 0;

  // Of a log in the state directory.
  virtual std::vector<Companion> companions() const { return {}; }

  // systemd's own protocol: flock on the log itself, O_NOFOLLOW, and the sticky bit set as long as the log may lack
  // what was extended.
  virtual bool marks_dirty() const { return false; }
};

}  // namespace mrtool::extend
