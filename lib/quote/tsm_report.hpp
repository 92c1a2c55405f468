// Asking the kernel for an attestation report: configfs-tsm (Linux, Documentation/ABI/testing/configfs-tsm).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/host.hpp"
#include "lib/quote/quote.hpp"

namespace mrtool {

inline constexpr std::size_t kTsmNonceSize = 64;  // bytes of inblob

struct TsmReportRequest {
  Bytes nonce = {};                              // at most kTsmNonceSize bytes; padded with zeros to them
  std::optional<unsigned> privilege_level = {};  // SEV-SNP: VMPL 0 to 3
  std::string service_provider = {};             // "svsm"; empty for the platform itself
  std::string service_guid = {};                 // of one service; empty for a manifest of all
  std::optional<unsigned> service_manifest_version = {};
};

struct TsmReport {
  NamedBytes report;                    // outblob; for QuoteEvidence::quote. May be padded behind its end
  std::optional<NamedBytes> auxiliary;  // auxblob: certificates (SEV-SNP)
  std::optional<NamedBytes> manifest;   // manifestblob; for QuoteEvidence::manifest
  std::string provider;                 // "tdx_guest", "sev_guest", "arm_cca_guest"
};

// Makes a directory of its own under /sys/kernel/config/tsm/report, which is removed again in every case. What another
// program changed while the report was made is known by the generation, and tried once more in a new directory.
// Errors: usage for a nonce that is too long; io for all that the kernel refuses, an empty report included.
Result<TsmReport> request_tsm_report(const TsmReportRequest& request, Host& host);

}  // namespace mrtool
