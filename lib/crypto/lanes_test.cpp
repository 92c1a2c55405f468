#include "lib/crypto/lanes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "lib/base/test_files.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/crypto/test_digests.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

// What the CPU has, and every choice of less.
std::vector<CpuFeatures> masked_features() {
  const CpuFeatures& all = CpuFeatures::of_this_machine();
  std::vector<CpuFeatures> masked;
  for (unsigned kept = 0; kept < 8; ++kept) {
    const CpuFeatures features{.sha = all.sha && (kept & 1) != 0,
                               .avx2 = all.avx2 && (kept & 2) != 0,
                               .avx512 = all.avx512 && (kept & 4) != 0};
    if (std::ranges::find(masked, features) == masked.end()) {
      masked.push_back(features);
    }
  }
  return masked;
}

struct Messages {
  Bytes bytes;
  std::vector<ByteView> views;
};

// Messages of the given lengths out of random bytes, at unaligned places.
Messages random_messages(std::span<const std::size_t> lengths, unsigned seed) {
  Messages messages;
  std::mt19937 random(seed);
  std::vector<std::size_t> begins;
  for (const std::size_t length : lengths) {
    begins.push_back(messages.bytes.size());
    for (std::size_t i = 0; i < length + random() % 3; ++i) {
      messages.bytes.push_back(static_cast<std::uint8_t>(random()));
    }
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    messages.views.push_back(ByteView(messages.bytes).subspan(begins[i], lengths[i]));
  }
  return messages;
}

// SHA-384's digest of each message, and behind it SHA-512's.
Bytes expected_twins(std::span<const ByteView> messages) {
  const HashAlgorithmRow& first = *find_algorithm(HashAlgorithm::sha384);
  const HashAlgorithmRow& second = *find_algorithm(HashAlgorithm::sha512);
  const Bytes firsts = expected_digests(first, messages);
  const Bytes seconds = expected_digests(second, messages);
  Bytes both;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const ByteView one = ByteView(firsts).subspan(i * first.size, first.size);
    const ByteView other = ByteView(seconds).subspan(i * second.size, second.size);
    both.insert(both.end(), one.begin(), one.end());
    both.insert(both.end(), other.begin(), other.end());
  }
  return both;
}

void check_every_path(const Messages& messages) {
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    CAPTURE(row.name);
    const Bytes expected = expected_digests(row, messages.views);
    for (const CpuFeatures& features : masked_features()) {
      CAPTURE(features.sha);
      CAPTURE(features.avx2);
      CAPTURE(features.avx512);
      HashEngine engine(features);
      Bytes digests(expected.size());
      engine.hash_many(row.id, messages.views, digests);
      CHECK(digests == expected);
    }
  }
  const Bytes twins = expected_twins(messages.views);
  for (const CpuFeatures& features : masked_features()) {
    CAPTURE(features.avx2);
    CAPTURE(features.avx512);
    HashEngine engine(features);
    Bytes digests(twins.size());
    engine.hash_many_sha384_sha512(messages.views, digests);
    CHECK(digests == twins);
  }
}

void check_every_path(std::span<const std::size_t> lengths, unsigned seed) {
  check_every_path(random_messages(lengths, seed));
}

}  // namespace

TEST_CASE("many messages: every path hashes messages of all lengths around the borders of blocks") {
  std::vector<std::size_t> lengths(301);
  std::iota(lengths.begin(), lengths.end(), std::size_t{0});
  check_every_path(lengths, 1);
  std::ranges::reverse(lengths);
  check_every_path(lengths, 2);
  std::ranges::shuffle(lengths, std::mt19937(3));
  check_every_path(lengths, 3);
}

TEST_CASE("many messages: every number of them, so that lanes are idle at the beginning and at the end") {
  for (std::size_t count = 0; count <= 40; ++count) {
    CAPTURE(count);
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<std::size_t> lengths(count);
    std::ranges::generate(lengths, [&random] { return random() % 300; });
    check_every_path(lengths, static_cast<unsigned>(count));
    check_every_path(std::vector<std::size_t>(count, 80), static_cast<unsigned>(count));
  }
}

TEST_CASE("many messages: long ones among short ones") {
  check_every_path(std::vector<std::size_t>{1,  100'000, 2,  1023, 1024, 1025, 3, 2047, 2048, 2049, 64, 128, 50'000, 0,
                                            55, 111,     56, 112,  1,    2,    3, 4,    5,    6,    7,  8,   9},
                   4);
}

namespace {

// Messages of the lengths that records have, and registers that they extend, out of a file.
void check_file(const std::filesystem::path& path) {
  CAPTURE(path);
  const Bytes file = read_test_file(path);
  std::mt19937 random(static_cast<unsigned>(file.size()));
  Messages messages;
  for (ByteView rest = file; !rest.empty();) {
    const std::size_t length = std::min<std::size_t>(rest.size(), random() % 400);
    messages.views.push_back(rest.first(length));
    rest = rest.subspan(length);
  }
  check_every_path(messages);
}

void check_files(const std::filesystem::path& folder) {
  std::size_t checked = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      check_file(entry.path());
      ++checked;
    }
  }
  CHECK(checked > 0);
}

}  // namespace

