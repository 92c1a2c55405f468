// The report, and the layers that take no file of their own: quote, virtual registers, policy.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/verify/appraisal_state.hpp"
#include "lib/verify/wording.hpp"

namespace mrtool {

namespace {

// Diagnostics of a fold that left records out, so that nothing vouches for these, and of a log that lacks some.
constexpr std::array<std::string_view, 4> kIncomplete{"too-many-registers", "register-not-extendable",
                                                      "static-register-extended", "log-incomplete"};

}  // namespace

void Appraisal::State::add_finding(const RegisterResult& result, Verdict effect, std::string_view code,
                                   std::string message) {
  findings_.push_back({.severity = effect == Verdict::fail           ? Severity::error
                                   : effect == Verdict::inconclusive ? Severity::warning
                                                                     : Severity::note,
                       .effect = effect,
                       .code = std::string(code),
                       .log = {},
                       .record = {},
                       .offset = {},
                       .reg = result.reg,
                       .bank = result.bank,
                       .message = std::move(message)});
}

Layer Appraisal::State::quote_layer() const {
  Layer layer{.name = "quote", .checks = {}};
  if (!quote_) {
    layer.checks.push_back(make_check("quote", Verdict::skipped, "no quote was given"));
    return layer;
  }
  layer.checks = quote_->checks;
  if (quoted_digest_check_) {
    layer.checks.push_back(*quoted_digest_check_);
  }
  return layer;
}
// A register inside another one's log, and what the log of its own comes to: one bank has to vouch for it, none may
// fail.
QuoteCheck Appraisal::State::check_virtual(std::span<const RegisterResult* const> banks) {
  const RegisterResult& first = *banks.front();
  for (const RegisterResult* const result : banks) {
    if (standing(*result) == Standing::failed) {
      add_finding(*result, Verdict::fail, "value-differs",
                  fmt::format("the log of {} does not lead to the value that its carrier holds",
                              name_of(result->reg, result->bank)));
      return make_check(to_string(first.reg), Verdict::fail,
                        "its log does not lead to the value that its carrier holds");
    }
  }
  const RegisterResult& best =
      **std::ranges::max_element(banks, {}, [this](const RegisterResult* result) { return standing(*result); });
  switch (const Standing reached = standing(best)) {
    case Standing::vouched:
      return make_check(
          to_string(first.reg), Verdict::pass,
          fmt::format("its log leads to the value in bank {} that its carrier vouches for", to_string(best.bank)));
    case Standing::uncompared:
      return make_check(to_string(first.reg), Verdict::inconclusive,
                        "no log carries this register in a bank of its own log: nothing binds it");
    case Standing::untrusted:
      return make_check(to_string(first.reg), Verdict::inconclusive, "its carrier is not vouched for");
    default:
      return make_check(to_string(first.reg), Verdict::inconclusive, reason_of(reached, best));
  }
}

// Each register that another one's log carries, and the log of it.
Layer Appraisal::State::virtual_layer() {
  Layer layer{.name = "virtual", .checks = {}};
  for (const std::size_t log : waiting_) {
    layer.checks.push_back(make_check(to_string(*logs_[log].reg), Verdict::inconclusive, "its log was not read"));
  }
  std::map<Register, std::vector<const RegisterResult*>> by_register;
  for (const RegisterResult& result : std::span(results_).subspan(native_results_)) {
    if (result.carried_by.empty() && result.records != 0) {
      by_register[result.reg].push_back(&result);
    }
  }
  for (const auto& [reg, banks] : by_register) {
    layer.checks.push_back(check_virtual(banks));
  }
  for (std::size_t log = 0; log < logs_.size(); ++log) {
    const bool waits = std::ranges::find(waiting_, log) != waiting_.end();
    if (is_virtual(logs_[log]) && !waits && !by_register.contains(*logs_[log].reg)) {
      layer.checks.push_back(make_check(to_string(*logs_[log].reg), Verdict::inconclusive,
                                        "its log has no record, so that nothing is compared"));
    }
  }
  for (const RegisterResult& result : results_) {
    const bool has_log = std::ranges::any_of(logs_, [&result](const AppraisedLog& log) {
      return log.reg && log.reg->name == result.reg.name && log.reg->kind == result.reg.kind;
    });
    if (!result.carried_by.empty() && !has_log) {
      layer.checks.push_back(make_check(name_of(result.reg, result.bank), Verdict::skipped,
                                        fmt::format("carried by {}; no log of it was given", result.carried_by)));
    }
  }
  return layer;
}

// What the policy sees of registers: the values that are vouched for, of those without a log too.
Layer Appraisal::State::policy_layer() {
  Layer layer{.name = "policy", .checks = {}};
  if (policies_.empty()) {
    layer.checks.push_back(make_check("policy", Verdict::skipped, "no policy was given"));
    return layer;
  }
  std::vector<RegisterResult> registers = results_;
  for (std::size_t index = 0; index < sources_.size(); ++index) {
    const WeighedSource& source = sources_[index];
    if (!source.trusted || source.values.kind == kCarried) {
      continue;
    }
    for (const auto& [key, value] : source.values.values) {
      const auto known = std::ranges::find_if(
          registers, [&key](const RegisterResult& result) { return result.reg == key.reg && result.bank == key.bank; });
      RegisterResult& stated = known == registers.end() ? registers.emplace_back() : *known;
      stated.reg = key.reg;
      stated.bank = key.bank;
      stated.value = value;
      if (std::ranges::find(stated.against, index, &Comparison::source) == stated.against.end()) {
        const Digest initial = platform_initial_value(key.reg, value.size(), false).value;
        stated.against.push_back(
            {.source = index, .value = value, .state = value == initial ? MatchState::equal : MatchState::unexplained});
      }
    }
  }
  for (PolicyRun& policy : policies_) {
    const PolicyRun::Outcome outcome = policy.finish(registers, *this);
    layer.checks.insert(layer.checks.end(), outcome.checks.begin(), outcome.checks.end());
    findings_.insert(findings_.end(), outcome.findings.begin(), outcome.findings.end());
  }
  return layer;
}

// What the last reading of each log noticed, that no check speaks of.
void Appraisal::State::add_diagnostics() {
  for (const AppraisedPass& ended : passes_) {
    if (!ended.judging) {
      continue;
    }
    for (const Diagnostic& diagnostic : ended.sink.all()) {
      const bool refused = is_tolerance(diagnostic.code) && !tolerates(diagnostic.code);
      const bool incomplete = std::ranges::find(kIncomplete, diagnostic.code) != kIncomplete.end();
      findings_.push_back({.severity = diagnostic.severity,
                           .effect = refused      ? Verdict::fail
                                     : incomplete ? Verdict::inconclusive
                                                  : Verdict::pass,
                           .code = diagnostic.code,
                           .log = diagnostic.log ? std::optional(ended.logs[*diagnostic.log]) : std::nullopt,
                           .record = diagnostic.record,
                           .offset = diagnostic.offset,
                           .reg = std::nullopt,
                           .bank = HashAlgorithm::none,
                           .message = diagnostic.message});
    }
  }
}

AppraisalReport Appraisal::State::finish() {
  AppraisalReport report;
  for (Finding finding : records_.all()) {
    const bool of_other_bank =
        finding.bank != HashAlgorithm::none && !vouched_.empty() &&
        std::ranges::none_of(vouched_, [&finding](const auto& entry) { return entry.first.bank == finding.bank; });
    const bool tolerated = finding.code == "ima-violation" && tolerates(kTolerateViolations);
    if (of_other_bank || tolerated) {
      finding.severity = Severity::warning;
      finding.effect = Verdict::pass;
    }
    findings_.push_back(std::move(finding));
  }
  report.layers.push_back(quote_layer());
  report.layers.push_back(registers_layer());
  report.layers.push_back(log_layer());
  report.layers.push_back(virtual_layer());
  report.layers.push_back(policy_layer());
  add_diagnostics();
  report.verdict = Verdict::skipped;
  for (const Layer& layer : report.layers) {
    report.verdict = worse(report.verdict, layer.verdict());
  }
  for (const Finding& finding : findings_) {
    report.verdict = worse(report.verdict, finding.effect);
  }
  report.findings = std::move(findings_);
  report.registers = std::move(results_);
  for (WeighedSource& source : sources_) {
    report.sources.push_back(std::move(source.values));
  }
  report.needed_tolerance = needed_tolerance_;
  return report;
}

}  // namespace mrtool
