#include <doctest/doctest.h>

#include <array>

#include "lib/quote/quote.hpp"
#include "lib/quote/test_tpm_quote.hpp"
#include "lib/quote/tpm_public.hpp"

namespace mrtool {

namespace {

using testing::appraised;
using testing::evidence_of;
using testing::kTestNonce;
using testing::TestKey;
using testing::TestQuote;
using testing::tpmt_signature;
using testing::troubles;

// A quote of PCR 0 and 7 (SHA-256) by an ECDSA P-256 key.
const Bytes kPublic = *from_hex(
    "0023000b00050072000000100018000b0003001000205ae4b40091d3bbb7e3abddb12a665b63991601c3caa7ee0bda88de2fadf10619"
    "0020a5e0de06520355f9d8324123e8811592490b40cc108ef9c619b8cf7607cc0953");
const Bytes kQuote = *from_hex(
    "ff54434780180022000b8dbad06c492f157d30f4537ca7937da2d1db1ed6df14e606cfc5ad4991ab35ed00080011223344556677"
    "0000000000001234000000010000000001202401250012000000000001000b038100000020ba5425edd8ec2a645f1b23142a20dd67"
    "b16744f21342aaf0d8c61b0898f729a6");
const Bytes kSignature = *from_hex(
    "0018000b002089052c9647361911341d96ed0b15cc0d1584533ffe6f5e6a1c4a29030cef66df0020e6d7db33bad8f437b278a35b13a0"
    "d1d6433371cf838dbf8ff8c7c5dedefad962");
const Bytes kPcrs = *from_hex(
    "00000001000b0381000000000001000000020020d4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b0020"
    "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
constexpr std::string_view kPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWuS0AJHTu7fjq92xKmZbY5kWAcPK\n"
    "p+4L2ojeL63xBhml4N4GUgNV+dgyQSPogRWSSQtAzBCO+cYZuM92B8wJUw==\n"
    "-----END PUBLIC KEY-----\n";

QuoteEvidence vector_evidence() {
  QuoteEvidence evidence = evidence_of(kQuote, kSignature, kPublic);
  evidence.pcr_file = NamedBytes{.name = "quote.pcrs", .bytes = kPcrs};
  return evidence;
}

std::string troubles_of(const QuoteEvidence& evidence) {
  return troubles(appraised(evidence));
}

Bytes sized(const Bytes& bytes) {
  ByteWriter writer(ByteOrder::big);
  writer.u16(static_cast<std::uint16_t>(bytes.size())).bytes(bytes);
  return writer.take();
}

RegisterKey pcr(HashAlgorithm bank, std::uint32_t index) {
  return {.reg = {.kind = RegisterKind::pcr, .index = index, .name = {}, .provider = {}, .carrier = {}}, .bank = bank};
}

const TestKey& rsa_key() {
  static const TestKey kKey = TestKey::rsa(2048);
  return kKey;
}

const TestKey& ec_key() {
  static const TestKey kKey = TestKey::ec("P-256");
  return kKey;
}

// A public area around the vector's, with another field.
Bytes changed_public(std::size_t offset, std::uint8_t value) {
  Bytes bytes = kPublic;
  bytes.at(offset) = value;
  return bytes;
}

struct Signer {
  const char* name;
  const TestKey& key;
  std::uint16_t id;
  SignatureScheme scheme;
  std::optional<Curve> curve;
  int salt = RSA_PSS_SALTLEN_DIGEST;
};

std::vector<Signer> signers() {
  static const TestKey kP384 = TestKey::ec("P-384");
  static const TestKey kP521 = TestKey::ec("P-521");
  return {
      {"RSASSA", rsa_key(), 0x0014, SignatureScheme::rsassa, {}},
      {"RSAPSS", rsa_key(), 0x0016, SignatureScheme::rsapss, {}},
      {"RSAPSS with the longest salt", rsa_key(), 0x0016, SignatureScheme::rsapss, {}, RSA_PSS_SALTLEN_MAX},
      {"P-256", ec_key(), 0x0018, SignatureScheme::ecdsa, Curve::p256},
      {"P-384", kP384, 0x0018, SignatureScheme::ecdsa, Curve::p384},
      {"P-521", kP521, 0x0018, SignatureScheme::ecdsa, Curve::p521},
  };
}

}  // namespace

TEST_CASE("TPM quote with everything given") {
  const QuoteResult result = appraised(vector_evidence());
  CHECK(result.kind == "tpm2");
  CHECK(troubles(result).empty());
  std::vector<std::string> names;
  for (const QuoteCheck& check : result.checks) {
    names.push_back(check.name);
  }
  CHECK(names ==
        std::vector<std::string>{"magic", "key", "signature", "nonce", "selection", "hash-strength", "pcr-digest"});
  CHECK(verdict_of(result.checks) == Verdict::pass);
  CHECK(result.registers.authenticated == Authenticated::signed_);
  CHECK(result.registers.source == "quote.msg");
  REQUIRE(result.registers.values.size() == 2);
  CHECK(result.registers.values.at(pcr(HashAlgorithm::sha256, 7)).hex().starts_with("3d458cfe"));
  REQUIRE(result.quoted_digest);
  CHECK(result.quoted_digest->hash == HashAlgorithm::sha256);
  CHECK(result.quoted_digest->order == std::vector{pcr(HashAlgorithm::sha256, 0), pcr(HashAlgorithm::sha256, 7)});
  const Value fields(result.fields);
  CHECK(*fields.find("clock") == Value::wide(0x1234));
  CHECK(*fields.find("reset_count") == Value::number(1));
  CHECK(*fields.find("restart_count") == Value::number(0));
  CHECK(*fields.find("safe") == Value(true));
  CHECK(*fields.find("firmware_version") == Value::wide_hex(0x2024012500120000));
  CHECK(fields.find("qualified_signer")->as<Bytes>()->size() == 34);
  CHECK(*fields.find("key")->find("name") ==
        Value(*from_hex("000bf1db7267ab74196c8c4e44524b9fa28d8e95caed2c262a294979953f3fbe4d4d")));
  CHECK(*fields.find("signature_scheme") == Value("ECDSA with sha256"));
}

TEST_CASE("TPM quote and key in their other forms") {
  QuoteEvidence evidence = vector_evidence();
  evidence.quote.bytes = sized(kQuote);
  evidence.key->bytes = sized(kPublic);
  CHECK(troubles_of(evidence).empty());
  evidence.key->bytes = to_bytes(as_bytes(kPem));
  CHECK(troubles_of(evidence) == "key: skipped");
  evidence.key->bytes = quotes::parse_attestation_key(kPublic)->key.der();
  CHECK(troubles_of(evidence) == "key: skipped");
  evidence.pcr_file->bytes = *from_hex(
      "d4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b"
      "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
  CHECK(troubles_of(evidence) == "key: skipped");
}

TEST_CASE("TPM quote lacks something") {
  QuoteEvidence evidence = vector_evidence();
  evidence.key.reset();
  CHECK(troubles_of(evidence) == "key: inconclusive; signature: inconclusive");
  evidence = vector_evidence();
  evidence.signature.reset();
  CHECK(troubles_of(evidence) == "signature: inconclusive");
  evidence = vector_evidence();
  evidence.nonce_policy = NoncePolicy::unstated;
  CHECK(troubles_of(evidence) == "nonce: inconclusive");
  evidence.nonce_policy = NoncePolicy::waived;
  CHECK(troubles_of(evidence) == "nonce: skipped");
  evidence = vector_evidence();
  evidence.pcr_file.reset();
  const QuoteResult result = appraised(evidence);
  CHECK(troubles(result).empty());
  CHECK(result.registers.values.empty());
  CHECK(result.quoted_digest);
}

TEST_CASE("TPM quote with another nonce, a longer and a shorter one") {
  for (const Bytes& nonce : {Bytes{}, Bytes{1}, Bytes(8), Bytes{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0},
                             Bytes{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}}) {
    QuoteEvidence evidence = vector_evidence();
    evidence.nonce = nonce;
    CHECK(troubles_of(evidence) == "nonce: fail");
  }
}

TEST_CASE("TPM key that may sign what its TPM did not make") {
  constexpr std::size_t kHigh = 5;  // bits 16 to 23 of the attributes
  constexpr std::size_t kLow = 7;   // bits 0 to 7
  struct Case {
    Bytes key;
    std::string_view lacking;
  };
  for (const auto& [key, lacking] :
       {Case{changed_public(kHigh, 0x04), "restricted"}, Case{changed_public(kHigh, 0x01), "sign"},
        Case{changed_public(kHigh, 0x07), "decrypt"}, Case{changed_public(kLow, 0x70), "fixedTPM"}}) {
    CAPTURE(lacking);
    QuoteEvidence evidence = vector_evidence();
    evidence.key->bytes = key;
    CHECK(troubles_of(evidence) == "key: fail");
  }
}

TEST_CASE("TPM quote by another key") {
  QuoteEvidence evidence = vector_evidence();
  for (const TestKey& key : {ec_key(), rsa_key(), TestKey::ec("P-384"), TestKey::ec("SM2"), TestKey::ed25519()}) {
    evidence.key->bytes = key.der();
    CHECK(troubles_of(evidence) == "key: skipped; signature: fail");
  }
}

TEST_CASE("TPM quote with other register values, too few and more of them") {
  QuoteEvidence evidence = vector_evidence();
  RegisterValues values = parse_pcr_file(kPcrs)->values;
  evidence.pcr_file.reset();
  evidence.pcr_values = values;
  CHECK(troubles_of(evidence).empty());
  const RegisterKey more = pcr(HashAlgorithm::sha256, 5);
  evidence.pcr_values->values[more] = Digest::filled(32, 5);
  QuoteResult result = appraised(evidence);
  CHECK(troubles(result).empty());
  CHECK_FALSE(result.registers.values.contains(more));
  evidence.pcr_values->values[pcr(HashAlgorithm::sha256, 7)].mutable_view()[31] ^= 1;
  result = appraised(evidence);
  CHECK(troubles(result) == "pcr-digest: fail");
  CHECK(result.registers.values.empty());
  evidence.pcr_values->values.erase(pcr(HashAlgorithm::sha256, 7));
  result = appraised(evidence);
  CHECK(troubles(result) == "pcr-digest: inconclusive");
  CHECK(result.registers.values.empty());
  // Both forms are checked where both are given.
  evidence.pcr_file = NamedBytes{.name = "quote.pcrs", .bytes = kPcrs};
  CHECK(troubles_of(evidence) == "pcr-digest: inconclusive");
}

TEST_CASE("TPM quote by every scheme and hash, with and without a head on the signature") {
  for (const Signer& signer : signers()) {
    for (const HashAlgorithm hash : {HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512}) {
      CAPTURE(signer.name);
      CAPTURE(to_string(hash));
      const TestQuote quote{.selections = {{.bank = HashAlgorithm::sha1, .pcrs = 0x7},
                                           {.bank = HashAlgorithm::sha512, .pcrs = 0x800001},
                                           {.bank = HashAlgorithm::sha384, .pcrs = 0}},
                            .hash = hash};
      const Bytes plain = signer.key.sign(signer.scheme, hash, quote.message(), signer.salt);
      const Bytes headed = tpmt_signature(signer.id, hash, plain, signer.curve);
      for (const Bytes& signature : {plain, headed}) {
        QuoteEvidence evidence = evidence_of(quote.message(), signature, signer.key.der());
        evidence.pcr_values = quote.values();
        const QuoteResult result = appraised(evidence);
        CHECK(troubles(result) == "key: skipped");
        CHECK(result.registers.values.size() == 5);
        evidence.quote.bytes.back() ^= 1;
        CHECK(troubles_of(evidence) == "key: skipped; pcr-digest: fail; signature: fail");
      }
    }
  }
}

TEST_CASE("TPM quote over SHA-1 counts only where that was allowed") {
  struct Case {
    PcrSelections selections;
    HashAlgorithm hash;
    bool weak;
  };
  const std::vector<Case> cases{
      {{{.bank = HashAlgorithm::sha256, .pcrs = 1}}, HashAlgorithm::sha1, true},
      {{{.bank = HashAlgorithm::sha1, .pcrs = 1}}, HashAlgorithm::sha256, true},
      {{{.bank = HashAlgorithm::sha1, .pcrs = 1}, {.bank = HashAlgorithm::sha256, .pcrs = 1}},
       HashAlgorithm::sha256,
       false},
  };
  for (const Case& item : cases) {
    const TestQuote quote{.selections = item.selections, .hash = item.hash};
    const Bytes plain = rsa_key().sign(SignatureScheme::rsassa, item.hash, quote.message());
    for (const Bytes& signature : {plain, tpmt_signature(0x0014, item.hash, plain, {})}) {
      QuoteEvidence evidence = evidence_of(quote.message(), signature, rsa_key().der());
      CHECK(troubles_of(evidence) == (item.weak ? "hash-strength: inconclusive; key: skipped" : "key: skipped"));
      evidence.allow_sha1 = true;
      CHECK(troubles_of(evidence) == "key: skipped");
    }
  }
}

TEST_CASE("TPM signature by a scheme or hash that the key does not have") {
  // The vector's key signs by ECDSA with sha256 only.
  const TestQuote quote{.hash = HashAlgorithm::sha384};
  const Bytes plain = ec_key().sign(SignatureScheme::ecdsa, HashAlgorithm::sha384, quote.message());
  const Bytes signature = tpmt_signature(0x0018, HashAlgorithm::sha384, plain, Curve::p256);
  const auto [x, y] = [] {
    const Bytes der = ec_key().der();
    const ByteView point = ByteView(der).last(64);
    return std::pair{to_bytes(point.first(32)), to_bytes(point.last(32))};
  }();
  const auto area = [&](bool any) {
    ByteWriter writer(ByteOrder::big);
    writer.u16(0x0023).u16(0x000B).u32(0x00050072).u16(0).u16(0x0010);
    if (any) {
      writer.u16(0x0010);
    } else {
      writer.u16(0x0018).u16(0x000B);
    }
    writer.u16(0x0003).u16(0x0010).u16(32).bytes(x).u16(32).bytes(y);
    return writer.take();
  };
  CHECK(troubles_of(evidence_of(quote.message(), signature, area(true))).empty());
  CHECK(troubles_of(evidence_of(quote.message(), signature, area(false))) == "signature: fail");
  // Without a head the signature is looked for by the key's scheme only, whose digests have another size.
  CHECK(troubles_of(evidence_of(quote.message(), plain, area(true))).empty());
  CHECK(troubles_of(evidence_of(quote.message(), plain, area(false))) == "pcr-digest: fail; signature: fail");
}

TEST_CASE("TPM signature by a scheme that is not checked here is inconclusive") {
  QuoteEvidence evidence = vector_evidence();
  for (const std::uint8_t scheme : {std::uint8_t{0x1A}, std::uint8_t{0x1B}, std::uint8_t{0x1C}}) {
    evidence.key->bytes = changed_public(13, scheme);
    if (scheme == 0x1A) {  // ECDAA has a count behind its hash
      evidence.key->bytes.insert(evidence.key->bytes.begin() + 16, {0, 0});
    }
    evidence.signature->bytes = kSignature;
    evidence.signature->bytes[1] = scheme;
    CHECK(troubles_of(evidence) == "signature: inconclusive");
  }
  evidence.signature->bytes = *from_hex("0005000b");
  evidence.signature->bytes.resize(36);
  CHECK(troubles_of(evidence) == "signature: inconclusive");
}

TEST_CASE("TPM signature of another kind of key") {
  QuoteEvidence evidence = vector_evidence();
  evidence.signature->bytes = Bytes(256, 1);
  CHECK(troubles_of(evidence) == "signature: fail");
  evidence.signature->bytes = tpmt_signature(0x0014, HashAlgorithm::sha256, Bytes(256, 1), {});
  CHECK(troubles_of(evidence) == "signature: fail");
  evidence.key->bytes = rsa_key().der();
  evidence.signature->bytes = kSignature;
  CHECK(troubles_of(evidence) == "key: skipped; signature: fail");
}

TEST_CASE("TPM signature with leading zeros stripped or added") {
  // Both numbers of an ECDSA signature start with a zero byte once in 65536; so one that does is padded here instead.
  QuoteEvidence evidence = vector_evidence();
  ByteWriter writer(ByteOrder::big);
  writer.u16(0x0018).u16(0x000B);
  writer.u16(34).u16(0).bytes(ByteView(kSignature).subspan(6, 32));
  writer.u16(33).u8(0).bytes(ByteView(kSignature).subspan(40, 32));
  evidence.signature->bytes = writer.take();
  CHECK(troubles_of(evidence).empty());
}

TEST_CASE("TPM quote that covers nothing") {
  for (const PcrSelections& selections :
       {PcrSelections{}, PcrSelections{{.bank = HashAlgorithm::sha256, .pcrs = 0}},
        PcrSelections{{.bank = HashAlgorithm::sha256, .pcrs = 0}, {.bank = HashAlgorithm::sha384, .pcrs = 0}}}) {
    const TestQuote quote{.selections = selections};
    const Bytes plain = ec_key().sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, quote.message());
    QuoteEvidence evidence = evidence_of(quote.message(), plain, ec_key().der());
    CHECK(appraised(evidence).quoted_digest == std::nullopt);
    CHECK(troubles_of(evidence).contains("selection: fail"));
    evidence.pcr_values = TestQuote{}.values();
    CHECK(troubles_of(evidence).contains("pcr-digest: fail"));
  }
}

TEST_CASE("TPM quote of a bank that is not known here can't be recomputed") {
  TestQuote quote;
  const Bytes known = quote.message();
  Bytes message = known;
  message.at(known.size() - 34 - 6 + 1) = 0x77;  // the bank's identifier
  const Bytes plain = ec_key().sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, message);
  QuoteEvidence evidence = evidence_of(message, plain, ec_key().der());
  evidence.pcr_values = quote.values();
  CHECK(troubles_of(evidence) == "key: skipped; pcr-digest: inconclusive");
}

TEST_CASE("TPM attestation of another type is no quote") {
  const TestQuote quote{.type = 0x8017};
  const Bytes plain = ec_key().sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, quote.message());
  const QuoteResult result = appraised(evidence_of(quote.message(), plain, ec_key().der()));
  CHECK(troubles(result) == "magic: fail");
  CHECK(result.checks.front().detail.contains("certify"));
}

