// Signatures of TPM 2.0 attestations (TPM 2.0 part 2, 11.3), and as tpm2-tools writes them without a head.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"
#include "lib/crypto/public_key.hpp"

namespace mrtool::quotes {

inline constexpr std::uint16_t kTpmAlgNull = 0x0010;

// A signing scheme as a TPM states it (TPMT_SIG_SCHEME): of a key, or of a signature.
struct TpmScheme {
  std::uint16_t id = kTpmAlgNull;  // TPM_ALG_ID
  HashAlgorithm hash = HashAlgorithm::none;

  bool operator==(const TpmScheme&) const = default;
};
// "RSASSA with sha256"; a number where the scheme is not in the table.
std::string to_string(const TpmScheme& scheme);
// Nothing for schemes that are not checked here: ECDAA, SM2, EC-Schnorr, HMAC.
std::optional<SignatureScheme> signature_scheme(std::uint16_t id);

struct TpmSignature {
  enum class Form : std::uint8_t { tpmt, raw_rsa, der_ecdsa };
  Form form = Form::tpmt;
  TpmScheme scheme;  // kTpmAlgNull and none where the form does not state them
  ByteView first;    // the RSA signature, r, the DER or the HMAC; a view of what was parsed
  ByteView second;   // s
};

// `key`: its kind and size tell what a signature without a head is; nullptr when there is none. Fails (malformed) where
// the bytes are no signature at all.
Result<TpmSignature> parse_tpm_signature(ByteView bytes, const PublicKey* key);

// The scheme by which the signature is over the message by the key, nothing when it is not. A scheme that neither the
// signature nor the key states is looked for among the usual ones whose digest has `digest_size` bytes.
std::optional<TpmScheme> verify_tpm_signature(const PublicKey& key, const std::optional<TpmScheme>& key_scheme,
                                              const TpmSignature& signature, ByteView message, std::size_t digest_size);

}  // namespace mrtool::quotes
