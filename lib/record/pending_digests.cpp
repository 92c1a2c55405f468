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

void PendingDigests::finish(Batch& batch, HashEngine& engine) {
  for (Bank& bank : banks_) {
    const HashAlgorithmRow* row = find_algorithm(bank.algorithm);
    const std::size_t size = row != nullptr ? row->size : 0;
    for (std::size_t begin = 0; begin < bank.messages.size(); begin += kTogether) {
      const auto messages =
          std::span<const ByteView>(bank.messages).subspan(begin, std::min(kTogether, bank.messages.size() - begin));
      const std::span<std::uint8_t> digests = batch.arena.room(messages.size() * size);
      engine.hash_many(bank.algorithm, messages, digests);
      for (std::size_t i = 0; i < messages.size(); ++i) {
        batch.digest_pool[bank.places[begin + i]].value = digests.subspan(i * size, size);
      }
    }
    bank.places.clear();
    bank.messages.clear();
  }
}

}  // namespace mrtool