TEST_CASE("many messages: every path hashes what testdata and the corpus hold") {
  check_files(kTestdataFolder);
  if (has_corpus()) {
    check_files(kCorpus);
  }
}

TEST_CASE("many messages: room that is not the digests' is refused") {
  HashEngine engine;
  const std::vector<ByteView> messages(2);
  Bytes digests(63);
  CHECK_THROWS(engine.hash_many(HashAlgorithm::sha256, messages, digests));
  CHECK_THROWS(engine.hash_many_sha384_sha512(messages, digests));
}

namespace {

// Registers that are extended `lengths` times each, by the engine and one by one.
void check_extends(std::span<const std::size_t> lengths, unsigned seed) {
  std::mt19937 random(seed);
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    CAPTURE(row.name);
    Bytes bytes((*std::ranges::max_element(lengths) + lengths.size()) * row.size);
    std::ranges::generate(bytes, [&random] { return static_cast<std::uint8_t>(random()); });
    for (const CpuFeatures& features : masked_features()) {
      CAPTURE(features.sha);
      CAPTURE(features.avx2);
      CAPTURE(features.avx512);
      HashEngine engine(features);
      std::vector<Digest> values;
      std::vector<std::vector<const std::uint8_t*>> digests(lengths.size());
      std::vector<Bytes> behind(lengths.size());
      std::vector<HashEngine::Chain> chains;
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        values.emplace_back(ByteView(bytes).subspan(i * row.size, row.size));
        for (std::size_t link = 0; link < lengths[i]; ++link) {
          digests[i].push_back(bytes.data() + (i + link) * row.size);
        }
        behind[i].resize(i % 2 == 0 ? 0 : lengths[i] * row.size);
      }
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        chains.push_back({.value = &values[i], .digests = digests[i], .values = behind[i]});
      }
      engine.extend_many(row.id, chains);
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        CAPTURE(i);
        Digest value(ByteView(bytes).subspan(i * row.size, row.size));
        for (std::size_t link = 0; link < lengths[i]; ++link) {
          engine.extend(row.id, value, {digests[i][link], row.size});
          CHECK((behind[i].empty() || equal(value.view(), ByteView(behind[i]).subspan(link * row.size, row.size))));
        }
        CHECK(values[i] == value);
      }
    }
  }
}

}  // namespace

TEST_CASE("many registers: every path extends them, equally often or not") {
  for (std::size_t count = 1; count <= 40; ++count) {
    CAPTURE(count);
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<std::size_t> lengths(count, 5);
    check_extends(lengths, static_cast<unsigned>(count));
    std::ranges::generate(lengths, [&random] { return random() % 20; });
    check_extends(lengths, static_cast<unsigned>(count));
  }
}