TEST_CASE("TPM quote cut at every byte, and with bytes behind it, is none") {
  for (const Bytes& whole : {kQuote, sized(kQuote)}) {
    QuoteEvidence evidence = vector_evidence();
    for (std::size_t size = 6; size <= whole.size() + 1; ++size) {
      if (size == whole.size()) {
        continue;
      }
      evidence.quote.bytes = whole;
      evidence.quote.bytes.resize(size);
      if (const QuoteKind* const kind = find_quote_kind(evidence.quote.bytes)) {
        CHECK_FALSE(kind->appraise(evidence));
      }
    }
  }
}

TEST_CASE("signature, key and PCR file that are none are errors of their files") {
  const QuoteKind* const kind = find_quote_kind(kQuote);
  REQUIRE(kind != nullptr);
  QuoteEvidence evidence = vector_evidence();
  evidence.signature->bytes = {1, 2, 3};
  CHECK(kind->appraise(evidence).error().file == "quote.sig");
  evidence = vector_evidence();
  evidence.key->bytes = {1, 2, 3};
  CHECK(kind->appraise(evidence).error().file == "ak.pub");
  evidence = vector_evidence();
  evidence.pcr_file->bytes = {1, 2, 3};
  CHECK(kind->appraise(evidence).error().file == "quote.pcrs");
}

