#include "lib/quote/quote.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/quote/kinds.hpp"

namespace mrtool {

namespace {

constexpr std::array kKinds{
    QuoteKind{"tpm2", "TPM 2.0 quote, with its signature, key and register values beside it", Authenticated::signed_,
              quotes::is_tpm2, quotes::appraise_tpm2},
    QuoteKind{"tdx", "Intel TDX quote, version 4 or 5", Authenticated::signed_, quotes::is_tdx, quotes::appraise_tdx},
    QuoteKind{"tdreport", "Intel TD report, which only its own machine can check", Authenticated::mac,
              quotes::is_tdreport, quotes::appraise_tdreport},
    QuoteKind{"cca", "Arm CCA attestation token of a realm", Authenticated::signed_, quotes::is_cca,
              quotes::appraise_cca},
    QuoteKind{"nitro", "AWS Nitro attestation document, of an enclave or a NitroTPM", Authenticated::signed_,
              quotes::is_nitro, quotes::appraise_nitro},
    QuoteKind{"snp", "AMD SEV-SNP attestation report", Authenticated::signed_, quotes::is_snp, quotes::appraise_snp},
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::skipped:
      return "skipped";
  }
  return "inconclusive";
}

Verdict worse(Verdict a, Verdict b) {
  for (const Verdict verdict : {Verdict::fail, Verdict::inconclusive, Verdict::pass}) {
    if (a == verdict || b == verdict) {
      return verdict;
    }
  }
  return Verdict::skipped;
}

Verdict verdict_of(std::span<const QuoteCheck> checks) {
  Verdict verdict = Verdict::skipped;
  for (const QuoteCheck& check : checks) {
    verdict = worse(verdict, check.verdict);
  }
  return verdict;
}

std::span<const QuoteKind> quote_kinds() {
  return kKinds;
}

const QuoteKind* find_quote_kind(ByteView bytes) {
  for (const QuoteKind& kind : quote_kinds()) {
    if (kind.recognise(bytes)) {
      return &kind;
    }
  }
  return nullptr;
}

QuoteCheck check_nonce(const QuoteEvidence& evidence, ByteView field, std::size_t pad_to) {
  QuoteCheck check{.name = "nonce", .verdict = Verdict::inconclusive, .detail = {}};
  switch (evidence.nonce_policy) {
    case NoncePolicy::unstated:
      check.detail = "nothing says that this report is fresh: give its nonce with --nonce, or --no-nonce to do without";
      return check;
    case NoncePolicy::waived:
      check.verdict = Verdict::skipped;
      check.detail = "not compared (--no-nonce): the report may be an old one";
      return check;
    case NoncePolicy::given:
      break;
  }
  Bytes expected = evidence.nonce;
  if (expected.size() < pad_to) {
    expected.resize(pad_to);
  }
  check.verdict = equal(expected, field) ? Verdict::pass : Verdict::fail;
  check.detail = check.verdict == Verdict::pass
                     ? "the report holds the nonce that was given"
                     : fmt::format("the report holds {}, not the nonce that was given", to_hex(field));
  return check;
}

}  // namespace mrtool
