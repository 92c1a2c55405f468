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

// AMD SEV-SNP attestation reports, versions 2 to 5.
bool is_snp(ByteView bytes);
Result<QuoteResult> appraise_snp(const QuoteEvidence& evidence);

}  // namespace mrtool::quotes
