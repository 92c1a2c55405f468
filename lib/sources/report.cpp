#include <fmt/format.h>

#include "lib/quote/quote.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool::sources {

namespace {

// A report that its own hashes contradict is none; one that fails otherwise (a guest under debug) is told, and believed
// less. What needs more than the report (signature, chain, nonce) is for a verifier.
Status check_consistency(std::span<const QuoteCheck> checks, RegisterValues& values) {
  if (values.authenticated != Authenticated::mac) {
    return {};
  }
  for (const QuoteCheck& check : checks) {
    if (check.verdict != Verdict::fail) {
      continue;
    }
    if (check.name.ends_with("-hash")) {
      return fail(ErrorKind::check_failed, fmt::format("the report contradicts itself: {}", check.detail));
    }
    values.notes.push_back(fmt::format("{}: {}", check.name, check.detail));
    values.authenticated = Authenticated::none;
  }
  return {};
}

}  // namespace

bool is_report(ByteView bytes) {
  return find_quote_kind(bytes) != nullptr;
}

Result<RegisterValues> parse_report(ByteView bytes) {
  const QuoteKind* const kind = find_quote_kind(bytes);
  if (kind == nullptr) {
    return fail(ErrorKind::malformed, "expected an attestation report");
  }
  QuoteEvidence evidence;
  evidence.quote.bytes = to_bytes(bytes);
  evidence.nonce_policy = NoncePolicy::waived;
  MRTOOL_TRY(result, kind->appraise(evidence));
  RegisterValues values = std::move(result.registers);
  if (values.values.empty()) {
    return fail(ErrorKind::malformed,
                result.quoted_digest
                    ? "a TPM quote holds a hash of register values, not the values: give the file of values that "
                      "tpm2_quote -o wrote"
                    : fmt::format("this report ({}) states no register value", kind->name));
  }
  values.authenticated = kind->best == Authenticated::mac ? Authenticated::mac : Authenticated::none;
  if (Status consistent = check_consistency(result.checks, values); !consistent) {
    return std::unexpected(std::move(consistent).error());
  }
  values.kind = kind->name;
  return values;
}

}  // namespace mrtool::sources
