// A state: how far a log was read, bound to the bytes that it began with, and what had been found out there. The
// verifier's own, and as trusted as the values that logs are compared with: who can write it decides the verdict.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/base/error.hpp"
#include "lib/record/reader.hpp"
#include "lib/replay/checkpoint.hpp"
#include "lib/verify/progress.hpp"

namespace mrtool {

struct LogState {
  std::string tool;     // the version that made it
  std::string command;  // "replay" or "verify"
  std::string format;
  ReadPosition position;
  Digest sha256;  // of the bytes before it
  // What the run was asked for and that decides what it finds, by name: the run that goes on asks for the same.
  std::map<std::string, std::string> options;
  Checkpoint fold;
  std::vector<Diagnostic> diagnostics;  // about the records before the position
  // Of verify.
  std::optional<RecordFindings::Held> records;
  std::vector<policy::Progress> policies;
};

// JSON text (mrtool.state/1) that ends with a checksum of all before. Fails (unsupported) where something in the state
// has no JSON form that reads back as the same, which no log brings about by accident.
Result<std::string> write_state(const LogState& state);
// The reverse. Fails (malformed) where one byte of it is not as write_state writes it.
Result<LogState> read_state(ByteView text);

}  // namespace mrtool
