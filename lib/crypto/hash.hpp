// The hash engine: the one place that hashes. Contexts are made once and reused; one engine belongs to one thread,
// which may have it share work with others.
#pragma once

#include <memory>

#include "lib/crypto/cpu_features.hpp"
#include "lib/crypto/digest.hpp"

namespace mrtool {

class Workers;

class HashEngine {
 public:
  // `features`: fewer than the CPU has, in tests. More than it has ends the process. `workers`: who helps hash_many(),
  // if not null; they stay longer than the engine.
  explicit HashEngine(const CpuFeatures& features = CpuFeatures::of_this_machine(), Workers* workers = nullptr);
  explicit HashEngine(Workers* workers) : HashEngine(CpuFeatures::of_this_machine(), workers) {}
  ~HashEngine();
  HashEngine(HashEngine&&) noexcept;
  HashEngine& operator=(HashEngine&&) noexcept;

  // True for the algorithms of the table that the crypto library offers on this machine.
  static bool can_compute(HashAlgorithm algorithm);

  // H(first ‖ second). `algorithm` must be computable.
  Digest hash(HashAlgorithm algorithm, ByteView first, ByteView second = {});

  // H of each message, one behind the other in `digests`, which has exactly the room. Many messages at a time cost less
  // than one by one, where the CPU has vectors that pay for the algorithm.
  void hash_many(HashAlgorithm algorithm, std::span<const ByteView> messages, std::span<std::uint8_t> digests);
  // The same in SHA-384 and SHA-512, which take their messages' words in the same way: each message's digest in one and
  // then in the other. Costs less than one after the other.
  static constexpr std::size_t kSha384Sha512Size = 48 + 64;  // bytes of both
  void hash_many_sha384_sha512(std::span<const ByteView> messages, std::span<std::uint8_t> digests);

  // value = H(value ‖ digest): the extend operation of a measurement register (TPM 2.0 part 1, 17.2).
  void extend(HashAlgorithm algorithm, Digest& value, ByteView digest);

  // A register, and what extends it in this order.
  struct Chain {
    Digest* value = nullptr;
    std::span<const std::uint8_t* const> digests;  // each of the algorithm's digest size
    std::span<std::uint8_t> values{};              // empty, or room for the value behind each of them
  };
  // The same for independent registers. From extend_together() registers on, as far as they are extended equally often,
  // this costs less than one by one.
  void extend_many(HashAlgorithm algorithm, std::span<const Chain> chains);
  std::size_t extend_together(HashAlgorithm algorithm) const;

  // A chain in each of two algorithms, side by side. Costs less than one behind the other where extends_beside() says
  // so.
  void extend_beside(HashAlgorithm first, const Chain& one, HashAlgorithm second, const Chain& other);
  bool extends_beside(HashAlgorithm first, HashAlgorithm second) const;

 private:
  void extend_one(HashAlgorithm algorithm, std::size_t size, const Chain& chain, std::size_t begin = 0);

  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace mrtool
