// Replay by several threads says what replay by one says, in the same order, of whatever a reader could hand over.
#include <doctest/doctest.h>

#include <array>
#include <random>

#include "lib/base/workers.hpp"
#include "lib/replay/test_outcome.hpp"

using namespace mrtool;
using namespace mrtool::replay_test;

namespace {

Bytes random_bytes(std::mt19937& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(random());
  }
  return bytes;
}

// A long log that is about few registers, as real ones are, and now and then something that needs a look at a cell:
// a stated value, an extend that may have failed, a bank that is missing.
struct About {
  RegisterKind kind = RegisterKind::rtmr;
  unsigned registers = 3;
  ContentType content = ContentType::tsm;
  bool odd = true;
};
GeneratedLogs long_log(std::mt19937& random, std::size_t batches, const About& about = {}) {
  constexpr std::array kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512};
  constexpr std::size_t kRecords = 60;
  constexpr std::size_t kOddEvery = 97;
  GeneratedLogs made;
  GeneratedLogs::Log& log = made.logs.emplace_back();
  log.info.grows_at_runtime = true;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < batches; ++i) {
    Batch& batch = log.batches.emplace_back();
    for (std::size_t j = 0; j < kRecords; ++j) {
      Record& record = batch.records.emplace_back();
      record.number = number++;
      record.reg.kind = about.kind;
      record.reg.index = static_cast<std::uint32_t>(random() % about.registers);
      record.extends = true;
      record.content = about.content;
      std::vector<DigestEntry>& digests = made.digests.emplace_back();
      for (const HashAlgorithm bank : kBanks) {
        if (!about.odd || random() % kOddEvery != 0) {
          const Bytes bytes = random_bytes(random, find_algorithm(bank)->size);
          const std::string& kept = made.lines.emplace_back(bytes.begin(), bytes.end());
          digests.push_back({.algorithm = bank, .value = as_bytes(kept)});
        }
      }
      record.digests = digests;
      switch (about.odd ? random() % kOddEvery : kOddEvery) {
        case 0:
          record.tentative = true;
          break;
        case 1:
          record.asserts = Assertion{
              .kind = AssertionKind::present, .bank = HashAlgorithm::sha256, .value = Digest(random_bytes(random, 32))};
          break;
        default:
          break;
      }
    }
  }
  return made;
}

// Values that prefixes of the log lead to, and others.
std::vector<RegisterValues> some_values(const GeneratedLogs& logs, std::mt19937& random) {
  GeneratedLogs prefix;
  prefix.logs.push_back({.info = logs.logs.front().info, .batches = {}});
  Batch& part = prefix.logs.front().batches.emplace_back();
  part.records = logs.logs.front().batches.front().records;
  RegisterValues values;
  for (const RegisterResult& result : replayed_one_by_one(prefix, {}).results) {
    const Digest other(random_bytes(random, result.value.size()));
    values.values.emplace(RegisterKey{result.reg, result.bank}, random() % 3 == 0 ? other : result.value);
  }
  return {values};
}

void check_same(const GeneratedLogs& logs, const std::vector<RegisterValues>& against) {
  const std::string expected = described(replayed_one_by_one(logs, against));
  CHECK(described(replayed_in_batches(logs, against)) == expected);
  for (const unsigned threads : {1U, 2U, 3U, 8U}) {
    CAPTURE(threads);
    Workers workers(threads);
    CHECK(described(replayed_in_batches(logs, against, &workers)) == expected);
  }
}

}  // namespace

TEST_CASE("logs made by chance are replayed alike one record at a time, in batches and by threads") {
  std::mt19937 random(11);
  for (std::size_t round = 0; round < 300; ++round) {
    CAPTURE(round);
    const Bytes bytes = random_bytes(random, 200 + random() % 4000);
    ByteReader reader{ByteView(bytes)};
    const std::vector<RegisterValues> against{values_from(reader), values_from(reader)};
    check_same(logs_from(reader), against);
  }
}

TEST_CASE("long logs are replayed alike one record at a time, in batches and by threads") {
  std::mt19937 random(12);
  for (std::size_t round = 0; round < 10; ++round) {
    CAPTURE(round);
    const GeneratedLogs logs = long_log(random, 50);
    check_same(logs, {});
    check_same(logs, some_values(logs, random));
  }
}

TEST_CASE("logs about many registers, which are extended together, are replayed alike too") {
  std::mt19937 random(14);
  for (unsigned registers = 2; registers <= 24; registers += 2) {
    CAPTURE(registers);
    for (const bool odd : {false, true}) {
      const GeneratedLogs logs =
          long_log(random, 20,
                   {.kind = RegisterKind::pcr, .registers = registers, .content = ContentType::pcclient, .odd = odd});
      check_same(logs, {});
      check_same(logs, some_values(logs, random));
    }
  }
}

TEST_CASE("a replay that is given up while threads fold its last batch ends in order") {
  std::mt19937 random(13);
  Workers workers(3);
  for (std::size_t round = 0; round < 20; ++round) {
    const GeneratedLogs logs = long_log(random, 12);
    DiagnosticSink sink;
    Replay replay({.workers = &workers}, sink);
    replay.begin_log(logs.logs.front().info);
    for (const Batch& batch : logs.logs.front().batches) {
      Batch taken;
      taken.records = batch.records;
      replay.take(taken);
    }
  }
}
