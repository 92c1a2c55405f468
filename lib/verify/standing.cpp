#include "lib/verify/standing.hpp"

#include <algorithm>

namespace mrtool {

namespace {

bool folds_sha1(const RegisterResult& result) {
  return result.digest_rule == DigestRule::padded_sha1 || result.digest_rule == DigestRule::padded_before;
}

bool is_weak(const RegisterResult& result) {
  const HashAlgorithmRow* const row = find_algorithm(result.bank);
  return row == nullptr || row->weak || folds_sha1(result);
}

// What the log itself leaves open, whatever the value's source.
bool is_unproven(const RegisterResult& result, const Comparison& comparison) {
  if (result.initial_claimed || (!result.complete && comparison.state != MatchState::log_ahead)) {
    return true;
  }
  return result.log_verdict == LogVerdict::gap || result.log_verdict == LogVerdict::tail_only ||
         result.log_verdict == LogVerdict::unbound;
}

bool is_failed(const RegisterResult& result, const Comparison& comparison) {
  switch (comparison.state) {
    case MatchState::equal:
      return false;
    case MatchState::log_ahead:
      return !comparison.ahead_at_runtime;
    case MatchState::unexplained:
    case MatchState::differs:
      return result.complete;
  }
  return true;
}

Standing standing_by(const RegisterResult& result, const Comparison& comparison, const StandingOptions& options) {
  if (result.records == 0) {
    return comparison.state == MatchState::equal ? Standing::untouched : Standing::unexplained;
  }
  if (is_failed(result, comparison)) {
    return Standing::failed;
  }
  if (is_unproven(result, comparison)) {
    return Standing::unproven;
  }
  if (!options.trusts(comparison.source)) {
    return Standing::untrusted;
  }
  return is_weak(result) && !options.allow_weak ? Standing::weak : Standing::vouched;
}

}  // namespace

Standing standing_of(const RegisterResult& result, const StandingOptions& options) {
  Standing standing = result.records == 0 ? Standing::untouched : Standing::uncompared;
  for (const Comparison& comparison : result.against) {
    standing = std::max(standing, standing_by(result, comparison, options));
  }
  return standing;
}

const Comparison* vouching_comparison(const RegisterResult& result, const StandingOptions& options) {
  const Comparison* best = nullptr;
  for (const Comparison& comparison : result.against) {
    if (standing_by(result, comparison, options) == Standing::vouched &&
        (best == nullptr || comparison.matched_records > best->matched_records)) {
      best = &comparison;
    }
  }
  return best;
}

std::string reason_of(Standing standing, const RegisterResult& result) {
  switch (standing) {
    case Standing::untouched:
      return "no record is about it";
    case Standing::uncompared:
      return "no value was given for it";
    case Standing::untrusted:
      return "nothing authenticates the source of its value";
    case Standing::weak:
      if (folds_sha1(result)) {
        return "its bank holds SHA-1 digests with zeros behind them, as IMA extended them before Linux 5.8: "
               "--allow-sha1 "
               "takes that";
      }
      return "it was compared in a SHA-1 bank only: give values of another bank, or --allow-sha1";
    case Standing::unproven:
      if (result.log_verdict == LogVerdict::gap) {
        return "its log has a gap: what came before it is not proven";
      }
      if (result.log_verdict == LogVerdict::tail_only || result.initial_claimed) {
        return "where it starts is only what its log claims: give the log before it, or --initial";
      }
      return "some of its records have no digest for this bank";
    case Standing::vouched:
      return "its value follows from its log";
    case Standing::unexplained:
      return "it has left its initial value, and no record is about it";
    case Standing::failed:
      return "its log does not lead to its value";
  }
  return {};
}

}  // namespace mrtool
