#include <doctest/doctest.h>
#include <openssl/pem.h>

#include <algorithm>

#include "lib/base/byte_writer.hpp"
#include "lib/base/guid.hpp"
#include "lib/crypto/test_certificate.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/svsm.hpp"
#include "lib/quote/test_documents.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

constexpr std::size_t kReportSize = 1184;
constexpr std::size_t kSigned = 0x2A0;
constexpr std::size_t kScalar = 72;
constexpr std::size_t kReservedBehind = kSigned + 2 * kScalar;

struct Authority {
  TestIssued ark = issue({.common_name = "ARK", .ca = true}, TestKey::rsa(2048));
  TestIssued ask = issue({.common_name = "SEV", .ca = true, .serial = 2}, TestKey::rsa(2048), &ark);
  TestIssued vcek = issue({.common_name = "SEV-VCEK", .serial = 3}, TestKey::ec("P-384"), &ask);
};
const Authority& authority() {
  static const Authority made;
  return made;
}

struct Snp {
  std::uint32_t version = 2;
  std::uint64_t policy = 0x3001F;
  std::uint32_t vmpl = 0;
  std::uint32_t algorithm = 1;
  Bytes report_data = Bytes(64, 0xAB);
};

void put(Bytes& report, std::size_t offset, ByteView value) {
  std::ranges::copy(value, report.begin() + static_cast<std::ptrdiff_t>(offset));
}

Bytes report(const Snp& snp = {}, const TestKey* key = nullptr) {
  Bytes bytes(kReportSize);
  put(bytes, 0x00, ByteWriter().u32(snp.version).take());
  put(bytes, 0x08, ByteWriter().u64(snp.policy).take());
  put(bytes, 0x30, ByteWriter().u32(snp.vmpl).u32(snp.algorithm).take());
  put(bytes, 0x50, snp.report_data);
  put(bytes, 0x90, Bytes(48, 0x11));
  put(bytes, 0xC0, Bytes(32, 0x22));
  const TestKey& signer = key != nullptr ? *key : authority().vcek.key;
  Bytes signature = cose_signature(signer, *find_cose_algorithm(-35), ByteView(bytes).first(kSigned));
  const auto half = static_cast<std::ptrdiff_t>(signature.size() / 2);
  std::reverse(signature.begin(), signature.begin() + half);
  std::reverse(signature.begin() + half, signature.end());
  put(bytes, kSigned, ByteView(signature).first(static_cast<std::size_t>(half)));
  put(bytes, kSigned + kScalar, ByteView(signature).subspan(static_cast<std::size_t>(half)));
  return bytes;
}

NamedBytes der(const TestIssued& issued) {
  return {.name = issued.certificate.summary().common_name, .bytes = to_bytes(issued.certificate.der())};
}

QuoteEvidence evidence_of(Bytes bytes) {
  QuoteEvidence evidence;
  evidence.quote = {.name = "report.bin", .bytes = std::move(bytes)};
  evidence.key = der(authority().vcek);
  evidence.roots = {der(authority().ask), der(authority().ark)};
  evidence.nonce_policy = NoncePolicy::given;
  evidence.nonce = Bytes(64, 0xAB);
  evidence.time = kTestTime;
  return evidence;
}

std::string judge(const QuoteEvidence& evidence) {
  return verdicts(quotes::appraise_snp(evidence));
}

QuoteEvidence with(Bytes bytes, void (*change)(QuoteEvidence&)) {
  QuoteEvidence evidence = evidence_of(std::move(bytes));
  change(evidence);
  return evidence;
}

constexpr std::string_view kAllPass =
    "signature pass, certificate-chain pass, revocation skipped, debug pass, vmpl skipped, nonce pass";

// All services: GUID, total size, count, entries, data.
Bytes services_manifest(const std::vector<Bytes>& data, std::uint32_t claimed_size = 0) {
  constexpr std::string_view kServices = "63849ebb-3d92-4670-a1ff-58f9c94b87bb";
  constexpr std::string_view kVtpm = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3";
  constexpr std::size_t kHeader = 24;
  std::size_t offset = kHeader + 24 * data.size();
  std::size_t total = offset;
  for (const Bytes& one : data) {
    total += one.size();
  }
  ByteWriter writer;
  writer.bytes(parse_guid(kServices)->wire).u32(static_cast<std::uint32_t>(total));
  writer.u32(static_cast<std::uint32_t>(data.size()));
  for (const Bytes& one : data) {
    writer.bytes(parse_guid(kVtpm)->wire);
    writer.u32(static_cast<std::uint32_t>(offset));
    writer.u32(claimed_size != 0 ? claimed_size : static_cast<std::uint32_t>(one.size()));
    offset += one.size();
  }
  for (const Bytes& one : data) {
    writer.bytes(one);
  }
  return writer.take();
}

}  // namespace

