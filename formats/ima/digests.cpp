#include "formats/ima/digests.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace mrtool::ima {
namespace {

constexpr std::size_t kSha1Bytes = 20;
constexpr std::array kUsualBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384,
                                 HashAlgorithm::sha512};

constexpr std::array<std::uint8_t, kMaxDigestSize> ones(std::size_t count) {
  std::array<std::uint8_t, kMaxDigestSize> bytes{};
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = 0xFF;
  }
  return bytes;
}
constexpr auto kViolation = ones(kMaxDigestSize);
constexpr auto kPaddedViolation = ones(kSha1Bytes);

ByteView violation(HashAlgorithm bank, bool padded) {
  return ByteView(padded ? kPaddedViolation : kViolation).first(find_algorithm(bank)->size);
}

}  // namespace

Digests::Digests(const ReadOptions& options, HashAlgorithm bank, bool padded)
    : engine_(options.workers), bank_(bank), padded_(padded) {
  const std::span<const HashAlgorithm> wanted =
      options.compute_banks.empty() ? std::span<const HashAlgorithm>(kUsualBanks) : options.compute_banks;
  for (const HashAlgorithm algorithm : wanted) {
    const bool known = find_algorithm(algorithm) != nullptr && HashEngine::can_compute(algorithm);
    if (known && algorithm != bank && std::ranges::find(others_, algorithm) == others_.end()) {
      others_.push_back(algorithm);
    }
  }
  if (options.compute_alternatives) {
    alternatives_ = others_;
    alternatives_.insert(alternatives_.begin(), bank);
    std::erase(alternatives_, HashAlgorithm::sha1);
  }
}

ByteView Digests::padded_sha1(Batch& batch, ByteView sha1, HashAlgorithm bank) {
  const std::span<std::uint8_t> room = batch.arena.room(find_algorithm(bank)->size);
  const auto end = std::ranges::copy(sha1, room.begin()).out;
  std::fill(end, room.end(), std::uint8_t{0});
  return room;
}

std::size_t Digests::add(Batch& batch, ByteView logged, const std::optional<ByteView>& data) {
  const std::size_t before = batch.digest_pool.size();
  const auto push = [&batch](HashAlgorithm algorithm, ByteView value, DigestOrigin origin) {
    batch.digest_pool.push_back({.algorithm = algorithm, .value = value, .origin = origin});
  };
  if (is_violation(logged)) {
    push(bank_, violation(bank_, padded_), DigestOrigin::computed);
    for (const HashAlgorithm algorithm : others_) {
      push(algorithm, violation(algorithm, false), DigestOrigin::computed);
    }
    for (const HashAlgorithm algorithm : alternatives_) {
      push(algorithm, violation(algorithm, true), DigestOrigin::alternative);
    }
    return batch.digest_pool.size() - before;
  }
  push(bank_, logged, DigestOrigin::logged);
  if (data) {
    constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
    std::size_t sha1 = bank_ == HashAlgorithm::sha1 ? before : kNowhere;
    for (const HashAlgorithm algorithm : others_) {
      const std::size_t place = batch.digest_pool.size();
      sha1 = algorithm == HashAlgorithm::sha1 ? place : sha1;
      pending_.add(algorithm, place, *data);
      push(algorithm, {}, DigestOrigin::computed);
      batch.digest_pool.back().is_hash_of_data = true;
    }
    for (const HashAlgorithm algorithm : alternatives_) {
      const std::size_t place = batch.digest_pool.size();
      if (sha1 == kNowhere) {
        sha1 = place;  // which is padded once it is there
        pending_.add(HashAlgorithm::sha1, place, *data);
      }
      padded_alternatives_.push_back({.place = place, .sha1 = sha1});
      push(algorithm, {}, DigestOrigin::alternative);
    }
  }
  return batch.digest_pool.size() - before;
}

void Digests::finish(Batch& batch) {
  pending_.finish(batch, engine_);
  for (const Padded& padded : padded_alternatives_) {
    DigestEntry& entry = batch.digest_pool[padded.place];
    entry.value = padded_sha1(batch, batch.digest_pool[padded.sha1].value.first(kSha1Bytes), entry.algorithm);
  }
  padded_alternatives_.clear();
}

}  // namespace mrtool::ima
