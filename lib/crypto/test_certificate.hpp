// Certificates and revocation lists that tests issue, by keys that they made.
#pragma once

#include <doctest/doctest.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "lib/crypto/certificate_native.hpp"
#include "lib/crypto/test_key.hpp"

namespace mrtool::testing {

inline constexpr std::int64_t kDay = 24LL * 60 * 60;      // seconds
inline constexpr std::int64_t kTestTime = 1'767'225'600;  // 2026-01-01T00:00:00Z
// Seconds around kTestTime: from 2017 to 2053.
inline constexpr std::int64_t kTestYearsBefore = 3287 * kDay;
inline constexpr std::int64_t kTestYearsAfter = 9862 * kDay;

// As the crypto library's configuration spells it: {"basicConstraints", "critical,CA:TRUE"}, {"1.2.3", "DER:0500"}.
struct TestExtension {
  std::string name;
  std::string value;
};

struct TestSubject {
  std::string common_name;
  bool ca = false;
  long serial = 1;
  std::int64_t not_before = kTestTime - kTestYearsBefore;
  std::int64_t not_after = kTestTime + kTestYearsAfter;
  HashAlgorithm hash = HashAlgorithm::sha256;  // of the signature
  std::vector<TestExtension> extensions = {};  // beyond those of every certificate here
};

struct TestIssued {
  Certificate certificate;
  TestKey key;
};

namespace detail {

inline const EVP_MD* digest_of(HashAlgorithm hash) {
  return EVP_get_digestbyname(find_algorithm(hash)->openssl_name);
}

inline void set_time(ASN1_TIME* field, std::int64_t seconds) {
  REQUIRE(ASN1_TIME_set(field, static_cast<std::time_t>(seconds)) != nullptr);
}

inline void add_extension(X509* certificate, X509* issuer, const TestExtension& wanted) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
      X509V3_EXT_nconf(nullptr, &context, wanted.name.c_str(), wanted.value.c_str()), X509_EXTENSION_free);
  REQUIRE(extension);
  REQUIRE(X509_add_ext(certificate, extension.get(), -1) == 1);
}

inline void add_extensions(X509* certificate, X509* issuer, const TestSubject& subject) {
  add_extension(certificate, issuer, {"subjectKeyIdentifier", "hash"});
  add_extension(certificate, issuer, {"authorityKeyIdentifier", "keyid"});
  if (subject.ca) {
    add_extension(certificate, issuer, {"basicConstraints", "critical,CA:TRUE"});
    add_extension(certificate, issuer, {"keyUsage", "critical,keyCertSign,cRLSign"});
  }
  for (const TestExtension& extension : subject.extensions) {
    add_extension(certificate, issuer, extension);
  }
}

}  // namespace detail

// A certificate for `key`, issued by `issuer`; self-signed where that is nullptr.
inline TestIssued issue(const TestSubject& subject, const TestKey& key, const TestIssued* issuer = nullptr) {
  const OwnedX509 x509(X509_new());
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), subject.serial);
  detail::set_time(X509_getm_notBefore(x509.get()), subject.not_before);
  detail::set_time(X509_getm_notAfter(x509.get()), subject.not_after);
  X509_NAME* name = X509_get_subject_name(x509.get());
  const ByteView text = as_bytes(subject.common_name);
  REQUIRE(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text.data(), static_cast<int>(text.size()), -1, 0) ==
          1);
  X509* above = issuer != nullptr ? issuer->certificate.native().x509.get() : x509.get();
  X509_set_issuer_name(x509.get(), X509_get_subject_name(above));
  X509_set_pubkey(x509.get(), key.native());
  detail::add_extensions(x509.get(), above, subject);
  const TestKey& signer = issuer != nullptr ? issuer->key : key;
  REQUIRE(X509_sign(x509.get(), signer.native(), detail::digest_of(subject.hash)) > 0);

  unsigned char* der = nullptr;
  const int size = i2d_X509(x509.get(), &der);
  REQUIRE(size > 0);
  auto certificate = Certificate::from_der(ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  REQUIRE(certificate);
  return {.certificate = *certificate, .key = key};
}

struct TestCrl {
  std::vector<Certificate> revoked = {};
  std::int64_t this_update = kTestTime - 10 * kDay;
  std::int64_t next_update = kTestTime + 10 * kDay;
  const TestKey* signer = nullptr;  // nullptr: the issuer's
};

// DER.
inline Bytes issue_crl(const TestIssued& issuer, const TestCrl& wanted = {}) {
  const OwnedCrl crl(X509_CRL_new());
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.native().x509.get()));
  const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> time(ASN1_TIME_new(), ASN1_TIME_free);
  detail::set_time(time.get(), wanted.next_update);
  X509_CRL_set1_nextUpdate(crl.get(), time.get());
  detail::set_time(time.get(), wanted.this_update);
  X509_CRL_set1_lastUpdate(crl.get(), time.get());
  for (const Certificate& certificate : wanted.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.native().x509.get()));
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  const TestKey& signer = wanted.signer != nullptr ? *wanted.signer : issuer.key;
  REQUIRE(X509_CRL_sign(crl.get(), signer.native(), EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int size = i2d_X509_CRL(crl.get(), &der);
  REQUIRE(size > 0);
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace mrtool::testing
