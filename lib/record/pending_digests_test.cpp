#include "lib/record/pending_digests.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace mrtool;

namespace {

// The digests in the banks that are chosen of messages of all lengths come to their places, in one batch after the
// other.
void check_banks(std::span<const HashAlgorithm> banks, std::size_t leave_out_every) {
  HashEngine engine;
  PendingDigests pending;
  Batch batch;
  std::mt19937 random(1);
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{511}, std::size_t{1300}, std::size_t{2}}) {
    CAPTURE(count);
    batch.digest_pool.clear();
    batch.arena.clear();
    batch.buffer.resize(count * 300);
    for (std::uint8_t& byte : batch.buffer.mutable_view()) {
      byte = static_cast<std::uint8_t>(random());
    }
    std::vector<ByteView> messages;
    for (std::size_t i = 0; i < count; ++i) {
      messages.push_back(batch.buffer.view().subspan(i * 300, i % 300));
      for (const HashAlgorithm bank : banks) {
        batch.digest_pool.push_back({.algorithm = bank, .value = messages.back()});
        if (bank != banks.back() || leave_out_every == 0 || i % leave_out_every != 0) {
          pending.add(bank, batch.digest_pool.size() - 1, messages.back());
        }
      }
    }
    pending.finish(batch, engine);
    REQUIRE(batch.digest_pool.size() == count * banks.size());
    for (std::size_t i = 0; i < batch.digest_pool.size(); ++i) {
      CAPTURE(i);
      const HashAlgorithm bank = batch.digest_pool[i].algorithm;
      const std::size_t message = i / banks.size();
      const bool left_out = bank == banks.back() && leave_out_every != 0 && message % leave_out_every == 0;
      const ByteView value = batch.digest_pool[i].value;
      CHECK(equal(value, left_out ? messages[message] : engine.hash(bank, messages[message]).view()));
    }
  }
}

}  // namespace

TEST_CASE("digests of several banks come to their places, in one batch after the other") {
  using enum HashAlgorithm;
  const std::vector<std::vector<HashAlgorithm>> several{
      {sha512, sha1, sha384, sha256}, {sha1, sha384}, {sha384, sha512}};
  for (const std::vector<HashAlgorithm>& banks : several) {
    check_banks(banks, 0);
    check_banks(banks, 7);  // the last bank has fewer messages than the others
  }
}