TEST_CASE("snp: reports of versions 2 to 5 pass and give their registers") {
  for (std::uint32_t version = 2; version <= 5; ++version) {
    const QuoteEvidence evidence = evidence_of(report({.version = version}));
    const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
    REQUIRE(kind != nullptr);
    CHECK(kind->name == "snp");
    const auto result = kind->appraise(evidence);
    CHECK(verdicts(result) == kAllPass);
    CHECK(all_pass(result));
    keep_as_seed("snp", evidence);
    const auto& values = result->registers.values;
    CHECK(values.size() == 2);
    CHECK(values.at({*parse_register("snp/mr:measurement"), HashAlgorithm::sha384}) == Digest(Bytes(48, 0x11)));
    CHECK(values.at({*parse_register("snp/mr:host_data"), HashAlgorithm::sha256}) == Digest(Bytes(32, 0x22)));
  }
  for (const std::uint32_t version : {0U, 1U, 6U, 0x02000000U}) {
    const Bytes other = report({.version = version});
    CHECK_FALSE(quotes::is_snp(other));
    CHECK_FALSE(quotes::appraise_snp(evidence_of(other)));
  }
}

TEST_CASE("snp: another size is no report") {
  Bytes bytes = report();
  bytes.push_back(0);
  CHECK_FALSE(quotes::is_snp(bytes));
  CHECK(quotes::appraise_snp(evidence_of(bytes)).error().file == "report.bin");
  for (std::size_t size = 0; size < kReportSize; ++size) {
    bytes.resize(size);
    CHECK_FALSE(quotes::is_snp(bytes));
    CHECK_FALSE(quotes::appraise_snp(evidence_of(bytes)));
  }
}

