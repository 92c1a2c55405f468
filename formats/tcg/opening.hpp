// How a log begins: what its first bytes say about the framing of all that follows. Shared by detection, which looks at
// a prefix, and the reader, which can ask for more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/tcg/frame.hpp"
#include "formats/tcg/spec_id.hpp"

namespace mrtool::tcg {

inline constexpr std::uint64_t kFinalEventsHeaderBytes = 16;
// A remainder of one byte value is fill from this length on; a shorter one is a record cut short.
inline constexpr std::uint64_t kSmallestFill = 8;

enum class Shape : std::uint8_t {
  sha1,          // TCG_PCR_EVENT throughout
  agile,         // a spec-ID event or its stand-in, then TCG_PCR_EVENT2
  final_events,  // UEFI final-events table: a header of 16 bytes, then TCG_PCR_EVENT2
  headerless,    // TCG_PCR_EVENT2 from the start: the file of the CoCo attestation agent, which continues a log
};

struct Opening {
  FrameState state = FrameState::complete;
  std::uint64_t need = 0;  // incomplete: this many bytes at least
  std::string_view part;   // incomplete: the part of record 0 that is cut short
  std::string problem;     // malformed

  // As far as the bytes tell, also when incomplete.
  Shape shape = Shape::sha1;
  ByteOrder order = ByteOrder::little;
  SpecId spec;
  Frame first;  // record 0; of sha1 and agile, of headerless once it is complete
  bool nonzero_first_digest = false;
  std::uint64_t suffix = 0;       // vendor bytes behind record 0
  std::uint64_t final_count = 0;  // records that a final-events table states
  AlgorithmSize bank;             // of headerless: the one of all records
};

// `bytes` start at the log (behind an ACPI table, if any); `complete`: there are no more.
// `algorithms` frame the records of a final-events table.
Opening read_opening(ByteView bytes, bool complete, std::span<const AlgorithmSize> algorithms);

// Sizes for pieces that announce none and follow no log that does.
std::vector<AlgorithmSize> built_in_algorithms();

// True when the bytes begin like a UEFI final-events table (TCG EFI Protocol Specification 2.0, section 7).
bool starts_final_events(ByteView bytes, bool complete, std::span<const AlgorithmSize> algorithms);

enum class FillState : std::uint8_t { none, fill, undecided };
// Does fill start here, at a record boundary? Whatever follows, a run that no record can start with is fill; a shorter
// run is when it is all that is left. Undecided: `kLongestUndecided` bytes decide.
inline constexpr std::uint64_t kLongestUndecided = kSha1HeaderBytes;
FillState fill_at(ByteView bytes, bool complete, Framing framing);
// How many of the first bytes are equal to the first one, if that is 00 or FF; else 0.
std::size_t fill_run(ByteView bytes);

}  // namespace mrtool::tcg