TEST_CASE("two registers side by side: every path extends them, equally often or not, with and without values") {
  constexpr std::size_t kMost = 40;
  std::mt19937 random(9);
  for (const HashAlgorithmRow& first : hash_algorithms()) {
    for (const HashAlgorithmRow& second : hash_algorithms()) {
      CAPTURE(first.name);
      CAPTURE(second.name);
      for (int round = 0; round < 12; ++round) {
        const std::array<const HashAlgorithmRow*, 2> rows{&first, &second};
        std::array<std::size_t, 2> lengths{random() % kMost, random() % kMost};
        lengths[1] = round % 2 == 0 ? lengths[0] : lengths[1];
        std::array<Bytes, 2> bytes;
        std::array<std::vector<const std::uint8_t*>, 2> digests;
        std::array<Bytes, 2> expected;  // the values behind each link
        for (std::size_t i = 0; i < 2; ++i) {
          bytes[i].resize((lengths[i] + 1) * rows[i]->size);
          std::ranges::generate(bytes[i], [&random] { return static_cast<std::uint8_t>(random()); });
          Digest value(ByteView(bytes[i]).first(rows[i]->size));
          for (std::size_t link = 0; link < lengths[i]; ++link) {
            digests[i].push_back(bytes[i].data() + (link + 1) * rows[i]->size);
            HashEngine().extend(rows[i]->id, value, {digests[i].back(), rows[i]->size});
            expected[i].insert(expected[i].end(), value.view().begin(), value.view().end());
          }
        }
        for (const CpuFeatures& features : masked_features()) {
          CAPTURE(features.sha);
          for (const bool keeps : {false, true}) {
            std::array<Digest, 2> values{Digest(ByteView(bytes[0]).first(first.size)),
                                         Digest(ByteView(bytes[1]).first(second.size))};
            const std::array<Digest, 2> before = values;
            std::array<Bytes, 2> behind{Bytes(keeps ? expected[0].size() : 0), Bytes(keeps ? expected[1].size() : 0)};
            HashEngine(features).extend_beside(
                first.id, {.value = &values[0], .digests = digests[0], .values = behind[0]}, second.id,
                {.value = &values[1], .digests = digests[1], .values = behind[1]});
            for (std::size_t i = 0; i < 2; ++i) {
              const Digest last = lengths[i] == 0 ? before[i] : Digest(ByteView(expected[i]).last(rows[i]->size));
              CHECK(values[i] == last);
              CHECK((!keeps || behind[i] == expected[i]));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("many registers: values of another size are refused") {
  HashEngine engine;
  Digest value = Digest::filled(20, 0);
  const HashEngine::Chain chains[] = {{.value = &value, .digests = {}}};
  CHECK_THROWS(engine.extend_many(HashAlgorithm::sha256, chains));
}

namespace {

// Of one register to more than there are lanes.
void check_extends_of(const lanes::Functions& functions) {
  const std::array<std::pair<HashAlgorithm, lanes::Extend>, 4> extends{
      {{HashAlgorithm::sha1, functions.extend_sha1},
       {HashAlgorithm::sha256, functions.extend_sha256},
       {HashAlgorithm::sha384, functions.extend_sha384},
       {HashAlgorithm::sha512, functions.extend_sha512}}};
  std::mt19937 random(7);
  HashEngine engine;
  for (const auto& [id, extend] : extends) {
    if (extend == nullptr) {
      continue;
    }
    const std::size_t size = find_algorithm(id)->size;
    CAPTURE(to_string(id));
    for (std::size_t count = 1; count <= 20; ++count) {
      CAPTURE(count);
      std::vector<Bytes> digests;
      std::vector<std::vector<const std::uint8_t*>> pointers(count);
      std::vector<Digest> values(count, Digest::filled(size, 0xA5));
      std::vector<Digest> expected = values;
      std::vector<lanes::Chain> chains;
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t links = random() % 5; links > 0; --links) {
          Bytes& digest = digests.emplace_back(size);  // a moved vector keeps its bytes where they are
          std::ranges::generate(digest, [&random] { return static_cast<std::uint8_t>(random()); });
          pointers[i].push_back(digest.data());
          engine.extend(id, expected[i], digest);
        }
        chains.push_back(
            {.value = values[i].mutable_view().data(), .digests = pointers[i].data(), .count = pointers[i].size()});
      }
      extend(chains.data(), chains.size());
      CHECK(values == expected);
    }
  }
}

}  // namespace

TEST_CASE("the vectors' own functions hash whatever the engine would have chosen") {
  std::vector<std::size_t> lengths(301);
  std::iota(lengths.begin(), lengths.end(), std::size_t{0});
  lengths.push_back(70'000);
  const Messages messages = random_messages(lengths, 5);
  const CpuFeatures& features = CpuFeatures::of_this_machine();
  const auto check = [&](const lanes::Functions& functions) {
    const auto check_hash = [&](lanes::Hash hash, std::size_t size, const auto& expected_of) {
      Bytes digests(messages.views.size() * size);
      std::vector<lanes::Message> batch;
      for (std::size_t i = 0; i < messages.views.size(); ++i) {
        batch.push_back({messages.views[i].data(), messages.views[i].size(), digests.data() + i * size});
      }
      for (const std::size_t count : {std::size_t{1}, batch.size()}) {
        std::ranges::fill(digests, std::uint8_t{0});
        hash(batch.data(), count);
        const Bytes expected = expected_of(std::span(messages.views).first(count));
        CHECK(equal(ByteView(digests).first(expected.size()), expected));
      }
    };
    const std::array<std::pair<HashAlgorithm, lanes::Hash>, 5> hashes{{{HashAlgorithm::sha1, functions.sha1},
                                                                       {HashAlgorithm::sha224, functions.sha224},
                                                                       {HashAlgorithm::sha256, functions.sha256},
                                                                       {HashAlgorithm::sha384, functions.sha384},
                                                                       {HashAlgorithm::sha512, functions.sha512}}};
    for (const auto& [id, hash] : hashes) {
      const HashAlgorithmRow& row = *find_algorithm(id);
      CAPTURE(row.name);
      if (hash != nullptr) {
        check_hash(hash, row.size, [&](std::span<const ByteView> views) { return expected_digests(row, views); });
      }
    }
    if (functions.sha384_sha512 != nullptr) {
      check_hash(functions.sha384_sha512, HashEngine::kSha384Sha512Size, expected_twins);
    }
    check_extends_of(functions);
  };
  (void)check;
#ifdef __x86_64__
  if (features.sha) {
    check(lanes::kSha);
  } else {
    MESSAGE("skipped: this CPU has no SHA extensions");
  }
  if (features.avx2) {
    check(lanes::kAvx2);
  } else {
    MESSAGE("skipped: this CPU has no AVX2");
  }
  if (features.avx512) {
    check(lanes::kAvx512);
  } else {
    MESSAGE("skipped: this CPU has no AVX-512");
  }
#else
  (void)features;
  MESSAGE("skipped: there are no vector lanes for this CPU");
#endif
}
