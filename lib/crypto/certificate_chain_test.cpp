#include "lib/crypto/certificate_chain.hpp"

#include <doctest/doctest.h>

#include "lib/crypto/test_certificate.hpp"

namespace mrtool {

using testing::issue;
using testing::issue_crl;
using testing::kDay;
using testing::kTestTime;
using testing::TestIssued;
using testing::TestKey;
using testing::TestSubject;

namespace {

TestKey key() {
  return TestKey::ec("P-256");
}

struct Family {
  TestIssued root = issue({.common_name = "Root", .ca = true}, key());
  TestIssued intermediate = issue({.common_name = "Between", .ca = true, .serial = 2}, key(), &root);
  TestIssued leaf = issue({.common_name = "Leaf", .serial = 3}, key(), &intermediate);
};

Result<ChainResult> verify(const TestIssued& leaf, std::vector<Certificate> intermediates,
                           std::vector<Certificate> roots, std::vector<Bytes> crls = {},
                           std::int64_t time = kTestTime) {
  return verify_chain(leaf.certificate, {.intermediates = intermediates, .roots = roots, .crls = crls, .time = time});
}

Result<ChainResult> verify(const Family& family, std::vector<Bytes> crls = {}, std::int64_t time = kTestTime) {
  return verify(family.leaf, {family.intermediate.certificate}, {family.root.certificate}, std::move(crls), time);
}

void check_refused(const Result<ChainResult>& result, const std::string& message) {
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::check_failed);
  CHECK(result.error().message == message);
}

void check_malformed(const Result<ChainResult>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::malformed);
}

}  // namespace

TEST_CASE("path from the leaf to the root") {
  const Family family;
  const auto result = verify(family);
  REQUIRE(result);
  REQUIRE(result->path.size() == 3);
  CHECK(equal(result->path[0].der(), family.leaf.certificate.der()));
  CHECK(equal(result->path[1].der(), family.intermediate.certificate.der()));
  CHECK(equal(result->path[2].der(), family.root.certificate.der()));
  CHECK(result->without_crl.empty());
}

TEST_CASE("path with an RSA root, where the root is among the intermediates too") {
  const TestIssued root = issue({.common_name = "Root", .ca = true}, TestKey::rsa(2048));
  const TestIssued leaf = issue({.common_name = "Leaf"}, key(), &root);
  CHECK(verify(leaf, {root.certificate}, {root.certificate}));
  CHECK(verify(leaf, {}, {root.certificate}));
}

TEST_CASE("root in the file but not trusted") {
  const Family family;
  check_refused(verify(family.leaf, {family.intermediate.certificate, family.root.certificate}, {}),
                "certificate CN=Root is self-signed and not one of the trusted roots");
  const TestIssued other = issue({.common_name = "Root", .ca = true}, key());
  check_refused(verify(family.leaf, {family.intermediate.certificate, family.root.certificate}, {other.certificate}),
                "certificate CN=Root is self-signed and not one of the trusted roots");
}

TEST_CASE("trusted root of the same name with another key") {
  const Family family;
  const TestIssued other = issue({.common_name = "Root", .ca = true}, key());
  check_refused(verify(family.leaf, {family.intermediate.certificate}, {other.certificate}),
                "certificate CN=Between has an issuer that is not among the certificates at hand and may issue it: "
                "CN=Root");
}

TEST_CASE("intermediate given as a root is no end of a path") {
  const Family family;
  check_refused(verify(family.leaf, {}, {family.intermediate.certificate}),
                "certificate CN=Between has an issuer that is not among the certificates at hand and may issue it: "
                "CN=Root");
}

TEST_CASE("missing intermediate") {
  const Family family;
  check_refused(verify(family.leaf, {}, {family.root.certificate}),
                "certificate CN=Leaf has an issuer that is not among the certificates at hand and may issue it: "
                "CN=Between");
}

TEST_CASE("self-signed leaf") {
  const TestIssued leaf = issue({.common_name = "Alone"}, key());
  check_refused(verify(leaf, {}, {}), "certificate CN=Alone is self-signed and not one of the trusted roots");
  const auto trusted = verify(leaf, {}, {leaf.certificate});
  REQUIRE(trusted);
  CHECK(trusted->path.size() == 1);
}

TEST_CASE("expired and not yet valid at a time") {
  Family family;
  family.leaf = issue({.common_name = "Leaf", .not_before = kTestTime, .not_after = kTestTime + kDay}, key(),
                      &family.intermediate);
  CHECK(verify(family, {}, kTestTime));
  CHECK(verify(family, {}, kTestTime + kDay - 1));
  check_refused(verify(family, {}, kTestTime + 2 * kDay),
                "certificate CN=Leaf expired at 2026-01-02T00:00:00Z, and what counts is 2026-01-03T00:00:00Z");
  check_refused(
      verify(family, {}, kTestTime - 1),
      "certificate CN=Leaf is not valid before 2026-01-01T00:00:00Z, and what counts is 2025-12-31T23:59:59Z");
}

