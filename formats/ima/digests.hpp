// The values that an entry extends its register with: the logged one, and those of other banks by the kernels' rules.
#pragma once

#include <vector>

#include "lib/crypto/hash.hpp"
#include "lib/record/reader.hpp"

namespace mrtool::ima {

class Digests {
 public:
  // `bank`: of the list. `padded`: its digests are SHA-1 padded with zeros.
  Digests(const ReadOptions& options, HashAlgorithm bank, bool padded);

  // Appends an entry's digests to the batch's pool, the logged one first; returns how many. A violation extends bytes
  // FF, not the zeros that the list shows. Without `data` only the logged one is known.
  std::size_t add(Batch& batch, ByteView logged, const std::optional<ByteView>& data);

  static bool is_violation(ByteView logged) { return all_equal_to(logged, 0); }

 private:
  ByteView compute(Batch& batch, HashAlgorithm algorithm, ByteView data);
  ByteView padded_sha1(Batch& batch, ByteView sha1, std::size_t size);

  HashEngine engine_;
  HashAlgorithm bank_;
  bool padded_;
  std::vector<HashAlgorithm> others_;        // banks beside the list's
  std::vector<HashAlgorithm> alternatives_;  // banks for which the padded digest is wanted
};

}  // namespace mrtool::ima