TEST_CASE("snp: every way of being wrong fails at its own check") {
  struct Case {
    std::string_view what;
    QuoteEvidence evidence;
    std::string_view verdicts;
  };
  const auto unchanged = [](QuoteEvidence&) {};
  const TestKey other = TestKey::ec("P-384");
  const std::vector<Case> cases{
      {"another key", with(report({}, &other), unchanged),
       "signature fail, certificate-chain pass, revocation skipped, debug pass, vmpl skipped, nonce pass"},
      {"another algorithm", with(report({.algorithm = 0}), unchanged),
       "signature fail, certificate-chain pass, revocation skipped, debug pass, vmpl skipped, nonce pass"},
      {"a guest that may be debugged", with(report({.policy = 0xB001F}), unchanged),
       "signature pass, certificate-chain pass, revocation skipped, debug fail, vmpl skipped, nonce pass"},
      {"another nonce", with(report(), [](QuoteEvidence& e) { e.nonce.front() ^= 0x01; }),
       "signature pass, certificate-chain pass, revocation skipped, debug pass, vmpl skipped, nonce fail"},
      {"nothing said of a nonce", with(report(), [](QuoteEvidence& e) { e.nonce_policy = NoncePolicy::unstated; }),
       "signature pass, certificate-chain pass, revocation skipped, debug pass, vmpl skipped, nonce inconclusive"},
      {"no key", with(report(), [](QuoteEvidence& e) { e.key.reset(); }),
       "signature inconclusive, certificate-chain inconclusive, debug pass, vmpl skipped, nonce pass"},
      {"a key without its certificate",
       with(report(), [](QuoteEvidence& e) { e.key->bytes = authority().vcek.key.der(); }),
       "signature pass, certificate-chain inconclusive, debug pass, vmpl skipped, nonce pass"},
      {"no root", with(report(), [](QuoteEvidence& e) { e.roots.clear(); }),
       "signature pass, certificate-chain inconclusive, debug pass, vmpl skipped, nonce pass"},
      {"no root, but what it issued", with(report(), [](QuoteEvidence& e) { e.roots.pop_back(); }),
       "signature pass, certificate-chain inconclusive, debug pass, vmpl skipped, nonce pass"},
      {"no signing key", with(report(), [](QuoteEvidence& e) { e.roots.erase(e.roots.begin()); }),
       "signature pass, certificate-chain fail, debug pass, vmpl skipped, nonce pass"},
      {"another root",
       with(report(),
            [](QuoteEvidence& e) {
              e.roots.back() = der(issue({.common_name = "ARK", .ca = true}, TestKey::rsa(2048)));
            }),
       "signature pass, certificate-chain fail, debug pass, vmpl skipped, nonce pass"},
      {"an expired certificate", with(report(), [](QuoteEvidence& e) { e.time = kTestTime + 100 * 365 * kDay; }),
       "signature pass, certificate-chain fail, debug pass, vmpl skipped, nonce pass"},
      {"an input that nothing is checked with",
       with(report(), [](QuoteEvidence& e) { e.tcb_info.push_back({.name = "tcb.json", .bytes = {}}); }),
       "signature pass, certificate-chain pass, revocation skipped, debug pass, vmpl skipped, nonce pass, unused-input "
       "inconclusive"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    CHECK(judge(one.evidence) == one.verdicts);
  }
}

TEST_CASE("snp: the signing key may come with the processor's certificate, and be revoked") {
  QuoteEvidence evidence = evidence_of(report());
  const auto pem = [](const TestIssued& issued) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    REQUIRE(PEM_write_bio_X509(bio.get(), issued.certificate.native().x509.get()) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return to_bytes(as_bytes(std::string_view(text, static_cast<std::size_t>(size))));
  };
  evidence.key->bytes = pem(authority().vcek);
  const Bytes ask = pem(authority().ask);
  evidence.key->bytes.insert(evidence.key->bytes.end(), ask.begin(), ask.end());
  evidence.roots.erase(evidence.roots.begin());
  CHECK(judge(evidence) == kAllPass);
  evidence.crls = {
      {.name = "ark.crl", .bytes = issue_crl(authority().ark, {.revoked = {authority().ask.certificate}})}};
  CHECK(judge(evidence) == "signature pass, certificate-chain fail, debug pass, vmpl skipped, nonce pass");
}

TEST_CASE("snp: a service module's manifest is bound to the nonce, from level 0 only") {
  const Bytes manifest = services_manifest({Bytes(100, 5)});
  const Bytes nonce(64, 0xAB);
  const Digest bound = HashEngine().hash(HashAlgorithm::sha512, nonce, manifest);
  QuoteEvidence evidence = evidence_of(report({.report_data = to_bytes(bound.view())}));
  CHECK(judge(evidence) ==
        "signature pass, certificate-chain pass, revocation skipped, debug pass, vmpl skipped, nonce fail");
  evidence.manifest = NamedBytes{.name = "manifest.bin", .bytes = manifest};
  CHECK(judge(evidence) ==
        "signature pass, certificate-chain pass, revocation skipped, debug pass, vmpl pass, nonce pass, manifest pass, "
        "ak-binding skipped");
  keep_as_seed("snp-svsm", evidence);
  for (std::uint8_t& byte : evidence.manifest->bytes) {
    byte ^= 0x01;
    CHECK_FALSE(all_pass(quotes::appraise_snp(evidence)));
    byte ^= 0x01;
  }
  evidence.nonce.push_back(manifest.front());
  evidence.manifest->bytes.erase(evidence.manifest->bytes.begin());
  CHECK(judge(evidence).contains("nonce fail, manifest fail"));
  evidence.manifest->bytes = manifest;
  evidence.nonce_policy = NoncePolicy::waived;
  CHECK(judge(evidence).contains("nonce skipped, manifest inconclusive"));
  evidence = evidence_of(report({.vmpl = 1, .report_data = to_bytes(bound.view())}));
  evidence.manifest = NamedBytes{.name = "manifest.bin", .bytes = manifest};
  CHECK(judge(evidence).contains("vmpl fail"));
}

TEST_CASE("svsm: manifests of all services and of one; broken ones stay bytes") {
  const Value decoded = quotes::decode_svsm_manifest(services_manifest({Bytes(3, 1), Bytes(2, 2)}));
  REQUIRE(decoded.find("services") != nullptr);
  const auto* services = decoded.find("services")->as<Value::List>();
  REQUIRE(services->size() == 2);
  CHECK(*services->front().find("service")->as<std::string>() == "vtpm");
  CHECK(*services->back().find("data")->as<Bytes>() == Bytes(2, 2));
  CHECK(quotes::decode_svsm_manifest(Bytes(40, 1)).find("data") != nullptr);
  CHECK(quotes::decode_svsm_manifest({}).find("data") != nullptr);
  CHECK(quotes::decode_svsm_manifest(services_manifest({Bytes(3)}, 4)).find("services") == nullptr);
  CHECK(quotes::decode_svsm_manifest(services_manifest({Bytes(3)}, 0xFFFFFFFF)).find("services") == nullptr);
  // Entries that name the same bytes again and again.
  CHECK(quotes::decode_svsm_manifest(services_manifest(std::vector<Bytes>(10, Bytes(100)), 100)).find("services") !=
        nullptr);
  CHECK(quotes::decode_svsm_manifest(services_manifest(std::vector<Bytes>(20, Bytes(100)), 1000)).find("services") ==
        nullptr);
  const Bytes whole = services_manifest({Bytes(3)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(quotes::decode_svsm_manifest(ByteView(whole).first(size)).find("services") == nullptr);
  }
}

// Behind r and s, the signature's structure has reserved bytes, which nothing signs.
TEST_CASE("snp: one changed byte anywhere but in the reserved bytes behind the signature is noticed") {
  const QuoteEvidence evidence = evidence_of(report());
  const std::vector<std::size_t> unnoticed = unnoticed_changes(evidence, quotes::appraise_snp, {0x01});
  CHECK(unnoticed.size() == kReportSize - kReservedBehind);
  CHECK(unnoticed.front() == kReservedBehind);
  CHECK(unnoticed.back() == kReportSize - 1);
}
