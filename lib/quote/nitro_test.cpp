#include <doctest/doctest.h>

#include <map>
#include <optional>

#include "lib/crypto/test_certificate.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/test_documents.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

constexpr std::int64_t kNow = kTestTime + 60;
constexpr std::int64_t kHour = 3600;
constexpr std::size_t kPcrSize = 48;

// A root, one below it, and a leaf that lives for three hours around kTestTime. Other CAs than AWS's, made once.
struct Authority {
  TestIssued root = issue({.common_name = "root", .ca = true}, TestKey::ec("P-256"));
  TestIssued zone = issue({.common_name = "zone", .ca = true, .serial = 2}, TestKey::ec("P-256"), &root);
  TestIssued leaf = issue({.common_name = "i-0123.enclave",
                           .serial = 3,
                           .not_before = kTestTime - kHour,
                           .not_after = kTestTime + 2 * kHour},
                          TestKey::ec("P-384"), &zone);
};
const Authority& authority() {
  static const Authority made;
  return made;
}

struct Nitro {
  std::string_view digest = "SHA384";
  Bytes timestamp = cbor::integer(kTestTime * 1000 + 250);
  std::string_view pcrs_key = "pcrs";
  std::map<int, Bytes> pcrs = {{0, Bytes(kPcrSize, 1)},
                               {1, Bytes(kPcrSize, 2)},
                               {2, Bytes(kPcrSize, 3)},
                               {3, Bytes(kPcrSize)},
                               {16, Bytes(kPcrSize, 5)}};
  Bytes certificate = to_bytes(authority().leaf.certificate.der());
  std::vector<Bytes> cabundle = {to_bytes(authority().root.certificate.der()),
                                 to_bytes(authority().zone.certificate.der())};
  Bytes nonce = cbor::bytes(as_bytes("nonce"));
  cbor::Pairs more = {{cbor::text("public_key"), cbor::null()}, {cbor::text("user_data"), cbor::bytes(Bytes(3, 7))}};
  std::string_view left_out = {};
};

Bytes payload(const Nitro& nitro) {
  cbor::Pairs pcrs;
  for (const auto& [index, value] : nitro.pcrs) {
    pcrs.emplace_back(cbor::integer(index), cbor::bytes(value));
  }
  std::vector<Bytes> bundle;
  for (const Bytes& der : nitro.cabundle) {
    bundle.push_back(cbor::bytes(der));
  }
  cbor::Pairs members{{cbor::text("module_id"), cbor::text("i-0123-enc")},
                      {cbor::text("digest"), cbor::text(nitro.digest)},
                      {cbor::text("timestamp"), nitro.timestamp},
                      {cbor::text(nitro.pcrs_key), cbor::map(pcrs)},
                      {cbor::text("certificate"), cbor::bytes(nitro.certificate)},
                      {cbor::text("cabundle"), cbor::array(bundle)},
                      {cbor::text("nonce"), nitro.nonce}};
  members.insert(members.end(), nitro.more.begin(), nitro.more.end());
  std::erase_if(members, [&](const auto& member) { return member.first == cbor::text(nitro.left_out); });
  return cbor::map(members, true);
}

Bytes document(const Nitro& nitro = {}, const Sign1& options = {}) {
  return sign1(authority().leaf.key, payload(nitro), options);
}

QuoteEvidence evidence_of(Bytes document) {
  QuoteEvidence evidence;
  evidence.quote = {.name = "document.bin", .bytes = std::move(document)};
  evidence.roots = {{.name = "root.der", .bytes = to_bytes(authority().root.certificate.der())}};
  evidence.nonce_policy = NoncePolicy::given;
  evidence.nonce = to_bytes(as_bytes("nonce"));
  evidence.time = kNow;
  return evidence;
}

std::string judge(const QuoteEvidence& evidence) {
  return verdicts(quotes::appraise_nitro(evidence));
}

