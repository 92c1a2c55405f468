// The layout of a TDX quote, versions 4 and 5 (Intel SGX DCAP: sgx_quote_4.h, sgx_quote_5.h). Little-endian; all views
// are of the quote's bytes.
#pragma once

#include <cstdint>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool::quotes {

inline constexpr std::uint32_t kTeeTypeSgx = 0x00000000;
inline constexpr std::uint32_t kTeeTypeTdx = 0x00000081;

inline constexpr std::size_t kP256Point = 64;           // bytes of x ‖ y, big-endian
inline constexpr std::size_t kP256Signature = 64;       // bytes of r ‖ s, big-endian
inline constexpr std::size_t kEnclaveReportSize = 384;  // bytes
inline constexpr std::size_t kReportDataSize = 64;      // bytes

// What a quote's body is about (version 5 says so in front of it; in version 4 the TEE type does).
enum class QuoteBody : std::uint16_t {
  sgx_enclave = 1,  // 384 bytes
  td_1_0 = 2,       // 584 bytes
  td_1_5 = 3,       // 648 bytes: the same, then TEE_TCB_SVN_2 and MRSERVICETD
};

// REPORTBODY of an enclave; here of the quoting enclave (QE).
struct EnclaveReport {
  ByteView bytes;  // kEnclaveReportSize
  ByteView cpu_svn;
  ByteView misc_select;  // 4 bytes
  ByteView attributes;   // flags u64, XFRM u64
  ByteView mr_enclave;
  ByteView mr_signer;
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  ByteView report_data;
};

// What vouches for the attestation key.
enum class CertificationData : std::uint16_t {
  ppid_plain = 1,
  ppid_rsa2048 = 2,
  ppid_rsa3072 = 3,
  pck_leaf = 4,
  pck_chain = 5,  // PEM: leaf, intermediate, root
  qe_report = 6,
  platform_manifest = 7,
};

struct QuoteSignature {
  ByteView signature;        // over TdxQuote::signed_part
  ByteView attestation_key;  // x ‖ y
  EnclaveReport qe_report;
  ByteView qe_report_signature;  // by the PCK, over EnclaveReport::bytes
  ByteView authentication_data;
  CertificationData type = CertificationData::pck_chain;  // what is inside the QE report certification data
  ByteView certification_data;
};

struct TdxQuote {
  std::uint16_t version = 0;
  std::uint32_t tee_type = 0;
  ByteView qe_vendor_id;
  ByteView user_data;
  QuoteBody body_type = QuoteBody::td_1_0;
  ByteView body;
  ByteView signed_part;  // header and body
  QuoteSignature signature;
  ByteView trailing;  // behind the signature data, and no part of the quote
};

bool is_tdx_quote(ByteView bytes);  // SGX quotes too

// Fails (malformed) where a length, type or version contradicts the layout; fails (unsupported) for attestation keys
// other than ECDSA P-256. The signature of a quote that is about an enclave is not read.
Result<TdxQuote> parse_tdx_quote(ByteView bytes);

}  // namespace mrtool::quotes