TEST_CASE("what a TPM quote has no use for is told") {
  QuoteEvidence evidence = vector_evidence();
  evidence.roots.push_back({.name = "ca.pem", .bytes = {}});
  evidence.tcb_info.push_back({.name = "tcb.json", .bytes = {}});
  CHECK(troubles_of(evidence) == "unused-input: inconclusive");
}

TEST_CASE("TPM public areas cut at every byte, and with bytes behind them, are none") {
  for (std::size_t size = 0; size < kPublic.size(); ++size) {
    CHECK_FALSE(quotes::parse_tpm_public(ByteView(kPublic).first(size)));
  }
  Bytes longer = kPublic;
  longer.push_back(0);
  CHECK_FALSE(quotes::parse_tpm_public(longer));
  CHECK(quotes::parse_tpm_public(changed_public(17, 0x10)).error().kind == ErrorKind::unsupported);  // BN P256
}

TEST_CASE("TPM public area of an endorsement key is read, and is no attestation key") {
  ByteWriter writer(ByteOrder::big);
  const Bytes der = rsa_key().der();
  writer.u16(0x0001).u16(0x000B).u32(0x000300B2).u16(32).fill(0x83, 32);
  writer.u16(0x0006).u16(128).u16(0x0043).u16(0x0010).u16(2048).u32(0);
  writer.u16(256).bytes(ByteView(der).subspan(der.size() - 5 - 256, 256));
  const auto area = quotes::parse_tpm_public(writer.data());
  REQUIRE(area);
  CHECK(area->key.der() == der);
  CHECK_FALSE(area->scheme);
  QuoteEvidence evidence = vector_evidence();
  evidence.key->bytes = writer.take();
  CHECK(troubles_of(evidence) == "key: fail; signature: fail");
}

}  // namespace mrtool
