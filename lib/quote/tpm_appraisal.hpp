// The procedure for quotes of a TPM 2.0 (TPM 2.0 part 1, 31.6.5), apart from where the key came from.
#pragma once

#include "lib/quote/quote.hpp"
#include "lib/quote/tpm_public.hpp"

namespace mrtool::quotes {

// Checks "magic", "key", "signature", "nonce", "selection", "hash-strength" and, where values are given, "pcr-digest".
// `key`: nullptr when there is none. A TPM's attestation of another type than a quote has the check "magic" alone,
// which fails.
Result<QuoteResult> appraise_tpm_quote(const QuoteEvidence& evidence, const AttestationKey* key);

}  // namespace mrtool::quotes
