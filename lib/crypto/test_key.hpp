// Keys that tests make and sign with. Made anew in every run.
#pragma once

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "lib/crypto/hash.hpp"
#include "lib/crypto/public_key.hpp"

namespace mrtool::testing {

class TestKey {
 public:
  static TestKey rsa(unsigned int bits) { return TestKey(EVP_RSA_gen(bits)); }
  static TestKey ec(const char* group) { return TestKey(EVP_EC_gen(group)); }
  static TestKey ed25519() { return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

  EVP_PKEY* native() const { return key_.get(); }

  Bytes der() const {
    unsigned char* raw = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &raw);
    REQUIRE(size > 0);
    Bytes bytes(raw, raw + size);
    OPENSSL_free(raw);
    return bytes;
  }
  PublicKey public_key() const {
    auto key = PublicKey::parse(der());
    REQUIRE(key);
    return *key;
  }

  // As the crypto library makes it: raw for RSA, DER for ECDSA. `salt_length` is of RSAPSS, in bytes or
  // RSA_PSS_SALTLEN_*.
  Bytes sign(SignatureScheme scheme, HashAlgorithm hash, ByteView message,
             int salt_length = RSA_PSS_SALTLEN_DIGEST) const {
    const EVP_MD* const md = EVP_get_digestbyname(find_algorithm(hash)->openssl_name);
    const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr), EVP_PKEY_CTX_free);
    REQUIRE(EVP_PKEY_sign_init(context.get()) == 1);
    if (scheme == SignatureScheme::rsapss) {
      REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1);
      REQUIRE(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt_length) == 1);
    }
    REQUIRE(EVP_PKEY_CTX_set_signature_md(context.get(), md) == 1);
    const Digest digest = HashEngine().hash(hash, message);
    std::size_t size = 0;
    REQUIRE(EVP_PKEY_sign(context.get(), nullptr, &size, digest.view().data(), digest.size()) == 1);
    Bytes signature(size);
    REQUIRE(EVP_PKEY_sign(context.get(), signature.data(), &size, digest.view().data(), digest.size()) == 1);
    signature.resize(size);
    return signature;
  }

 private:
  explicit TestKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { REQUIRE(key != nullptr); }

  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace mrtool::testing