std::string detail_of(const Result<QuoteResult>& result, std::string_view name) {
  REQUIRE(result);
  for (const QuoteCheck& check : result->checks) {
    if (check.name == name) {
      return check.detail;
    }
  }
  return "no such check";
}

constexpr std::string_view kAllPass =
    "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce pass";

}  // namespace

TEST_CASE("nitro: a document of an enclave, tagged or not, passes and gives its registers") {
  for (const bool tagged : {false, true}) {
    const QuoteEvidence evidence = evidence_of(document({}, {.tagged = tagged}));
    CHECK(quotes::is_nitro(evidence.quote.bytes));
    const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
    REQUIRE(kind != nullptr);
    CHECK(kind->name == "nitro");
    const auto result = kind->appraise(evidence);
    CHECK(verdicts(result) == kAllPass);
    CHECK(all_pass(result));
    keep_as_seed(tagged ? "nitro-tagged" : "nitro", evidence);
    CHECK(result->kind == "nitro");
    CHECK(result->registers.source == "document.bin");
    CHECK(result->registers.authenticated == Authenticated::signed_);
    CHECK(result->registers.values.size() == 5);
    const auto value = result->registers.values.find({*parse_register("nitro/pcr16"), HashAlgorithm::sha384});
    REQUIRE(value != result->registers.values.end());
    CHECK(value->second == Digest(Bytes(kPcrSize, 5)));
    CHECK(Value(result->fields).find("module_id")->as<std::string>()->starts_with("i-0123"));
    CHECK(Value(result->fields).find("public_key")->is_null());
  }
}

TEST_CASE("nitro: a NitroTPM's registers are the machine's own, and it has no debug mode") {
  const auto result = quotes::appraise_nitro(
      evidence_of(document({.pcrs_key = "nitrotpm_pcrs", .pcrs = {{0, Bytes(kPcrSize)}, {23, Bytes(kPcrSize, 1)}}})));
  CHECK(verdicts(result) ==
        "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug skipped, nonce pass");
  CHECK(result->registers.values.contains({*parse_register("pcr23"), HashAlgorithm::sha384}));
}

