// The hash, in several algorithms at once, of bytes that come in pieces: of a file of any size.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lib/crypto/digest.hpp"

namespace mrtool {

class StreamHash {
 public:
  // Each must be computable (HashEngine::can_compute).
  explicit StreamHash(std::span<const HashAlgorithm> algorithms);
  ~StreamHash();
  StreamHash(const StreamHash&) = delete;
  StreamHash& operator=(const StreamHash&) = delete;

  void add(ByteView piece);
  // Of what was added until now; more may follow.
  std::vector<Digest> so_far() const;
  // In the order of the algorithms. Nothing may be added afterwards.
  std::vector<Digest> finish();

 private:
  struct Context;
  std::vector<Context> contexts_;
};

}  // namespace mrtool
