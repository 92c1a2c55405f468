// What Intel publishes of its platforms' state: TCB info (version 3, id TDX) and the identity of the TD quoting enclave
// (version 2, id TD_QE), each signed (Intel SGX and TDX provisioning certification service, API version 4).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/json_text.hpp"
#include "lib/quote/intel_certificates.hpp"
#include "lib/quote/td_info.hpp"
#include "lib/quote/tdx_quote.hpp"

namespace mrtool::quotes {

// One signed JSON document: {"tcbInfo": {...}, "signature": HEX}.
struct SignedJson {
  JsonText body;
  std::string signature;  // hex
};

struct TdxCollateral {
  std::optional<SignedJson> tcb_info;
  std::optional<SignedJson> qe_identity;
  std::vector<Certificate> issuers;  // of TCB signing chains
};

// Each file is a JSON document of one of the two kinds or PEM certificates (URL-encoded too, as the service's headers
// hold them). Fails (malformed), with the file's name, for anything else and for two documents of a kind.
Result<TdxCollateral> read_tdx_collateral(std::span<const NamedBytes> files);

// What a platform is: from the quote and the PCK certificate.
struct TdxPlatform {
  const TdInfo& td;
  const EnclaveReport& qe;
  std::optional<PckExtensions> pck;  // of a chain that holds; absent: nothing can be looked up
};

// "tcb-status" (platform and TDX module) and "qe-tcb-status" (quoting enclave). UpToDate passes; OutOfDate,
// OutOfDateConfigurationNeeded and Revoked fail; any other status is for people to judge, and inconclusive. Skipped
// where the document was not given.
void check_tdx_tcb(std::vector<QuoteCheck>& checks, const TdxCollateral& collateral, const TdxPlatform& platform,
                   const TrustedRoots& roots, const QuoteEvidence& evidence);

}  // namespace mrtool::quotes
