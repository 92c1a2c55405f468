// The hash engine: the one place that hashes. Contexts are made once and reused; one engine belongs to one thread.
#pragma once

#include <memory>

#include "lib/crypto/digest.hpp"

namespace mrtool {

class HashEngine {
 public:
  HashEngine();
  ~HashEngine();
  HashEngine(HashEngine&&) noexcept;
  HashEngine& operator=(HashEngine&&) noexcept;

  // True for the algorithms of the table that the crypto library offers on this machine.
  static bool can_compute(HashAlgorithm algorithm);

  // H(first ‖ second). `algorithm` must be computable.
  Digest hash(HashAlgorithm algorithm, ByteView first, ByteView second = {});

  // value = H(value ‖ digest): the extend operation of a measurement register (TPM 2.0 part 1, 17.2).
  void extend(HashAlgorithm algorithm, Digest& value, ByteView digest);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace mrtool
