#include <doctest/doctest.h>

#include <openssl/core_names.h>

#include <map>
#include <optional>

#include "lib/quote/kinds.hpp"
#include "lib/quote/test_documents.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

const Bytes kNonce(64, 0xAB);

struct Keys {
  TestKey platform = TestKey::ec("P-384");
  TestKey realm = TestKey::ec("P-384");
  TestKey other = TestKey::ec("P-384");
};
const Keys& keys() {
  static const Keys made;
  return made;
}

// 04 ‖ x ‖ y.
Bytes raw_point(const TestKey& key) {
  Bytes point(200);
  std::size_t size = 0;
  REQUIRE(EVP_PKEY_get_octet_string_param(key.native(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) ==
          1);
  point.resize(size);
  return point;
}

Bytes cose_key(const TestKey& key) {
  const Bytes point = raw_point(key);
  const std::size_t half = point.size() / 2;
  return cbor::map({{cbor::integer(1), cbor::integer(2)},
                    {cbor::integer(-1), cbor::integer(2)},
                    {cbor::integer(-2), cbor::bytes(ByteView(point).subspan(1, half))},
                    {cbor::integer(-3), cbor::bytes(ByteView(point).subspan(1 + half))}});
}

using Claims = std::map<std::int64_t, Bytes>;  // by key; an empty value leaves the claim out

Bytes encode(const Claims& claims) {
  cbor::Pairs pairs;
  for (const auto& [key, value] : claims) {
    if (!value.empty()) {
      pairs.emplace_back(cbor::integer(key), value);
    }
  }
  return cbor::map(pairs);
}

Claims changed(Claims claims, const Claims& changes) {
  for (const auto& [key, value] : changes) {
    claims[key] = value;
  }
  return claims;
}

Claims realm_claims(const Bytes& rak) {
  const Bytes rem = cbor::bytes(Bytes(32, 2));
  return {{10, cbor::bytes(kNonce)},
          {265, cbor::text("tag:arm.com,2023:realm#1.0.0")},
          {44235, cbor::bytes(Bytes(64, 1))},
          {44236, cbor::text("sha-256")},
          {44237, cbor::bytes(rak)},
          {44238, cbor::bytes(Bytes(32, 3))},
          {44239, cbor::array({rem, rem, rem, cbor::bytes(Bytes(32, 4))})},
          {44240, cbor::text("sha-512")}};
}

Claims platform_claims(ByteView rak, HashAlgorithm hash = HashAlgorithm::sha512) {
  return {{10, cbor::bytes(HashEngine().hash(hash, rak).view())},
          {256, cbor::bytes(Bytes(33, 1))},
          {265, cbor::text("tag:arm.com,2023:cca_platform#1.0.0")},
          {2395, cbor::integer(0x3003)},
          {2396, cbor::bytes(Bytes(32, 6))},
          {2399, cbor::array({cbor::map({{cbor::integer(1), cbor::text("BL")},
                                         {cbor::integer(2), cbor::bytes(Bytes(32, 7))},
                                         {cbor::integer(5), cbor::bytes(Bytes(32, 8))}})})}};
}

Bytes collect(const Bytes& platform_token, const Bytes& realm_token, bool legacy = false) {
  if (legacy) {
    return cbor::tag(399, cbor::map({{cbor::integer(44234), cbor::bytes(platform_token)},
                                     {cbor::integer(44241), cbor::bytes(realm_token)}}));
  }
  const auto wrap = [](const Bytes& token) { return cbor::array({cbor::integer(263), cbor::bytes(token)}); };
  return cbor::tag(
      907, cbor::map({{cbor::integer(44234), wrap(platform_token)}, {cbor::integer(44241), wrap(realm_token)}}));
}

struct Cca {
  Claims realm = {};     // changes
  Claims platform = {};  // changes
  Sign1 options = {.tagged = true};
  bool legacy = false;
  bool raw_key = false;
};

const Bytes& rak() {
  static const Bytes encoded = cose_key(keys().realm);
  return encoded;
}

Bytes token(const Cca& cca = {}) {
  const Bytes key = cca.raw_key ? raw_point(keys().realm) : rak();
  return collect(sign1(keys().platform, encode(changed(platform_claims(key), cca.platform)), cca.options),
                 sign1(keys().realm, encode(changed(realm_claims(key), cca.realm)), cca.options), cca.legacy);
}

QuoteEvidence evidence_of(Bytes bytes) {
  QuoteEvidence evidence;
  evidence.quote = {.name = "token.cbor", .bytes = std::move(bytes)};
  evidence.key = NamedBytes{.name = "cpak.der", .bytes = keys().platform.der()};
  evidence.nonce_policy = NoncePolicy::given;
  evidence.nonce = kNonce;
  return evidence;
}

// Only what is not a pass.
std::string judge(const QuoteEvidence& evidence) {
  const auto result = quotes::appraise_cca(evidence);
  if (!result) {
    return verdicts(result);
  }
  QuoteResult rest = *result;
  std::erase_if(rest.checks, [](const QuoteCheck& check) { return check.verdict == Verdict::pass; });
  return rest.checks.empty() ? "all pass" : verdicts(rest);
}

}  // namespace

