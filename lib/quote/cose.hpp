// Messages with one signature: COSE_Sign1 (RFC 9052), with the algorithms of RFC 9053 and RFC 8812.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/crypto/public_key.hpp"
#include "lib/quote/cbor.hpp"

namespace mrtool {

struct CoseAlgorithm {
  std::int64_t id;        // IANA COSE Algorithms
  std::string_view name;  // "ES384"
  SignatureScheme scheme;
  HashAlgorithm hash;
  std::optional<Curve> curve;  // of the key; none: RSA of at least 2048 bits
};
std::span<const CoseAlgorithm> cose_algorithms();
const CoseAlgorithm* find_cose_algorithm(std::int64_t id);

// Owns its header; the views are of the bytes that were parsed, or of the document.
struct CoseSign1 {
  CborDocument document;
  ByteView protected_header;  // the map's encoding
  ByteView payload;
  ByteView signature;
  // From the protected header alone: the other one isn't signed. Nothing where that doesn't state one.
  std::optional<std::int64_t> algorithm;
};

// Tagged (18) or not. Fails (malformed) where the structure isn't COSE_Sign1, a header parameter is in both headers, or
// the payload is detached; (unsupported) where the message names critical header parameters, of which none is known.
Result<CoseSign1> parse_cose_sign1(ByteView bytes, const CborLimits& limits = {});

// What is signed (RFC 9052, section 4.4), without external data.
Bytes sig_structure(const CoseSign1& message);

// Fails (check_failed) with a sentence that says why the signature isn't this key's over this message.
Status verify_cose_sign1(const CoseSign1& message, const PublicKey& key);

// An EC2 key with both coordinates (RFC 9053, section 7.1.1).
Result<PublicKey> parse_cose_key(ByteView bytes);

}  // namespace mrtool
