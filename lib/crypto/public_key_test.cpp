#include "lib/crypto/public_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

#include "lib/crypto/test_key.hpp"

namespace mrtool {

namespace {

using testing::TestKey;

const ByteView kMessage = as_bytes("measured, extended, quoted");

struct EcRow {
  const char* group;
  Curve curve;
  HashAlgorithm hash;
};

constexpr std::array kEcKeys{
    EcRow{"P-256", Curve::p256, HashAlgorithm::sha256},
    EcRow{"P-384", Curve::p384, HashAlgorithm::sha384},
    EcRow{"P-521", Curve::p521, HashAlgorithm::sha512},
};

const TestKey& rsa_key() {
  static const TestKey kKey = TestKey::rsa(2048);
  return kKey;
}

Bytes rsa_number(const TestKey& key, const char* name) {
  BIGNUM* number = nullptr;
  REQUIRE(EVP_PKEY_get_bn_param(key.native(), name, &number) == 1);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  BN_free(number);
  return bytes;
}

std::pair<Bytes, Bytes> point(const TestKey& key, std::size_t size) {
  const auto coordinate = [&](const char* name) {
    BIGNUM* number = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key.native(), name, &number) == 1);
    Bytes bytes(size);
    REQUIRE(BN_bn2binpad(number, bytes.data(), static_cast<int>(size)) == static_cast<int>(size));
    BN_free(number);
    return bytes;
  };
  return {coordinate(OSSL_PKEY_PARAM_EC_PUB_X), coordinate(OSSL_PKEY_PARAM_EC_PUB_Y)};
}

