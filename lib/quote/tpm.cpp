// Quotes of a TPM 2.0 with what a verifier has of their maker: a key in any form, or a certificate.
#include "lib/content/tpm_quote.hpp"
#include "lib/quote/common.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/tpm_appraisal.hpp"

namespace mrtool::quotes {

namespace {

Result<std::optional<AttestationKey>> read_key(const QuoteEvidence& evidence) {
  if (!evidence.key) {
    return std::nullopt;
  }
  auto key = parse_attestation_key(evidence.key->bytes);
  if (!key) {
    key.error().file = evidence.key->name;
    return std::unexpected(std::move(key).error());
  }
  return std::move(*key);
}

// Who vouches for the key, where it came as a certificate.
Result<std::vector<QuoteCheck>> check_certificate(const AttestationKey& key, const QuoteEvidence& evidence) {
  std::vector<QuoteCheck> checks;
  if (evidence.roots.empty()) {
    checks.push_back(
        {.name = "certificate-chain",
         .verdict = Verdict::skipped,
         .detail = "the key is taken as it was given: no roots were given (--ca) to check its certificate"});
    return checks;
  }
  MRTOOL_TRY(roots, parse_certificates(evidence.roots));
  check_chain(checks, {.leaf = key.certificates.front(),
                       .intermediates = std::span(key.certificates).subspan(1),
                       .roots = roots,
                       .crls = evidence.crls,
                       .time = evidence.time});
  return checks;
}

Result<QuoteResult> appraise(const QuoteEvidence& evidence) {
  MRTOOL_TRY(key, read_key(evidence));
  MRTOOL_TRY(result, appraise_tpm_quote(evidence, key ? &*key : nullptr));
  if (key && !key->certificates.empty()) {
    MRTOOL_TRY(checks, check_certificate(*key, evidence));
    result.checks.insert(result.checks.end(), checks.begin(), checks.end());
  }
  if (key && !key->certificates.empty() && !evidence.roots.empty()) {
    tell_unused(result.checks, evidence, {Input::signature, Input::pcrs, Input::key, Input::roots, Input::crls});
  } else {
    tell_unused(result.checks, evidence, {Input::signature, Input::pcrs, Input::key});
  }
  return result;
}

}  // namespace

bool is_tpm2(ByteView bytes) {
  return is_tpm_attest(tpm_attest_of(bytes));
}

Result<QuoteResult> appraise_tpm2(const QuoteEvidence& evidence) {
  return named(appraise(evidence), "tpm2", evidence);
}

}  // namespace mrtool::quotes
