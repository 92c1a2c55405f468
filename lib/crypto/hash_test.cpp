#include "lib/crypto/hash.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "lib/crypto/test_digests.hpp"

using namespace mrtool;
using mrtool::testing::expected_digests;

TEST_CASE("names: aliases are read, one spelling is written") {
  for (const char* alias : {"sha256", "SHA256", "sha-256", "SHA-256", "sha_256", "0x000b", "0xB"}) {
    CAPTURE(alias);
    const auto algorithm = parse_algorithm(alias);
    REQUIRE(algorithm);
    CHECK(*algorithm == HashAlgorithm::sha256);
  }
  CHECK(parse_algorithm("sm3") == HashAlgorithm::sm3_256);
  CHECK(parse_algorithm("sm3-256") == HashAlgorithm::sm3_256);
  CHECK(parse_algorithm("sha3-384") == HashAlgorithm::sha3_384);
  CHECK(to_string(HashAlgorithm::sha3_512) == "sha3_512");
  CHECK(to_string(static_cast<HashAlgorithm>(0x1234)) == "0x1234");
  for (const char* bad : {"", "sha", "sha2", "md5", "0x", "0x12345", "0x0", "0xzz", "sha256 "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_algorithm(bad));
  }
}

TEST_CASE("every algorithm of the table is computed as the crypto library's own interface does") {
  HashEngine engine;
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    CAPTURE(row.name);
    REQUIRE(HashEngine::can_compute(row.id));
    for (const std::size_t length :
         std::initializer_list<std::size_t>{0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000}) {
      const Bytes data(length, static_cast<std::uint8_t>(length));
      std::array<std::uint8_t, EVP_MAX_MD_SIZE> expected{};
      unsigned size = 0;
      EVP_MD* md = EVP_MD_fetch(nullptr, row.openssl_name, nullptr);
      REQUIRE(EVP_Digest(data.data(), data.size(), expected.data(), &size, md, nullptr) == 1);
      EVP_MD_free(md);
      REQUIRE(size == row.size);
      const ByteView all(data);
      const std::size_t cut = length / 3;
      CHECK(equal(engine.hash(row.id, all).view(), ByteView(expected).first(size)));
      CHECK(equal(engine.hash(row.id, all.first(cut), all.subspan(cut)).view(), ByteView(expected).first(size)));
    }
  }
}

TEST_CASE("two parts of every length around the borders of blocks, in the place of the result too") {
  HashEngine engine;
  std::mt19937 random(6);
  Bytes data(300);
  std::ranges::generate(data, [&random] { return static_cast<std::uint8_t>(random()); });
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    CAPTURE(row.name);
    for (std::size_t length = 0; length <= data.size(); ++length) {
      CAPTURE(length);
      const ByteView all = ByteView(data).first(length);
      const ByteView whole[] = {all};
      const Bytes expected = expected_digests(row, whole);
      const std::size_t cut = random() % (length + 1);
      CHECK(equal(engine.hash(row.id, all.first(cut), all.subspan(cut)).view(), expected));
    }
    Digest value(ByteView(data).first(row.size));
    const ByteView extended[] = {ByteView(data).first(2 * row.size)};
    engine.extend(row.id, value, ByteView(data).subspan(row.size, row.size));
    CHECK(equal(value.view(), expected_digests(row, extended)));
  }
}

TEST_CASE("known values: separators") {
  HashEngine engine;
  const Bytes zero(4, 0);
  CHECK(engine.hash(HashAlgorithm::sha1, zero).hex() == "9069ca78e7450a285173431b3e52c5c25299e473");
  CHECK(engine.hash(HashAlgorithm::sha256, zero).hex() ==
        "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119");
}

TEST_CASE("extend: a PCR that received one separator") {
  HashEngine engine;
  Digest pcr = Digest::filled(32, 0);
  engine.extend(HashAlgorithm::sha256, pcr, engine.hash(HashAlgorithm::sha256, Bytes(4, 0)).view());
  CHECK(pcr.hex() == "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
}

TEST_CASE("an algorithm that is not in the table cannot be computed") {
  CHECK_FALSE(HashEngine::can_compute(static_cast<HashAlgorithm>(0x1234)));
  CHECK_FALSE(HashEngine::can_compute(HashAlgorithm::none));
}

TEST_CASE("digest: equality is of size and bytes") {
  CHECK(Digest::filled(20, 0) != Digest::filled(32, 0));
  CHECK(Digest(Bytes{1, 2}) == Digest(Bytes{1, 2}));
  CHECK_THROWS(Digest(Bytes(65)));
}
