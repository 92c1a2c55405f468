#include "lib/record/pending_digests.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace mrtool;

TEST_CASE("digests of several banks come to their places, in one batch after the other") {
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
    for (std::uint8_t& byte : batch.buffer) {
      byte = static_cast<std::uint8_t>(random());
    }
    std::vector<ByteView> messages;
    for (std::size_t i = 0; i < count; ++i) {
      messages.push_back(ByteView(batch.buffer).subspan(i * 300, i % 300));
      for (const HashAlgorithm bank : {HashAlgorithm::sha1, HashAlgorithm::sha384}) {
        pending.add(bank, batch.digest_pool.size(), messages.back());
        batch.digest_pool.push_back({.algorithm = bank, .value = {}});
      }
      batch.digest_pool.push_back({.algorithm = HashAlgorithm::sha256, .value = messages.back()});
    }
    pending.finish(batch, engine);
    REQUIRE(batch.digest_pool.size() == count * 3);
    for (std::size_t i = 0; i < count; ++i) {
      CAPTURE(i);
      CHECK(equal(batch.digest_pool[i * 3].value, engine.hash(HashAlgorithm::sha1, messages[i]).view()));
      CHECK(equal(batch.digest_pool[i * 3 + 1].value, engine.hash(HashAlgorithm::sha384, messages[i]).view()));
      CHECK(equal(batch.digest_pool[i * 3 + 2].value, messages[i]));
    }
  }
}
