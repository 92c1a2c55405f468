#include "formats/ima/digests.hpp"

#include <algorithm>
#include <array>

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

Digests::Digests(const ReadOptions& options, HashAlgorithm bank, bool padded) : bank_(bank), padded_(padded) {
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

ByteView Digests::compute(Batch& batch, HashAlgorithm algorithm, ByteView data) {
  return batch.arena.keep(engine_.hash(algorithm, data).view());
}

ByteView Digests::padded_sha1(Batch& batch, ByteView sha1, std::size_t size) {
  const std::span<std::uint8_t> room = batch.arena.room(size);
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
    ByteView sha1 = bank_ == HashAlgorithm::sha1 ? logged : ByteView{};
    for (const HashAlgorithm algorithm : others_) {
      const ByteView value = compute(batch, algorithm, *data);
      sha1 = algorithm == HashAlgorithm::sha1 ? value : sha1;
      push(algorithm, value, DigestOrigin::computed);
    }
    if (sha1.empty() && !alternatives_.empty()) {
      sha1 = compute(batch, HashAlgorithm::sha1, *data);
    }
    for (const HashAlgorithm algorithm : alternatives_) {
      push(algorithm, padded_sha1(batch, sha1, find_algorithm(algorithm)->size), DigestOrigin::alternative);
    }
  }
  return batch.digest_pool.size() - before;
}

}  // namespace mrtool::ima
