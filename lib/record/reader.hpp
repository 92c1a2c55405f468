// How bytes become records.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/base/error.hpp"
#include "lib/base/host.hpp"
#include "lib/record/record.hpp"

namespace mrtool {

class Workers;

// A place in a log, behind a whole record, from which a reader can go on that has not read what is before it.
struct ReadPosition {
  std::uint64_t offset = 0;  // bytes from the start of the log
  std::uint64_t record = 0;  // number of the record that begins there
  // What LogInfo says of the log.
  ByteOrder byte_order = ByteOrder::little;
  std::vector<AlgorithmSize> algorithms{};
  std::string dialect{};
  std::uint32_t marks = 0;  // what else the format's reader remembers; each defines its own bits

  bool operator==(const ReadPosition&) const = default;
};

struct ReadOptions {
  // Algorithm sizes from an earlier log of the chain, for pieces that have no spec-ID event of their own
  // (the UEFI final-events table).
  std::vector<AlgorithmSize> algorithms{};
  Platform platform = Platform::unknown;  // when it is known from elsewhere (an ACPI CCEL table)

  // REGISTER= of the command line, or the log's place in a TSM tree: for formats that do not name their register.
  std::optional<Register> reg{};
  // The bank of a log that does not state it (--bank, a hash_algo file beside it); none: the reader finds out.
  HashAlgorithm bank = HashAlgorithm::none;
  // Banks for which digests are computed from the content, where the format's rule allows it, beside those that the
  // log holds. Empty: the format's usual ones. {HashAlgorithm::none}: no others.
  std::vector<HashAlgorithm> compute_banks{};
  bool compute_alternatives = false;  // DigestOrigin::alternative too: only worth it when values are compared
  bool keeps_layout = true;           // records may be written again; false spares what only their own writer asks for
  Workers* workers = nullptr;         // who helps to compute digests; they stay longer than the reader

  // Where the source begins in its log: of readers that have a position(). Records keep their numbers and offsets, and
  // what there was to notice before is not noticed again.
  std::optional<ReadPosition> begin{};
  // The number of the record before which reading ends, as if the log ended there; of the same readers.
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
};

// A pull reader over a source that it owns. Memory is bounded by one piece and one record.
class Reader {
 public:
  virtual ~Reader() = default;

  // Replaces the content of `batch` by the next records. True: call again. False: the log has ended with this batch.
  // On an error the batch holds every record before the damage, and the log is partial: do not call again.
  virtual Result<bool> read(Batch& batch) = 0;

  // Complete once the first read has returned.
  virtual const LogInfo& info() const = 0;

  // Behind the last record of a log that has ended: with what is appended to it, it is read from there as if all of it
  // were read. Fails (unsupported) where that cannot be.
  virtual Result<ReadPosition> position() const {
    return fail(ErrorKind::unsupported, "a log of this format cannot be read from its middle on");
  }
};

}  // namespace mrtool
