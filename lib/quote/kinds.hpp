// The kinds of reports, one file each.
#pragma once

#include "lib/quote/quote.hpp"

namespace mrtool::quotes {

// Arm CCA tokens (Realm Management Monitor specification; draft-ffm-rats-cca-token).
bool is_cca(ByteView bytes);
Result<QuoteResult> appraise_cca(const QuoteEvidence& evidence);

// AWS Nitro attestation documents, of an enclave or of a NitroTPM.
bool is_nitro(ByteView bytes);
Result<QuoteResult> appraise_nitro(const QuoteEvidence& evidence);

// Intel TDX quotes, versions 4 and 5. SGX quotes are recognised, and fail.
bool is_tdx(ByteView bytes);
Result<QuoteResult> appraise_tdx(const QuoteEvidence& evidence);

// Intel TD reports, which only their own machine can check.
bool is_tdreport(ByteView bytes);
Result<QuoteResult> appraise_tdreport(const QuoteEvidence& evidence);

// AMD SEV-SNP attestation reports, versions 2 to 5.
bool is_snp(ByteView bytes);
Result<QuoteResult> appraise_snp(const QuoteEvidence& evidence);

// TPM 2.0 quotes: a TPMS_ATTEST, with or without its size in front.
bool is_tpm2(ByteView bytes);
Result<QuoteResult> appraise_tpm2(const QuoteEvidence& evidence);

}  // namespace mrtool::quotes
