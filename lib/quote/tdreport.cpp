// TD reports (TDREPORT_STRUCT, Intel TDX module ABI): what TDG.MR.REPORT gives a guest. A MAC protects them, whose key
// never leaves the processor.
#include <fmt/format.h>

#include "lib/crypto/hash.hpp"
#include "lib/quote/common.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/td_info.hpp"

namespace mrtool::quotes {

namespace {

constexpr std::uint8_t kTypeTdx = 0x81;
constexpr std::uint8_t kLastVersion = 1;
constexpr std::size_t kSubtypeOffset = 1;
constexpr std::size_t kVersionOffset = 2;

struct HashedPart {
  std::string_view check;
  std::string_view field;
  std::size_t hash_offset;
  std::size_t offset;
  std::size_t size;
};
constexpr HashedPart kTcbInfo{"tcb-info-hash", "TEE_TCB_INFO_HASH", 32, 256, 239};
constexpr HashedPart kTdInfo{"td-info-hash", "TEE_INFO_HASH", 80, 512, 512};

QuoteCheck hash_check(ByteView report, const HashedPart& part) {
  const Digest digest = HashEngine().hash(HashAlgorithm::sha384, report.subspan(part.offset, part.size));
  const ByteView stated = report.subspan(part.hash_offset, digest.size());
  const bool same = equal(digest.view(), stated);
  return {.name = std::string(part.check),
          .verdict = same ? Verdict::pass : Verdict::fail,
          .detail = same ? fmt::format("{} is the SHA-384 of bytes {} to {}", part.field, part.offset,
                                       part.offset + part.size - 1)
                         : fmt::format("{} is {}, and the SHA-384 of bytes {} to {} is {}", part.field, to_hex(stated),
                                       part.offset, part.offset + part.size - 1, digest.hex())};
}

QuoteCheck type_check(ByteView report) {
  const bool known = report[kSubtypeOffset] == 0 && report[kVersionOffset] <= kLastVersion;
  return {.name = "report-type",
          .verdict = known ? Verdict::pass : Verdict::fail,
          .detail = fmt::format("type 0x{:02x}, subtype {}, version {}{}", report[0], report[kSubtypeOffset],
                                report[kVersionOffset], known ? ": a TD's report" : ", which is not known here")};
}

QuoteCheck mac_check() {
  return {.name = "mac",
          .verdict = Verdict::inconclusive,
          .detail =
              "only the processor that made this report can check its MAC: from elsewhere it proves nothing; a "
              "TDX quote does"};
}

Result<QuoteResult> appraise(const QuoteEvidence& evidence) {
  const ByteView report = evidence.quote.bytes;
  if (!is_tdreport(report)) {
    return fail(ErrorKind::malformed, fmt::format("a TD report of {} bytes that start with 81 expected, {} bytes found",
                                                  kTdReportSize, report.size()));
  }
  TdInfo info = read_td_info(TdLayout::report, report);
  QuoteResult result;
  result.checks = {type_check(report),
                   hash_check(report, kTcbInfo),
                   hash_check(report, kTdInfo),
                   mac_check(),
                   seam_signer_check(info),
                   td_debug_check(info),
                   check_nonce(evidence, info.report_data, info.report_data.size())};
  tell_unused(result.checks, evidence, {});
  result.fields = std::move(info.fields);
  result.registers.values = std::move(info.registers);
  return result;
}

}  // namespace

bool is_tdreport(ByteView bytes) {
  return bytes.size() == kTdReportSize && bytes.front() == kTypeTdx;
}

Result<QuoteResult> appraise_tdreport(const QuoteEvidence& evidence) {
  auto result = named(appraise(evidence), "tdreport", evidence);
  if (result) {
    result->registers.authenticated = Authenticated::mac;
  }
  return result;
}

}  // namespace mrtool::quotes
