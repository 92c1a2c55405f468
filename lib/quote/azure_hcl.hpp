// Reports of the paravisor (HCL) of Azure's confidential virtual machines, read from a vTPM's NV index 0x01400001: a
// hardware report whose REPORT_DATA is the hash of runtime data, which hold the vTPM's attestation key as a JWK.
// Layout: Azure's "Guest attestation for confidential VMs" (attestation report, request data, runtime claims).
#pragma once

#include "lib/base/error.hpp"
#include "lib/crypto/public_key.hpp"
#include "lib/quote/quote.hpp"

namespace mrtool::quotes {

// Views are of the bytes it was read from.
struct HclReport {
  ByteView hardware_report;  // AMD SEV-SNP
  ByteView runtime_data;     // JSON
  Digest runtime_digest;     // what REPORT_DATA starts with
  PublicKey attestation_key;
  Bytes user_data;  // what the guest asked to have put in
};

bool is_hcl_report(ByteView bytes);
// Fails (malformed) where it is damaged or has no attestation key, and (unsupported) where the hardware is no SNP.
Result<HclReport> parse_hcl_report(ByteView bytes);

// "report-data": do the runtime data belong to the hardware report? Who vouches for that report is another check.
QuoteCheck check_report_data(const HclReport& report);

}  // namespace mrtool::quotes