TEST_CASE("cca: both collections and both forms of the realm's key pass and give the registers") {
  for (const bool legacy : {false, true}) {
    for (const bool raw_key : {false, true}) {
      for (const bool tagged : {false, true}) {
        const Cca cca{.realm = raw_key ? Claims{{265, {}}} : Claims{},
                      .options = {.tagged = tagged},
                      .legacy = legacy,
                      .raw_key = raw_key};
        const QuoteEvidence evidence = evidence_of(token(cca));
        const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
        REQUIRE(kind != nullptr);
        CHECK(kind->name == "cca");
        const auto result = kind->appraise(evidence);
        CHECK(verdicts(result) ==
              "platform-signature pass, platform-profile pass, lifecycle pass, platform-binding pass, realm-signature "
              "pass, realm-profile pass, measurements pass, nonce pass");
        keep_as_seed(legacy ? "cca-legacy" : "cca", evidence);
        CHECK(result->registers.authenticated == Authenticated::signed_);
        CHECK(result->registers.values.size() == 5);
        const auto rem3 = result->registers.values.find({*parse_register("rem3"), HashAlgorithm::sha256});
        REQUIRE(rem3 != result->registers.values.end());
        CHECK(rem3->second == Digest(Bytes(32, 4)));
        CHECK(result->registers.values.contains({*parse_register("rim"), HashAlgorithm::sha256}));
      }
    }
  }
}

TEST_CASE("cca: the platform's key may be a COSE_Key; a key that is none is an error with its name") {
  QuoteEvidence evidence = evidence_of(token());
  evidence.key->bytes = cose_key(keys().platform);
  CHECK(judge(evidence) == "all pass");
  evidence.key->bytes = Bytes(20, 1);
  const auto result = quotes::appraise_cca(evidence);
  REQUIRE_FALSE(result);
  CHECK(result.error().file == "cpak.der");
}

