// The values that an entry extends its register with: the logged one, and those of other banks by the kernels' rules.
#pragma once

#include <vector>

#include "lib/crypto/hash.hpp"
#include "lib/record/pending_digests.hpp"
#include "lib/record/reader.hpp"

namespace mrtool::ima {

class Digests {
 public:
  // `bank`: of the list. `padded`: its digests are SHA-1 padded with zeros.
  Digests(const ReadOptions& options, HashAlgorithm bank, bool padded);

  // Appends an entry's digests to the batch's pool, the logged one first; returns how many. A violation extends bytes
  // FF, not the zeros that the list shows. Without `data` only the logged one is known.
  // Those that are computed from the data, which stays where it is, have no value before finish().
  std::size_t add(Batch& batch, ByteView logged, const std::optional<ByteView>& data);
  void finish(Batch& batch);

  static bool is_violation(ByteView logged) { return all_equal_to(logged, 0); }

 private:
  // An entry of the pool whose value is a SHA-1 digest with zeros behind it, and the entry that has the digest.
  struct Padded {
    std::size_t place = 0;
    std::size_t sha1 = 0;
  };

  ByteView padded_sha1(Batch& batch, ByteView sha1, HashAlgorithm bank);

  HashEngine engine_;
  HashAlgorithm bank_;
  bool padded_;
  std::vector<HashAlgorithm> others_;        // banks beside the list's
  std::vector<HashAlgorithm> alternatives_;  // banks for which the padded digest is wanted
  PendingDigests pending_;
  std::vector<Padded> padded_alternatives_;
};

}  // namespace mrtool::ima
