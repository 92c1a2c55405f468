#include "lib/record/pending_digests.hpp"

#include <algorithm>

namespace mrtool {

namespace {

// Digests that one block of the batch's arena holds, so that it needs no larger ones.
constexpr std::size_t kTogether = 512;

}  // namespace

void PendingDigests::add(HashAlgorithm algorithm, std::size_t place, ByteView data) {
  auto bank = std::ranges::find(banks_, algorithm, &Bank::algorithm);
  if (bank == banks_.end()) {
    bank = banks_.insert(bank, {.algorithm = algorithm, .places = {}, .messages = {}});
  }
  bank->places.push_back(place);
  bank->messages.push_back(data);
}

template <class Hash, class Place>
void PendingDigests::in_pieces(const Bank& bank, Batch& batch, std::size_t size, const Hash& hash, const Place& place) {
  for (std::size_t begin = 0; begin < bank.messages.size(); begin += kTogether) {
    const auto messages =
        std::span<const ByteView>(bank.messages).subspan(begin, std::min(kTogether, bank.messages.size() - begin));
    const std::span<std::uint8_t> digests = batch.arena.room(messages.size() * size);
    hash(messages, digests);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      place(begin + i, digests.subspan(i * size, size));
    }
  }
}

// SHA-384 and SHA-512 together, where both are wanted of the same messages. False where they are not.
bool PendingDigests::finish_twins(Batch& batch, HashEngine& engine) {
  const auto first = std::ranges::find(banks_, HashAlgorithm::sha384, &Bank::algorithm);
  const auto second = std::ranges::find(banks_, HashAlgorithm::sha512, &Bank::algorithm);
  if (first == banks_.end() || second == banks_.end() ||
      !std::ranges::equal(first->messages, second->messages,
                          [](ByteView a, ByteView b) { return a.data() == b.data() && a.size() == b.size(); })) {
    return false;
  }
  const std::size_t behind_first = find_algorithm(HashAlgorithm::sha384)->size;
  in_pieces(
      *first, batch, HashEngine::kSha384Sha512Size,
      [&](std::span<const ByteView> messages, std::span<std::uint8_t> digests) {
        engine.hash_many_sha384_sha512(messages, digests);
      },
      [&](std::size_t i, ByteView digests) {
        batch.digest_pool[first->places[i]].value = digests.first(behind_first);
        batch.digest_pool[second->places[i]].value = digests.subspan(behind_first);
      });
  return true;
}

void PendingDigests::finish(Batch& batch, HashEngine& engine) {
  const bool twins_done = finish_twins(batch, engine);
  for (Bank& bank : banks_) {
    const bool twin = bank.algorithm == HashAlgorithm::sha384 || bank.algorithm == HashAlgorithm::sha512;
    if (!twin || !twins_done) {
      const HashAlgorithmRow* row = find_algorithm(bank.algorithm);
      in_pieces(
          bank, batch, row != nullptr ? row->size : 0,
          [&](std::span<const ByteView> messages, std::span<std::uint8_t> digests) {
            engine.hash_many(bank.algorithm, messages, digests);
          },
          [&](std::size_t i, ByteView digest) { batch.digest_pool[bank.places[i]].value = digest; });
    }
    bank.places.clear();
    bank.messages.clear();
  }
}

}  // namespace mrtool
