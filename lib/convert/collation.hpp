// Several logs as one collection (CEL format notes, section 11.1): a version note, the firmware's log, a note that the
// firmware has ended, then the logs of the running system; record numbers per register, over all logs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "lib/base/error.hpp"
#include "lib/record/record.hpp"

namespace mrtool {

enum class Note : std::uint8_t { version, firmware_end };

class Collation {
 public:
  // The note that comes before the log's records; nothing where none does. Fails (usage) where a firmware log comes
  // behind one of the running system.
  Result<std::optional<Note>> begin_log(const LogInfo& info, bool first);
  // A record of that note. Its bytes are static.
  Record note(Note note) const;
  // Numbers the record. Fails (unsupported) where it would mix PCRs with registers of a confidential machine: the way
  // from one to the other is many-to-one, so they are two collections.
  Status admit(Record& record);

 private:
  enum class Family : std::uint8_t { unknown, tpm, cc };

  Register lowest_;  // the one that notes are about
  Family family_ = Family::unknown;
  bool firmware_ = false;                   // the log before was the firmware's
  bool running_ = false;                    // a log of the running system has begun
  std::map<Register, std::uint64_t> next_;  // record numbers
};

}  // namespace mrtool
