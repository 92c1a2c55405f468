// Public keys and the signatures that they check. The one place that verifies signatures.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/error.hpp"
#include "lib/crypto/digest.hpp"

namespace mrtool {

enum class Curve : std::uint8_t { p256, p384, p521, sm2 };
std::string_view to_string(Curve curve);   // "P-256"
std::size_t coordinate_size(Curve curve);  // bytes of x, y, r and s

enum class SignatureScheme : std::uint8_t {
  rsassa,  // PKCS #1 v1.5
  rsapss,  // MGF1 with the same hash; any salt length
  ecdsa,
};
std::string_view to_string(SignatureScheme scheme);

// Owns one key; copies share it.
class PublicKey {
 public:
  enum class Kind : std::uint8_t { rsa, ec, other };

  // PEM ("PUBLIC KEY", "RSA PUBLIC KEY", or a certificate's key) or DER (SubjectPublicKeyInfo, a certificate).
  // Fails (malformed) for anything else, trailing bytes behind DER included.
  static Result<PublicKey> parse(ByteView bytes);
  // Big-endian modulus; at most 16384 bits.
  static Result<PublicKey> from_rsa(ByteView modulus, std::uint32_t exponent);
  // Big-endian coordinates of at most coordinate_size() bytes. Fails when the point is not on the curve.
  static Result<PublicKey> from_ec(Curve curve, ByteView x, ByteView y);

  Kind kind() const;
  int bits() const;
  std::optional<Curve> curve() const;  // of an ec key on a curve that is known here
  std::string description() const;     // "RSA 2048", "ECDSA P-256"
  Bytes der() const;                   // SubjectPublicKeyInfo

  struct Native;  // the crypto library's key
  explicit PublicKey(std::shared_ptr<const Native> native);
  const Native& native() const { return *native_; }

 private:
  std::shared_ptr<const Native> native_;
};

// Is `signature` over `message`, hashed with `hash`, by the key? RSA: the raw signature; ECDSA: r ‖ s, big-endian, each
// of coordinate_size() bytes. False for anything that does not fit the key: never an exception, never a crash.
bool verify_signature(const PublicKey& key, SignatureScheme scheme, HashAlgorithm hash, ByteView message,
                      ByteView signature);
// The same where only the digest of the message is at hand (IMA's file signatures).
bool verify_digest_signature(const PublicKey& key, SignatureScheme scheme, HashAlgorithm hash, ByteView digest,
                             ByteView signature);

// r ‖ s of the curve's size from integers that may lack leading zeros or have extra ones; nothing when one is too long.
std::optional<Bytes> ecdsa_signature(Curve curve, ByteView r, ByteView s);
// The same from a DER SEQUENCE { r, s } without trailing bytes.
std::optional<Bytes> ecdsa_signature_from_der(Curve curve, ByteView der);

}  // namespace mrtool
