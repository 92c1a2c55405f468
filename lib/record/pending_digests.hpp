// Digests that a reader computes from the contents of records: gathered while a batch is parsed, then hashed together,
// which costs less than one by one.
#pragma once

#include <vector>

#include "lib/crypto/hash.hpp"
#include "lib/record/reader.hpp"

namespace mrtool {

class PendingDigests {
 public:
  // The entry batch.digest_pool[place] gets the digest of `data`, which stays where it is until finish().
  void add(HashAlgorithm algorithm, std::size_t place, ByteView data);
  // Computes them, into the batch's arena.
  void finish(Batch& batch, HashEngine& engine);

 private:
  struct Bank {
    HashAlgorithm algorithm = HashAlgorithm::none;
    std::vector<std::size_t> places;
    std::vector<ByteView> messages;
  };
  std::vector<Bank> banks_;  // emptied by finish(), kept for the next batch
};

}  // namespace mrtool
