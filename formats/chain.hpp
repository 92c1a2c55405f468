// Several logs as one chain, in the order given: opens each, finds out its format, and hands over its records in
// batches. The pieces that are no logs of their own are put where they belong: an ACPI CCEL table tells the platform of
// the log behind it; a UEFI final-events table continues the firmware log before it, without the records that both hold
// (tcg2-ccel format notes: UEFI final events table).
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "formats/formats.hpp"
#include "lib/base/host.hpp"

namespace mrtool {

// [FORMAT:][REGISTER=]PATH; "-" is standard input, "live" this machine's own logs. A prefix counts only if it is a
// known format or register name.
struct LogName {
  const FormatRow* format = nullptr;  // nullptr: the bytes decide
  std::optional<Register> reg;
  std::string path;
  bool live = false;  // found by expand_live: holding no bytes means that there is no log, which is said
};
// Fails (usage) where REGISTER= is given for a format that names its registers.
Result<LogName> parse_log_name(std::string_view text);
// "live": those of this machine's logs that exist, each named, in the order of a chain: firmware's (of TPMs, CCEL with
// its ACPI table), then IMA's in its strongest bank, systemd's, those of TSM trees, those that mrtool keeps where the
// kernel keeps none, the CoCo attestation agent's.
// Others: themselves.
std::vector<LogName> expand_live(const std::vector<LogName>& names, Host& host);

struct LogSummary {
  std::string path;
  LogInfo info;             // format and evidence are empty when it could not be opened or recognised
  std::string note;         // what speaks against the format found
  std::uint64_t bytes = 0;  // read so far
  std::uint64_t records = 0;
  bool partial = false;            // damaged: more was there than could be read
  bool continues_another = false;  // a final-events table behind its log
};

// Where in a log to begin: behind a prefix that a run before this one has read.
struct LogStart {
  std::string format;
  ReadPosition position;
  Digest sha256;  // of the bytes before it

  bool operator==(const LogStart&) const = default;
};

// What holds for every log of a chain.
struct ChainOptions {
  HashAlgorithm bank = HashAlgorithm::none;    // of logs that do not state theirs (--bank, when it names one)
  std::vector<HashAlgorithm> compute_banks{};  // see ReadOptions
  bool compute_alternatives = false;           // values will be compared
  bool keeps_layout = true;                    // see ReadOptions
  Workers* workers = nullptr;                  // see ReadOptions; they read files ahead, too

  // Of a chain of one log, of a format whose readers can begin in the middle: others are refused (unsupported).
  bool keeps_end = false;           // where_it_ends() will be asked for
  std::optional<LogStart> start{};  // refused (inconclusive) where the log begins otherwise
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();  // see ReadOptions
};

class LogChain {
 public:
  LogChain(std::vector<LogName> names, Host& host, DiagnosticSink& diagnostics, ChainOptions options = {});
  ~LogChain();

  struct Step {
    std::size_t log = 0;  // index in logs()
    bool first_of_log = false;
    const LogInfo* info = nullptr;
    Batch* batch = nullptr;  // may be moved from
  };
  // False at the end of the chain. A log that cannot be opened or is damaged leaves an error in errors() and the chain
  // goes on with the next one.
  bool next(Step& step);

  const std::vector<LogSummary>& logs() const;
  const std::vector<Error>& errors() const;
  // After the end, with ChainOptions::keeps_end: where a later run can begin, behind the last record. Fails
  // (unsupported) where there is no such place.
  Result<LogStart> where_it_ends() const;
  // Why the log could not be begun where ChainOptions::start says.
  const std::optional<Error>& start_error() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mrtool
