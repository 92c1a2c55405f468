// Public areas of TPM 2.0 keys (TPM 2.0 part 2, 12.2.4), and attestation keys in any form that people have them in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/crypto/certificate_chain.hpp"
#include "lib/crypto/public_key.hpp"
#include "lib/quote/tpm_signature.hpp"

namespace mrtool::quotes {

// TPMA_OBJECT, the bits that matter to who believes a quote (part 2, 8.3).
inline constexpr std::uint32_t kFixedTpm = 1U << 1U;     // the private part never leaves its TPM
inline constexpr std::uint32_t kRestricted = 1U << 16U;  // signs nothing that looks like an attestation and is none
inline constexpr std::uint32_t kDecrypt = 1U << 17U;
inline constexpr std::uint32_t kSign = 1U << 18U;

// "fixedTPM, restricted, sign": all that are set, in the specification's words.
std::string describe_attributes(std::uint32_t attributes);

// TPMT_PUBLIC of an RSA or EC key.
struct TpmPublic {
  PublicKey key;
  std::uint32_t attributes = 0;     // TPMA_OBJECT
  std::optional<TpmScheme> scheme;  // nothing: the key may sign by any
  Bytes name;                       // nameAlg ‖ H(TPMT_PUBLIC); empty where the hash cannot be computed
};

// TPM2B_PUBLIC or TPMT_PUBLIC, by the bytes that head it.
bool is_tpm_public(ByteView bytes);
// Fails (malformed) for what is damaged or has bytes behind it, and (unsupported) for keys of another type or curve.
Result<TpmPublic> parse_tpm_public(ByteView bytes);

// What a verifier gives as the key that signed a quote.
struct AttestationKey {
  PublicKey key;
  std::optional<TpmPublic> area;          // where the key came as a TPM has it
  std::vector<Certificate> certificates;  // where it came as one: the key's own first, then what was with it
};

// TPM2B_PUBLIC, TPMT_PUBLIC, PEM or DER of a public key or a certificate.
Result<AttestationKey> parse_attestation_key(ByteView bytes);

}  // namespace mrtool::quotes