TEST_CASE("expired intermediate and root") {
  const TestSubject short_root{
      .common_name = "Root", .ca = true, .not_before = kTestTime - kDay, .not_after = kTestTime - 1};
  const TestIssued root = issue(short_root, key());
  const TestIssued leaf = issue({.common_name = "Leaf"}, key(), &root);
  check_refused(verify(leaf, {}, {root.certificate}),
                "certificate CN=Root expired at 2025-12-31T23:59:59Z, and what counts is 2026-01-01T00:00:00Z");
}

TEST_CASE("leaf signed by another key than the intermediate's") {
  const Family family;
  const TestIssued impostor{.certificate = family.intermediate.certificate, .key = key()};
  const TestIssued leaf = issue({.common_name = "Leaf"}, key(), &impostor);
  check_refused(verify(leaf, {family.intermediate.certificate}, {family.root.certificate}),
                "certificate CN=Leaf has a signature that its issuer's key did not make");
}

TEST_CASE("issuer that is no CA") {
  const Family family;
  const TestIssued grandchild = issue({.common_name = "Grandchild"}, key(), &family.leaf);
  check_refused(
      verify(grandchild, {family.leaf.certificate, family.intermediate.certificate}, {family.root.certificate}),
      "certificate CN=Leaf is not a CA's, yet another certificate is issued in its name");
}

TEST_CASE("issuer that only a usage bit makes a CA") {
  const Family family;
  const TestIssued usage =
      issue({.common_name = "Usage", .extensions = {{"keyUsage", "critical,keyCertSign"}}}, key(), &family.root);
  const TestIssued leaf = issue({.common_name = "Leaf"}, key(), &usage);
  check_refused(verify(leaf, {usage.certificate}, {family.root.certificate}),
                "certificate CN=Usage is not a CA's, yet another certificate is issued in its name");
}

TEST_CASE("path longer than its root allows") {
  const TestIssued root =
      issue({.common_name = "Root",
             .extensions = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"}, {"keyUsage", "keyCertSign"}}},
            key());
  const TestIssued between = issue({.common_name = "Between", .ca = true}, key(), &root);
  const TestIssued leaf = issue({.common_name = "Leaf"}, key(), &between);
  CHECK(verify(between, {}, {root.certificate}));
  check_refused(verify(leaf, {between.certificate}, {root.certificate}),
                "certificate CN=Root allows fewer certificates below it than there are");
}

TEST_CASE("critical extension that nobody knows") {
  Family family;
  family.leaf =
      issue({.common_name = "Leaf", .extensions = {{"1.2.3.4", "critical,DER:0500"}}}, key(), &family.intermediate);
  check_refused(verify(family), "certificate CN=Leaf has a critical extension that is not known here");
  family.leaf = issue({.common_name = "Leaf", .extensions = {{"1.2.3.4", "DER:0500"}}}, key(), &family.intermediate);
  CHECK(verify(family));
}

TEST_CASE("weak signature and weak key") {
  Family family;
  family.leaf = issue({.common_name = "Leaf", .hash = HashAlgorithm::sha1}, key(), &family.intermediate);
  check_refused(verify(family), "certificate CN=Leaf has a signature with a hash that is too weak");
  family.leaf = issue({.common_name = "Leaf"}, TestKey::rsa(1024), &family.intermediate);
  check_refused(verify(family), "certificate CN=Leaf has a key that is too weak");
}

TEST_CASE("more certificates than a path may have") {
  std::vector<TestIssued> cas{issue({.common_name = "0", .ca = true}, key())};
  std::vector<Certificate> between;
  for (int i = 1; i <= 12; ++i) {
    cas.push_back(issue({.common_name = std::to_string(i), .ca = true}, key(), &cas.back()));
    between.push_back(cas.back().certificate);
  }
  const TestIssued leaf = issue({.common_name = "Leaf"}, key(), &cas.back());
  const auto result = verify(leaf, between, {cas.front().certificate});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::check_failed);
}

TEST_CASE("revocation lists of every issuer") {
  const Family family;
  const Bytes of_root = issue_crl(family.root);
  const Bytes of_intermediate = issue_crl(family.intermediate);
  const auto result = verify(family, {of_root, of_intermediate});
  REQUIRE(result);
  CHECK(result->without_crl.empty());
}

TEST_CASE("certificates without a revocation list are named") {
  const Family family;
  const auto root_only = verify(family, {issue_crl(family.root)});
  REQUIRE(root_only);
  CHECK(root_only->without_crl == std::vector<std::string>{"CN=Leaf"});
  const auto intermediate_only = verify(family, {issue_crl(family.intermediate)});
  REQUIRE(intermediate_only);
  CHECK(intermediate_only->without_crl == std::vector<std::string>{"CN=Between"});
  const Family other;
  const auto unrelated = verify(family, {issue_crl(issue({.common_name = "Elsewhere", .ca = true}, key()))});
  REQUIRE(unrelated);
  CHECK(unrelated->without_crl == std::vector<std::string>{"CN=Leaf", "CN=Between"});
}