TEST_CASE("cca: every way of being wrong fails at its own check") {
  const Bytes other_rak = cose_key(keys().other);
  const auto text = [](std::string_view value) { return cbor::text(value); };
  struct Case {
    std::string_view what;
    Bytes token;
    std::string_view verdicts;
  };
  const std::vector<Case> cases{
      {"the platform's token by another key",
       collect(sign1(keys().other, encode(platform_claims(rak()))), sign1(keys().realm, encode(realm_claims(rak())))),
       "platform-signature fail"},
      {"the realm's token by another key",
       collect(sign1(keys().platform, encode(platform_claims(rak()))),
               sign1(keys().other, encode(realm_claims(rak())))),
       "realm-signature fail"},
      {"the realm's token by a key of its own, which the platform doesn't vouch for",
       collect(sign1(keys().platform, encode(platform_claims(rak()))),
               sign1(keys().other, encode(realm_claims(other_rak)))),
       "platform-binding fail"},
      {"the platform's token of another realm",
       collect(sign1(keys().platform, encode(platform_claims(other_rak))),
               sign1(keys().realm, encode(realm_claims(rak())))),
       "platform-binding fail"},
      {"a binding by another hash than is said",
       collect(sign1(keys().platform, encode(platform_claims(rak(), HashAlgorithm::sha256))),
               sign1(keys().realm, encode(realm_claims(rak())))),
       "platform-binding fail"},
      {"no challenge in the platform's token", token({.platform = {{10, {}}}}), "platform-binding fail"},
      {"an unknown algorithm", token({.options = {.algorithm = -999}}),
       "platform-signature fail, realm-signature fail"},
      {"an algorithm for another curve", token({.options = {.algorithm = -7}}),
       "platform-signature fail, realm-signature fail"},
      {"a realm's key that is none", token({.realm = {{44237, cbor::bytes(Bytes(97, 4))}}}),
       "platform-binding fail, realm-signature fail"},
      {"a debug platform", token({.platform = {{2395, cbor::integer(0x4000)}}}), "lifecycle fail"},
      {"a recoverable debug platform", token({.platform = {{2395, cbor::integer(0x50FF)}}}), "lifecycle fail"},
      {"a platform that is being made", token({.platform = {{2395, cbor::integer(0x1000)}}}), "lifecycle fail"},
      {"a state that is not defined", token({.platform = {{2395, cbor::integer(0x3100)}}}), "lifecycle fail"},
      {"a state beyond all numbers",
       token({.platform = {{2395, Bytes{0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}}}), "lifecycle fail"},
      {"no state", token({.platform = {{2395, {}}}}), "lifecycle inconclusive"},
      {"a platform's profile that is not known", token({.platform = {{265, text("tag:example.org,2030:x")}}}),
       "platform-profile inconclusive"},
      {"no profile of the platform", token({.platform = {{265, {}}}}), "platform-profile inconclusive"},
      {"a realm's profile that is not known", token({.realm = {{265, text("tag:example.org,2030:x")}}}),
       "realm-profile inconclusive"},
      {"measurements that are not of their hash", token({.realm = {{44236, text("sha-512")}}}),
       "measurements inconclusive"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(judge(evidence_of(one.token)) == one.verdicts);
  }
  CHECK(quotes::appraise_cca(evidence_of(token({.realm = {{44236, text("sha-512")}}})))->registers.values.empty());
  // The platform's token in place of the realm's is no realm's token.
  CHECK(judge(evidence_of(collect(sign1(keys().realm, encode(realm_claims(rak()))),
                                  sign1(keys().platform, encode(platform_claims(rak())))))) ==
        "error: CCA token: expected a byte string as claim 44237, found nothing");
}

TEST_CASE("cca: without the platform's key the rest is judged and the whole is not known") {
  QuoteEvidence evidence = evidence_of(token());
  evidence.key.reset();
  const auto result = quotes::appraise_cca(evidence);
  CHECK(judge(evidence) == "platform-signature inconclusive");
  CHECK(verdict_of(result->checks) == Verdict::inconclusive);
  CHECK(result->checks.front().detail.starts_with("platform key not supplied"));
  evidence.key = NamedBytes{.name = "realm.der", .bytes = keys().realm.der()};
  CHECK(judge(evidence) == "platform-signature fail");
}

TEST_CASE("cca: the nonce is padded to 64 bytes, and none other will do") {
  Bytes challenge = kNonce;
  std::fill(challenge.begin() + 16, challenge.end(), std::uint8_t{0});
  QuoteEvidence evidence = evidence_of(token({.realm = {{10, cbor::bytes(challenge)}}}));
  evidence.nonce = Bytes(16, 0xAB);
  CHECK(judge(evidence) == "all pass");
  evidence.nonce = Bytes(15, 0xAB);
  CHECK(judge(evidence) == "nonce fail");
  evidence.nonce = Bytes(65, 0xAB);
  CHECK(judge(evidence) == "nonce fail");
  evidence.nonce_policy = NoncePolicy::unstated;
  CHECK(judge(evidence) == "nonce inconclusive");
  evidence.nonce_policy = NoncePolicy::waived;
  CHECK(judge(evidence) == "nonce skipped");
  evidence.roots.push_back({.name = "root.pem", .bytes = {}});
  CHECK(judge(evidence) == "nonce skipped, unused-input inconclusive");
}

TEST_CASE("cca: a token whose form is broken is an error with the file's name") {
  const Bytes platform = sign1(keys().platform, encode(platform_claims(rak())));
  const Bytes realm = sign1(keys().realm, encode(realm_claims(rak())));
  Bytes longer = token();
  longer.push_back(0);
  struct Case {
    Bytes token;
    std::string_view message;
  };
  const std::vector<Case> cases{
      {longer, "1 more bytes"},
      {cbor::tag(398, cbor::map({})), "expected tag 907 or 399"},
      {cbor::map({}), "expected tag 907 or 399"},
      {cbor::tag(399, cbor::array({})), "the platform token as a byte string under 44234, found nothing"},
      {cbor::tag(399, cbor::map({{cbor::integer(44234), cbor::bytes(platform)}})), "the realm token"},
      {cbor::tag(907, cbor::map({{cbor::integer(44234), cbor::bytes(platform)}})), "expected [263, token]"},
      {cbor::tag(907, cbor::map({{cbor::integer(44234), cbor::array({cbor::integer(262), cbor::bytes(platform)})}})),
       "expected [263, token]"},
      {cbor::tag(399, cbor::map({{cbor::integer(44234), cbor::bytes(platform)},
                                 {cbor::integer(44234), cbor::bytes(platform)},
                                 {cbor::integer(44241), cbor::bytes(realm)}})),
       "found one twice"},
      {collect(platform, Bytes(40, 0x81)), "at most 16 levels"},
      {collect(platform, {}), "found the end"},
      {collect(sign1(keys().platform, cbor::array({})), realm), "a map of claims"},
      {collect(sign1(keys().platform, *from_hex("bb7fffffffffffffff")), realm), "found the end"},
      {token({.realm = {{10, {}}}}), "claim 10, found nothing"},
      {token({.realm = {{10, cbor::bytes(Bytes(32))}}}), "a challenge of 64 bytes"},
      {token({.realm = {{44236, cbor::text("sha-1")}}}), "a strong hash algorithm as claim 44236"},
      {token({.realm = {{44240, cbor::text("sha-1")}}}), "a strong hash algorithm as claim 44240"},
      {token({.realm = {{44240, cbor::text("none")}}}), "a strong hash algorithm as claim 44240"},
      {token({.realm = {{44238, cbor::text("x")}}}), "claim 44238, found a text string"},
      {token({.realm = {{44239, cbor::array({})}}}), "expected 4 extensible measurements, found 0"},
      {token({.realm = {{44239, cbor::array({cbor::null(), cbor::null(), cbor::null(), cbor::null()})}}}),
       "expected byte strings as measurements"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.message);
    const auto result = quotes::appraise_cca(evidence_of(one.token));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::malformed);
    CHECK(result.error().file == "token.cbor");
    CHECK(result.error().message.contains(one.message));
  }
  const Bytes whole = token();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(quotes::appraise_cca(evidence_of(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)))));
  }
}

