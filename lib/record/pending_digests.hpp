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
  // Hashes the bank's messages in pieces, each by `hash` into room for `size` bytes a message, and tells `place` which
  // of them is where.
  template <class Hash, class Place>
  static void in_pieces(const Bank& bank, Batch& batch, std::size_t size, const Hash& hash, const Place& place);
  bool finish_twins(Batch& batch, HashEngine& engine);
  std::vector<Bank> banks_;  // emptied by finish(), kept for the next batch
};

}  // namespace mrtool