std::string pem(const TestKey& key) {
  BIO* const bio = BIO_new(BIO_s_mem());
  REQUIRE(PEM_write_bio_PUBKEY(bio, key.native()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string copy(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  return copy;
}

// A SubjectPublicKeyInfo of an RSA key, from numbers that the crypto library may refuse to make a key of.
Bytes rsa_der(ByteView modulus, ByteView exponent) {
  const auto tlv = [](std::uint8_t tag, const Bytes& content) {
    Bytes out{tag, 0x82, static_cast<std::uint8_t>(content.size() >> 8U), static_cast<std::uint8_t>(content.size())};
    out.insert(out.end(), content.begin(), content.end());
    return out;
  };
  const auto positive = [&](ByteView number) {
    Bytes content{0};
    content.insert(content.end(), number.begin(), number.end());
    return tlv(0x02, content);
  };
  const auto join = [](std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  };
  const Bytes algorithm = *from_hex("300d06092a864886f70d0101010500");
  const Bytes key = tlv(0x30, join({positive(modulus), positive(exponent)}));
  return tlv(0x30, join({algorithm, tlv(0x03, join({Bytes{0}, key}))}));
}

}  // namespace

TEST_CASE("RSASSA signature over a message and over its digest") {
  const PublicKey key = rsa_key().public_key();
  CHECK(key.kind() == PublicKey::Kind::rsa);
  CHECK(key.description() == "RSA 2048");
  CHECK_FALSE(key.curve());
  for (const HashAlgorithm hash : {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384,
                                   HashAlgorithm::sha512, HashAlgorithm::sha3_256}) {
    CAPTURE(to_string(hash));
    const Bytes signature = rsa_key().sign(SignatureScheme::rsassa, hash, kMessage);
    CHECK(verify_signature(key, SignatureScheme::rsassa, hash, kMessage, signature));
    const Digest digest = HashEngine().hash(hash, kMessage);
    CHECK(verify_digest_signature(key, SignatureScheme::rsassa, hash, digest.view(), signature));
    CHECK_FALSE(verify_signature(key, SignatureScheme::rsapss, hash, kMessage, signature));
    CHECK_FALSE(verify_signature(key, SignatureScheme::ecdsa, hash, kMessage, signature));
    CHECK_FALSE(verify_signature(key, SignatureScheme::rsassa, HashAlgorithm::sha224, kMessage, signature));
    CHECK_FALSE(verify_digest_signature(key, SignatureScheme::rsassa, hash, kMessage, signature));
  }
}

TEST_CASE("RSAPSS signature with every length of salt") {
  const PublicKey key = rsa_key().public_key();
  for (const int salt : {0, 1, 20, 32, 100, RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX}) {
    CAPTURE(salt);
    const Bytes signature = rsa_key().sign(SignatureScheme::rsapss, HashAlgorithm::sha256, kMessage, salt);
    CHECK(verify_signature(key, SignatureScheme::rsapss, HashAlgorithm::sha256, kMessage, signature));
    CHECK_FALSE(verify_signature(key, SignatureScheme::rsassa, HashAlgorithm::sha256, kMessage, signature));
    CHECK_FALSE(verify_signature(key, SignatureScheme::rsapss, HashAlgorithm::sha384, kMessage, signature));
  }
}

TEST_CASE("ECDSA signature on every curve") {
  for (const EcRow& row : kEcKeys) {
    CAPTURE(row.group);
    const TestKey pair = TestKey::ec(row.group);
    const PublicKey key = pair.public_key();
    CHECK(key.curve() == row.curve);
    CHECK(key.description() == std::string("ECDSA ") + row.group);
    const Bytes der = pair.sign(SignatureScheme::ecdsa, row.hash, kMessage);
    const auto signature = ecdsa_signature_from_der(row.curve, der);
    REQUIRE(signature);
    CHECK(verify_signature(key, SignatureScheme::ecdsa, row.hash, kMessage, *signature));
    const Digest digest = HashEngine().hash(row.hash, kMessage);
    CHECK(verify_digest_signature(key, SignatureScheme::ecdsa, row.hash, digest.view(), *signature));
    CHECK_FALSE(verify_signature(key, SignatureScheme::ecdsa, row.hash, kMessage, der));
    CHECK_FALSE(verify_signature(key, SignatureScheme::rsassa, row.hash, kMessage, *signature));
    const PublicKey other = TestKey::ec(row.group).public_key();
    CHECK_FALSE(verify_signature(other, SignatureScheme::ecdsa, row.hash, kMessage, *signature));
  }
}

TEST_CASE("a digest that is longer or shorter than the curve's order can be signed") {
  const TestKey pair = TestKey::ec("P-256");
  for (const HashAlgorithm hash : {HashAlgorithm::sha1, HashAlgorithm::sha384, HashAlgorithm::sha512}) {
    const auto signature = ecdsa_signature_from_der(Curve::p256, pair.sign(SignatureScheme::ecdsa, hash, kMessage));
    REQUIRE(signature);
    CHECK(verify_signature(pair.public_key(), SignatureScheme::ecdsa, hash, kMessage, *signature));
  }
}

TEST_CASE("no changed byte of message or signature passes") {
  const TestKey ec = TestKey::ec("P-256");
  const auto ecdsa =
      ecdsa_signature_from_der(Curve::p256, ec.sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, kMessage));
  REQUIRE(ecdsa);
  struct Case {
    PublicKey key;
    SignatureScheme scheme;
    Bytes signature;
  };
  const std::vector<Case> cases{
      {rsa_key().public_key(), SignatureScheme::rsassa,
       rsa_key().sign(SignatureScheme::rsassa, HashAlgorithm::sha256, kMessage)},
      {rsa_key().public_key(), SignatureScheme::rsapss,
       rsa_key().sign(SignatureScheme::rsapss, HashAlgorithm::sha256, kMessage)},
      {ec.public_key(), SignatureScheme::ecdsa, *ecdsa},
  };
  for (const Case& item : cases) {
    CAPTURE(to_string(item.scheme));
    for (std::size_t i = 0; i < item.signature.size(); ++i) {
      for (const std::uint8_t flip : {std::uint8_t{1}, std::uint8_t{0xFF}}) {
        Bytes changed = item.signature;
        changed[i] ^= flip;
        CHECK_FALSE(verify_signature(item.key, item.scheme, HashAlgorithm::sha256, kMessage, changed));
      }
    }
    for (std::size_t i = 0; i < kMessage.size(); ++i) {
      Bytes changed = to_bytes(kMessage);
      changed[i] ^= 1;
      CHECK_FALSE(verify_signature(item.key, item.scheme, HashAlgorithm::sha256, changed, item.signature));
    }
    for (std::size_t size = 0; size < item.signature.size(); ++size) {
      CHECK_FALSE(verify_signature(item.key, item.scheme, HashAlgorithm::sha256, kMessage,
                                   ByteView(item.signature).first(size)));
    }
    Bytes longer = item.signature;
    longer.push_back(0);
    CHECK_FALSE(verify_signature(item.key, item.scheme, HashAlgorithm::sha256, kMessage, longer));
    longer.pop_back();
    longer.insert(longer.begin(), 0);
    CHECK_FALSE(verify_signature(item.key, item.scheme, HashAlgorithm::sha256, kMessage, longer));
  }
}

TEST_CASE("r and s of zero, of the order and beyond verify nothing") {
  // Orders of the curves (SEC 2, 2.4.2, 2.5.1, 2.6.1).
  constexpr std::array kOrders{
      std::string_view("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
      std::string_view(
          "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
      std::string_view(
          "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709"
          "a5d03bb5c9b8899c47aebb6fb71e91386409"),
  };
  for (std::size_t i = 0; i < kEcKeys.size(); ++i) {
    const EcRow& row = kEcKeys.at(i);
    CAPTURE(row.group);
    const TestKey pair = TestKey::ec(row.group);
    const std::size_t size = coordinate_size(row.curve);
    const Bytes order = *from_hex(kOrders.at(i));
    REQUIRE(order.size() == size);
    const auto good = ecdsa_signature_from_der(row.curve, pair.sign(SignatureScheme::ecdsa, row.hash, kMessage));
    REQUIRE(good);
    const auto verify = [&](ByteView r, ByteView s) {
      const auto signature = ecdsa_signature(row.curve, r, s);
      REQUIRE(signature);
      return verify_signature(pair.public_key(), SignatureScheme::ecdsa, row.hash, kMessage, *signature);
    };
    const ByteView r = ByteView(*good).first(size);
    const ByteView s = ByteView(*good).subspan(size);
    CHECK(verify(r, s));
    for (const Bytes& bad : {Bytes{}, Bytes(size), order, Bytes(size, 0xFF)}) {
      CHECK_FALSE(verify(bad, s));
      CHECK_FALSE(verify(r, bad));
      CHECK_FALSE(verify(bad, bad));
    }
  }
}

TEST_CASE("r and s gain leading zeros and lose extra ones") {
  CHECK(ecdsa_signature(Curve::p256, Bytes{1}, Bytes{2}) == [] {
    Bytes both(64);
    both[31] = 1;
    both[63] = 2;
    return both;
  }());
  Bytes extra(40);
  extra.back() = 7;
  const auto signature = ecdsa_signature(Curve::p256, extra, extra);
  REQUIRE(signature);
  CHECK(signature->size() == 64);
  CHECK(signature->at(31) == 7);
  CHECK_FALSE(ecdsa_signature(Curve::p256, Bytes(33, 1), Bytes{1}));
  CHECK_FALSE(ecdsa_signature(Curve::p256, Bytes{1}, Bytes(33, 1)));
}

TEST_CASE("an ECDSA signature that is not DER is none") {
  const TestKey pair = TestKey::ec("P-256");
  const Bytes der = pair.sign(SignatureScheme::ecdsa, HashAlgorithm::sha256, kMessage);
  for (std::size_t size = 0; size < der.size(); ++size) {
    CHECK_FALSE(ecdsa_signature_from_der(Curve::p256, ByteView(der).first(size)));
  }
  Bytes trailing = der;
  trailing.push_back(0);
  CHECK_FALSE(ecdsa_signature_from_der(Curve::p256, trailing));
  CHECK(ecdsa_signature_from_der(Curve::p256, *from_hex("3006020101020102")));
  CHECK_FALSE(ecdsa_signature_from_der(Curve::p256, *from_hex("30060201ff020102")));    // negative
  CHECK_FALSE(ecdsa_signature_from_der(Curve::p256, *from_hex("308106020101020102")));  // long form of a short length
  CHECK_FALSE(ecdsa_signature_from_der(Curve::p256, *from_hex("300702020001020102")));  // a zero too many
  Bytes wide = *from_hex("3026022101");
  wide.resize(wide.size() + 32);
  wide.insert(wide.end(), {2, 1, 1});
  CHECK_FALSE(ecdsa_signature_from_der(Curve::p256, wide));  // 257 bits
  CHECK(ecdsa_signature_from_der(Curve::p384, wide));
}

TEST_CASE("keys from numbers are the keys that were made") {
  const Bytes modulus = rsa_number(rsa_key(), OSSL_PKEY_PARAM_RSA_N);
  const auto rsa = PublicKey::from_rsa(modulus, 65537);
  REQUIRE(rsa);
  CHECK(rsa->der() == rsa_key().der());
  Bytes padded = modulus;
  padded.insert(padded.begin(), 3000, 0);
  CHECK(PublicKey::from_rsa(padded, 65537)->der() == rsa_key().der());
  for (const EcRow& row : kEcKeys) {
    const TestKey pair = TestKey::ec(row.group);
    const auto [x, y] = point(pair, coordinate_size(row.curve));
    const auto key = PublicKey::from_ec(row.curve, x, y);
    REQUIRE(key);
    CHECK(key->der() == pair.der());
  }
}

TEST_CASE("an SM2 key is read, and no ECDSA signature verifies with it") {
  const TestKey pair = TestKey::ec("SM2");
  const PublicKey key = pair.public_key();
  CHECK(key.kind() == PublicKey::Kind::ec);
  CHECK(key.curve() == Curve::sm2);
  const auto [x, y] = point(pair, 32);
  const auto again = PublicKey::from_ec(Curve::sm2, x, y);
  REQUIRE(again);
  CHECK(again->curve() == Curve::sm2);
  CHECK_FALSE(verify_signature(key, SignatureScheme::ecdsa, HashAlgorithm::sm3_256, kMessage, Bytes(64, 1)));
  CHECK_FALSE(verify_signature(key, SignatureScheme::ecdsa, HashAlgorithm::sha256, kMessage, Bytes(64, 1)));
}

TEST_CASE("keys of other types are read and verify nothing") {
  const PublicKey edwards = TestKey::ed25519().public_key();
  CHECK(edwards.kind() == PublicKey::Kind::other);
  CHECK(edwards.description() == "ED25519");
  const PublicKey koblitz = TestKey::ec("secp256k1").public_key();
  CHECK(koblitz.kind() == PublicKey::Kind::ec);
  CHECK_FALSE(koblitz.curve());
  CHECK(koblitz.description() == "EC secp256k1");
  for (const PublicKey& key : {edwards, koblitz}) {
    for (const SignatureScheme scheme : {SignatureScheme::rsassa, SignatureScheme::rsapss, SignatureScheme::ecdsa}) {
      CHECK_FALSE(verify_signature(key, scheme, HashAlgorithm::sha256, kMessage, Bytes(64, 1)));
    }
  }
}

TEST_CASE("a point off the curve is no key") {
  for (const EcRow& row : kEcKeys) {
    CAPTURE(row.group);
    const TestKey pair = TestKey::ec(row.group);
    auto [x, y] = point(pair, coordinate_size(row.curve));
    y.back() ^= 1;
    CHECK_FALSE(PublicKey::from_ec(row.curve, x, y));
    CHECK_FALSE(PublicKey::from_ec(row.curve, {}, {}));
    CHECK_FALSE(PublicKey::from_ec(row.curve, Bytes(x.size(), 0xFF), y));
    CHECK_FALSE(PublicKey::from_ec(row.curve, Bytes(x.size() + 1), y));
    Bytes der = pair.der();
    der.back() ^= 1;
    CHECK_FALSE(PublicKey::parse(der));
  }
  CHECK_FALSE(PublicKey::from_ec(Curve::sm2, Bytes(32, 1), Bytes(32, 1)));
}

TEST_CASE("an EC key with a curve of its own is no key") {
  const TestKey pair = TestKey::ec("P-256");
  REQUIRE(EVP_PKEY_set_utf8_string_param(pair.native(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1);
  const auto key = PublicKey::parse(pair.der());
  REQUIRE_FALSE(key);
  CHECK(key.error().message.contains("curve of its own"));
}

TEST_CASE("an RSA modulus that is too short, too long or even is no key") {
  const Bytes modulus = rsa_number(rsa_key(), OSSL_PKEY_PARAM_RSA_N);
  const Bytes exponent{1, 0, 1};
  Bytes even = modulus;
  even.back() &= 0xFE;
  for (const Bytes& bad :
       {Bytes{}, Bytes{0}, Bytes{1}, Bytes(64, 0xFF), Bytes(127, 0xFF), even, Bytes(2049, 0xFF), Bytes(20000, 0xFF)}) {
    CAPTURE(bad.size());
    CHECK_FALSE(PublicKey::from_rsa(bad, 65537));
    CHECK_FALSE(PublicKey::parse(rsa_der(bad, exponent)));
  }
  CHECK(PublicKey::parse(rsa_der(modulus, exponent)));
}

TEST_CASE("an RSA exponent of 0, 1, an even or a huge one is no key") {
  const Bytes modulus = rsa_number(rsa_key(), OSSL_PKEY_PARAM_RSA_N);
  for (const std::uint32_t bad : {0U, 1U, 2U, 65536U, 0xFFFFFFFEU}) {
    CAPTURE(bad);
    CHECK_FALSE(PublicKey::from_rsa(modulus, bad));
  }
  for (const Bytes& bad : {Bytes{}, Bytes{0}, Bytes{1}, Bytes{2}, Bytes(9, 0xFF), Bytes(256, 0xFF), modulus}) {
    CAPTURE(bad.size());
    CHECK_FALSE(PublicKey::parse(rsa_der(modulus, bad)));
  }
  CHECK(PublicKey::from_rsa(modulus, 3));
  CHECK(PublicKey::parse(rsa_der(modulus, Bytes{3})));
}

TEST_CASE("the longest key takes no time to speak of") {
  const auto key = PublicKey::parse(rsa_der(Bytes(2048, 0xFF), Bytes(8, 0xFF)));
  REQUIRE(key);
  Bytes signature(2048, 0xFF);
  signature.front() = 0x7F;
  CHECK_FALSE(verify_signature(*key, SignatureScheme::rsassa, HashAlgorithm::sha256, kMessage, signature));
  CHECK_FALSE(verify_signature(*key, SignatureScheme::rsapss, HashAlgorithm::sha256, kMessage, signature));
}

TEST_CASE("a key as PEM, with text before it, is the same key") {
  const std::string text = pem(rsa_key());
  REQUIRE(PublicKey::parse(as_bytes(text)));
  CHECK(PublicKey::parse(as_bytes("0: a comment\n" + text))->der() == rsa_key().der());
  CHECK_FALSE(PublicKey::parse(as_bytes(text + text)));
  std::string label = text;
  for (auto at = label.find("PUBLIC"); at != std::string::npos; at = label.find("PUBLIC")) {
    label.replace(at, 6, "PRIVATE");
  }
  const auto wrong = PublicKey::parse(as_bytes(label));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.contains("PRIVATE KEY"));
}

TEST_CASE("an RSA key as PKCS #1 PEM is the same key") {
  BIO* const bio = BIO_new(BIO_s_mem());
  unsigned char* raw = nullptr;
  const int size = i2d_PublicKey(rsa_key().native(), &raw);
  REQUIRE(PEM_write_bio(bio, "RSA PUBLIC KEY", "", raw, size) > 0);
  OPENSSL_free(raw);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  const auto key = PublicKey::parse(as_bytes({text, static_cast<std::size_t>(length)}));
  BIO_free(bio);
  REQUIRE(key);
  CHECK(key->der() == rsa_key().der());
}

TEST_CASE("a certificate stands for its key") {
  X509* const certificate = X509_new();
  const TestKey pair = TestKey::ec("P-384");
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
  REQUIRE(X509_set_pubkey(certificate, pair.native()) == 1);
  REQUIRE(X509_sign(certificate, pair.native(), EVP_sha384()) > 0);
  unsigned char* raw = nullptr;
  const int size = i2d_X509(certificate, &raw);
  REQUIRE(size > 0);
  Bytes der(raw, raw + size);
  OPENSSL_free(raw);
  X509_free(certificate);
  const auto key = PublicKey::parse(der);
  REQUIRE(key);
  CHECK(key->der() == pair.der());
  der.push_back(0);
  CHECK_FALSE(PublicKey::parse(der));
}

TEST_CASE("a key that is cut, damaged or followed by bytes is never a crash") {
  for (const TestKey& pair : {rsa_key(), TestKey::ec("P-521"), TestKey::ed25519()}) {
    const Bytes der = pair.der();
    for (std::size_t size = 0; size < der.size(); ++size) {
      CHECK_FALSE(PublicKey::parse(ByteView(der).first(size)));
    }
    Bytes longer = der;
    longer.push_back(0);
    CHECK_FALSE(PublicKey::parse(longer));
    for (std::size_t i = 0; i < der.size(); ++i) {
      for (const std::uint8_t flip : {std::uint8_t{1}, std::uint8_t{0x80}, std::uint8_t{0xFF}}) {
        Bytes damaged = der;
        damaged[i] ^= flip;
        if (const auto key = PublicKey::parse(damaged)) {
          (void)key->description();
          (void)key->der();
          CHECK_FALSE(verify_signature(*key, SignatureScheme::rsassa, HashAlgorithm::sha256, kMessage, Bytes(256, 1)));
        }
      }
    }
  }
}

}  // namespace mrtool