TEST_CASE("revoked leaf and revoked intermediate") {
  const Family family;
  check_refused(
      verify(family, {issue_crl(family.root), issue_crl(family.intermediate, {.revoked = {family.leaf.certificate}})}),
      "certificate CN=Leaf is revoked");
  check_refused(verify(family, {issue_crl(family.root, {.revoked = {family.intermediate.certificate}})}),
                "certificate CN=Between is revoked");
}

TEST_CASE("revocation list that is old, not valid yet or not its issuer's") {
  const Family family;
  const Bytes of_root = issue_crl(family.root);
  check_refused(verify(family, {of_root, issue_crl(family.intermediate, {.this_update = kTestTime - 2 * kDay,
                                                                         .next_update = kTestTime - kDay})}),
                "certificate CN=Leaf has a revocation list that is out of date");
  check_refused(verify(family, {of_root, issue_crl(family.intermediate, {.this_update = kTestTime + kDay,
                                                                         .next_update = kTestTime + 2 * kDay})}),
                "certificate CN=Leaf has a revocation list that is not valid yet");
  check_refused(verify(family, {of_root, issue_crl(family.intermediate, {.signer = &family.leaf.key})}),
                "certificate CN=Leaf has a revocation list that its issuer's key did not sign");
}

TEST_CASE("revocation list that is none") {
  const Family family;
  check_malformed(verify(family, {to_bytes(as_bytes("no list"))}));
  check_malformed(verify(family, {Bytes{}}));
  check_malformed(verify(family, {to_bytes(family.root.certificate.der())}));
  check_malformed(verify(family, {to_bytes(as_bytes(family.root.certificate.pem()))}));
  Bytes longer = issue_crl(family.root);
  longer.push_back(0);
  check_malformed(verify(family, {longer}));
}

TEST_CASE("certificates as PEM and DER") {
  const Family family;
  const std::string pem = family.leaf.certificate.pem() + family.root.certificate.pem();
  const auto both = Certificate::parse(as_bytes("some words\n" + pem + std::string(1, '\0')));
  REQUIRE(both);
  REQUIRE(both->size() == 2);
  CHECK(both->at(0).sha256() == family.leaf.certificate.sha256());
  CHECK(both->at(1).summary().common_name == "Root");
  const auto one = Certificate::parse(family.leaf.certificate.der());
  REQUIRE(one);
  CHECK(one->size() == 1);
}

TEST_CASE("bytes that are no certificates") {
  const Family family;
  Bytes trailing = to_bytes(family.leaf.certificate.der());
  trailing.push_back(0);
  CHECK_FALSE(Certificate::from_der(trailing));
  CHECK_FALSE(Certificate::from_der({}));
  CHECK_FALSE(Certificate::parse({}));
  CHECK_FALSE(Certificate::parse(as_bytes("no certificate")));
  std::string damaged = family.leaf.certificate.pem();
  damaged[damaged.size() / 2] = '!';
  CHECK_FALSE(Certificate::parse(as_bytes(damaged)));
  CHECK_FALSE(Certificate::parse(as_bytes("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n")));
  CHECK_FALSE(
      Certificate::parse(as_bytes("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
                                  "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nMAA=\n"
                                  "-----END CERTIFICATE-----\n")));
}

TEST_CASE("what a certificate holds") {
  const Family family;
  const TestIssued leaf =
      issue({.common_name = "Leaf", .extensions = {{"1.2.3.4", "DER:0102"}}}, family.leaf.key, &family.intermediate);
  const auto extension = leaf.certificate.extension("1.2.3.4");
  REQUIRE(extension);
  CHECK(to_hex(*extension) == "0102");
  CHECK_FALSE(leaf.certificate.extension("1.2.3.5"));
  CHECK_FALSE(leaf.certificate.extension("no oid"));
  CHECK(family.root.certificate.self_signed());
  CHECK_FALSE(family.leaf.certificate.self_signed());
  const auto its_key = leaf.certificate.key();
  REQUIRE(its_key);
  CHECK(its_key->der() == family.leaf.key.der());
  CHECK(leaf.certificate.sha256().hex() == leaf.certificate.summary().sha256);
}

TEST_CASE("one changed byte anywhere in the leaf") {
  const Family family;
  const Bytes der = to_bytes(family.leaf.certificate.der());
  for (std::size_t i = 0; i < der.size(); ++i) {
    for (const unsigned mask : {0x01U, 0x80U, 0xFFU}) {
      Bytes changed = der;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ mask);
      const auto certificate = Certificate::from_der(changed);
      if (certificate) {
        CAPTURE(i);
        CHECK_FALSE(verify({.certificate = *certificate, .key = family.leaf.key}, {family.intermediate.certificate},
                           {family.root.certificate}));
      }
    }
  }
}

}  // namespace mrtool
