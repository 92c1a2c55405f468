// How bytes become records.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/base/error.hpp"
#include "lib/base/host.hpp"
#include "lib/record/record.hpp"

namespace mrtool {

class Workers;

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
  Workers* workers = nullptr;         // who helps to compute digests; they stay longer than the reader
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
};

}  // namespace mrtool
