// Judges arbitrary bytes as a TDX quote, as a TD report, and as what goes with them. Nothing that a fuzzer makes can be
// signed by Intel.
#include <cstdlib>

#include "lib/quote/intel_certificates.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/tdx_collateral.hpp"

namespace {

using namespace mrtool;

void must_not_pass(const Result<QuoteResult>& result) {
  if (result && verdict_of(result->checks) == Verdict::pass) {
    std::abort();
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the fuzzer's own name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::int64_t kTime = 1'780'272'000;  // 2026-06-01
  QuoteEvidence evidence;
  evidence.quote = {.name = "input", .bytes = Bytes(bytes, bytes + size)};
  evidence.nonce_policy = NoncePolicy::given;
  evidence.time = kTime;
  must_not_pass(quotes::appraise_tdx(evidence));
  must_not_pass(quotes::appraise_tdreport(evidence));
  (void)quotes::read_tdx_collateral(std::vector<NamedBytes>{evidence.quote});
  if (const auto certificates = Certificate::parse(evidence.quote.bytes)) {
    (void)quotes::read_pck_extensions(certificates->front());
    (void)verify_chain(certificates->front(),
                       {.intermediates = *certificates, .roots = *certificates, .crls = {}, .time = kTime});
  }
  evidence.crls = {evidence.quote};
  must_not_pass(quotes::appraise_tdx(evidence));
  return 0;
}