// The unprotected header of COSE is not signed. A key identifier there is a hint, and nothing here follows it.
TEST_CASE("cca: one changed byte anywhere but in the unprotected headers' values is noticed") {
  const Bytes identifier(10, 0x99);
  const QuoteEvidence evidence =
      evidence_of(token({.options = {.unprotected = {{cbor::integer(4), cbor::bytes(identifier)}}, .tagged = true}}));
  REQUIRE(judge(evidence) == "all pass");
  const Bytes& bytes = evidence.quote.bytes;
  std::vector<std::size_t> unsigned_bytes;
  for (auto place = bytes.begin();;) {
    const auto found = std::search(place, bytes.end(), identifier.begin(), identifier.end());
    if (found == bytes.end()) {
      break;
    }
    const auto begin = static_cast<std::size_t>(found - bytes.begin());
    unsigned_bytes.push_back(begin - 2);  // the label 4, which may be any but those of the protected header
    for (std::size_t i = 0; i < identifier.size(); ++i) {
      unsigned_bytes.push_back(begin + i);
    }
    place = found + 1;
  }
  CHECK(unsigned_bytes.size() == 2 * (identifier.size() + 1));
  CHECK(unnoticed_changes(evidence, quotes::appraise_cca, {0x01}) == unsigned_bytes);
}

TEST_CASE("cca: one changed byte of the key or the nonce is noticed") {
  QuoteEvidence evidence = evidence_of(token());
  for (std::uint8_t& byte : evidence.key->bytes) {
    byte ^= 0x01;
    // A bit string that says that its last bit, a zero, is unused is the same key.
    const auto key = PublicKey::parse(evidence.key->bytes);
    const bool same = key && key->der() == keys().platform.der();
    CHECK(all_pass(quotes::appraise_cca(evidence)) == same);
    byte ^= 0x01;
  }
  for (std::uint8_t& byte : evidence.nonce) {
    byte ^= 0x01;
    CHECK(judge(evidence) == "nonce fail");
    byte ^= 0x01;
  }
}