TEST_CASE("nitro: every way of being wrong fails at its own check") {
  struct Case {
    std::string_view what;
    QuoteEvidence evidence;
    std::string_view verdicts;
  };
  const auto with = [](Bytes bytes, void (*change)(QuoteEvidence&)) {
    QuoteEvidence evidence = evidence_of(std::move(bytes));
    change(evidence);
    return evidence;
  };
  const auto unchanged = [](QuoteEvidence&) {};
  const TestKey other = TestKey::ec("P-384");
  const TestIssued stranger = issue({.common_name = "stranger", .ca = true}, TestKey::ec("P-256"));
  const TestIssued strange_leaf = issue({.common_name = "i-0123.enclave"}, TestKey::ec("P-384"), &stranger);
  Bytes changed_payload = document();
  changed_payload[20] ^= 0x01;

  const std::vector<Case> cases{
      {"another key", with(sign1(other, payload({})), unchanged),
       "signature fail, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce pass"},
      {"a key of another curve", with(sign1(TestKey::ec("P-256"), payload({}), {.algorithm = -7}), unchanged),
       "signature fail, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce pass"},
      {"an unknown algorithm", with(document({}, {.algorithm = -999}), unchanged),
       "signature fail, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce pass"},
      {"a leaf that is expired at the document's time",
       with(document({.timestamp = cbor::integer((kTestTime + 3 * kHour) * 1000)}),
            [](QuoteEvidence& e) { e.time = kTestTime + 3 * kHour; }),
       "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a leaf that is not valid yet at the document's time",
       with(document({.timestamp = cbor::integer((kTestTime - 2 * kHour) * 1000)}), unchanged),
       "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a leaf that is expired now, as is usual",
       with(document(), [](QuoteEvidence& e) { e.time = kTestTime + 100 * kDay; }), kAllPass},
      {"a leaf that is expired at the time that was given",
       with(document(),
            [](QuoteEvidence& e) {
              e.time = kTestTime + 100 * kDay;
              e.time_is_given = true;
            }),
       "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a document from the future", with(document(), [](QuoteEvidence& e) { e.time = kTestTime - kHour; }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp inconclusive, debug pass, nonce pass"},
      {"a time that no clock has",
       with(document({.timestamp = Bytes{0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}), unchanged),
       "signature pass, certificate-chain fail, timestamp inconclusive, debug pass, nonce pass"},
      {"a root that is not pinned", with(document(), [](QuoteEvidence& e) { e.roots.clear(); }),
       "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a chain to another root",
       with(sign1(strange_leaf.key, payload({.certificate = to_bytes(strange_leaf.certificate.der()),
                                             .cabundle = {to_bytes(stranger.certificate.der())}})),
            unchanged),
       "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a bundle with a hole", with(document({.cabundle = {to_bytes(authority().root.certificate.der())}}), unchanged),
       "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a bundle with damage",
       with(document({.cabundle = {to_bytes(authority().root.certificate.der()), Bytes(50)}}), unchanged),
       "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a certificate that is none", with(document({.certificate = Bytes(50)}), unchanged),
       "signature fail, certificate-chain fail, timestamp pass, debug pass, nonce pass"},
      {"a debug-mode enclave",
       with(document({.pcrs = {{0, Bytes(kPcrSize)}, {1, Bytes(kPcrSize)}, {2, Bytes(kPcrSize)}}}), unchanged),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug fail, nonce pass"},
      {"an enclave with one boot register of zeros",
       with(document({.pcrs = {{0, Bytes(kPcrSize, 1)}, {1, Bytes(kPcrSize, 1)}, {2, Bytes(kPcrSize)}}}), unchanged),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug fail, nonce pass"},
      {"an enclave without its boot registers", with(document({.pcrs = {{0, Bytes(kPcrSize, 1)}}}), unchanged),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug inconclusive, nonce pass"},
      {"another nonce", with(document(), [](QuoteEvidence& e) { e.nonce.back() ^= 0x01; }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce fail"},
      {"a nonce that is only a prefix", with(document(), [](QuoteEvidence& e) { e.nonce.pop_back(); }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce fail"},
      {"a nonce that is padded", with(document(), [](QuoteEvidence& e) { e.nonce.resize(64); }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce fail"},
      {"no nonce in the document", with(document({.nonce = cbor::null()}), unchanged),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce fail"},
      {"no nonce in the document, and an empty one given",
       with(document({.left_out = "nonce"}), [](QuoteEvidence& e) { e.nonce.clear(); }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce fail"},
      {"nothing said of a nonce", with(document(), [](QuoteEvidence& e) { e.nonce_policy = NoncePolicy::unstated; }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce inconclusive"},
      {"no nonce wanted", with(document(), [](QuoteEvidence& e) { e.nonce_policy = NoncePolicy::waived; }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce skipped"},
      {"a key that nothing is checked with",
       with(document(), [](QuoteEvidence& e) { e.key = NamedBytes{.name = "key.pem", .bytes = {}}; }),
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug pass, nonce pass, "
       "unused-input "
       "inconclusive"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(judge(one.evidence) == one.verdicts);
  }
  CHECK(judge(evidence_of(std::move(changed_payload))) != kAllPass);
}

TEST_CASE("nitro: details say what to do") {
  QuoteEvidence evidence = evidence_of(document());
  evidence.roots.clear();
  const auto result = quotes::appraise_nitro(evidence);
  CHECK(detail_of(result, "certificate-chain") ==
        "the bundle's root, CN=root, is not the one of AWS Nitro Enclaves by its fingerprint; give another with --ca");
  CHECK(detail_of(quotes::appraise_nitro(evidence_of(document())), "timestamp") ==
        "the document says that it was made at 2026-01-01T00:00:00Z");
}

TEST_CASE("nitro: revocation lists count where they are given") {
  QuoteEvidence evidence = evidence_of(document());
  const TestIssued& root = authority().root;
  const TestIssued& zone = authority().zone;
  evidence.crls = {{.name = "root.crl", .bytes = issue_crl(root)}};
  CHECK(judge(evidence) ==
        "signature pass, certificate-chain pass, revocation inconclusive, timestamp pass, debug pass, nonce pass");
  evidence.crls.push_back({.name = "zone.crl", .bytes = issue_crl(zone)});
  CHECK(judge(evidence) ==
        "signature pass, certificate-chain pass, revocation pass, timestamp pass, debug pass, nonce pass");
  evidence.crls.back().bytes = issue_crl(zone, {.revoked = {authority().leaf.certificate}});
  CHECK(judge(evidence) == "signature pass, certificate-chain fail, timestamp pass, debug pass, nonce pass");
}

TEST_CASE("nitro: a document whose form is broken is an error with the file's name") {
  struct Case {
    Nitro nitro;
    std::string_view message;
  };
  const std::vector<Case> cases{
      {{.left_out = "module_id"}, "\"module_id\", found nothing"},
      {{.left_out = "digest"}, "\"digest\", found nothing"},
      {{.left_out = "timestamp"}, "\"timestamp\", found nothing"},
      {{.left_out = "pcrs"}, "found neither"},
      {{.left_out = "certificate"}, "\"certificate\", found nothing"},
      {{.left_out = "cabundle"}, "\"cabundle\", found nothing"},
      {{.digest = "SHA999"}, "the name of a hash algorithm"},
      {{.digest = "SHA256"}, "expected a byte string of 32 bytes as PCR 0"},
      {{.timestamp = cbor::integer(-1)}, "\"timestamp\", found a negative integer"},
      {{.pcrs = {{32, Bytes(kPcrSize)}}}, "numbers up to 31"},
      {{.pcrs = {{-1, Bytes(kPcrSize)}}}, "numbers up to 31"},
      {{.pcrs_key = "nitrotpm_pcrs", .pcrs = {{24, Bytes(kPcrSize)}}}, "numbers up to 23"},
      {{.pcrs = {{0, Bytes(47)}}}, "expected a byte string of 48 bytes as PCR 0"},
      {{.pcrs = {}}, "found none"},
      {{.cabundle = {}}, "found none"},
      {{.nonce = cbor::text("nonce")}, "\"nonce\", found a text string"},
      {{.more = {{cbor::text("nitrotpm_pcrs"), cbor::map({})}}}, "found both"},
      {{.more = {{cbor::text("digest"), cbor::text("SHA384")}}}, "found one twice"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.message);
    const auto result = quotes::appraise_nitro(evidence_of(document(one.nitro)));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::malformed);
    CHECK(result.error().file == "document.bin");
    CHECK(result.error().message.contains(one.message));
  }
  QuoteEvidence bad_root = evidence_of(document());
  bad_root.roots = {{.name = "root.pem", .bytes = Bytes(10)}};
  const auto result = quotes::appraise_nitro(bad_root);
  REQUIRE_FALSE(result);
  CHECK(result.error().file == "root.pem");
}

TEST_CASE("nitro: a document with bytes behind it, or cut anywhere, is refused") {
  const Bytes whole = document();
  Bytes longer = whole;
  longer.push_back(0);
  CHECK_FALSE(quotes::appraise_nitro(evidence_of(longer)));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(quotes::appraise_nitro(evidence_of(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)))));
  }
}

TEST_CASE("nitro: one changed byte anywhere is noticed") {
  const QuoteEvidence evidence = evidence_of(document());
  REQUIRE(judge(evidence) == kAllPass);
  CHECK(unnoticed_changes(evidence, quotes::appraise_nitro, {0x01}).empty());
}
