// What a TD report and a TDX quote say of a trust domain: the same fields, in another order (Intel TDX module ABI,
// TDINFO_STRUCT and TEE_TCB_INFO; Intel SGX DCAP, sgx_report2_body_t).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/content/value.hpp"
#include "lib/quote/quote.hpp"

namespace mrtool::quotes {

// Reads a structure field by field into `fields` and its registers (bank sha384) into `registers`, and keeps what
// checks look at. Views are of the bytes that are read.
struct TdInfo {
  ByteView tee_tcb_svn;      // 16 bytes
  ByteView mr_signer_seam;   // 48 bytes; zero: Intel
  ByteView seam_attributes;  // 8 bytes
  std::uint64_t attributes = 0;
  ByteView report_data;  // 64 bytes
  Value::Object fields;
  std::map<RegisterKey, Digest> registers;
};

enum class TdLayout : std::uint8_t { quote_1_0, quote_1_5, report };
// `bytes` are a body of kind td_1_0 or td_1_5, or all of a TD report (kTdReportSize): their size must be right.
TdInfo read_td_info(TdLayout layout, ByteView bytes);

inline constexpr std::size_t kTdReportSize = 1024;  // bytes

// "td-debug": a TD under debug (any bit of TDATTRIBUTES.TUD) can be read and written by its host.
QuoteCheck td_debug_check(const TdInfo& info);
// "seam-signer": the TDX module is Intel's (MRSIGNERSEAM zero) and not a debug build (SEAMATTRIBUTES zero).
QuoteCheck seam_signer_check(const TdInfo& info);

}  // namespace mrtool::quotes
