// What the logs' own records say for or against them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/registers/initial.hpp"
#include "lib/verify/appraisal_state.hpp"
#include "lib/verify/wording.hpp"

namespace mrtool {

// Digests count in the banks that vouch for something; where none does, in all.
QuoteCheck Appraisal::State::check_digests() const {
  RecordFindings::DigestCounts total;
  for (const auto& [bank, counts] : records_.digests()) {
    const bool counted = vouched_.empty() ||
                         std::ranges::any_of(vouched_, [&bank](const auto& entry) { return entry.first.bank == bank; });
    if (counted) {
      total.matches += counts.matches;
      total.unverifiable += counts.unverifiable;
      total.differs += counts.differs;
    }
  }
  if (total.differs != 0) {
    return make_check(
        "digests", Verdict::fail,
        fmt::format("{} not the hash of the content beside it", count_of(total.differs, "digest is", "digests are")));
  }
  if (total.matches + total.unverifiable == 0) {
    return make_check("digests", Verdict::skipped, "no digest was read");
  }
  return make_check(
      "digests", Verdict::pass,
      fmt::format("{} of content in the logs; {} of content outside of them, which is not seen here",
                  count_of(total.matches, "digest is", "digests are"), count_of(total.unverifiable, "is", "are")));
}

QuoteCheck Appraisal::State::check_tolerances() {
  std::set<std::string> refused;
  std::set<std::string> taken;
  for (const AppraisedPass& ended : passes_) {
    for (const Diagnostic& diagnostic : ended.sink.all()) {
      if (is_tolerance(diagnostic.code)) {
        (tolerates(diagnostic.code) ? taken : refused).insert(diagnostic.code);
      }
    }
  }
  if (!refused.empty()) {
    needed_tolerance_ = true;
    return make_check("format", Verdict::fail,
                      fmt::format("a log breaks its format: {}; --tolerate {} takes it", fmt::join(refused, ", "),
                                  fmt::join(refused, ",")));
  }
  if (!damaged_.empty()) {
    return make_check("format", Verdict::inconclusive,
                      fmt::format("not read to the end, so that what is missing is not judged: {}", listed(damaged_)));
  }
  if (!taken.empty()) {
    return make_check("format", Verdict::pass, fmt::format("tolerated: {}", fmt::join(taken, ", ")));
  }
  return make_check("format", Verdict::pass, "the logs keep to their formats");
}

QuoteCheck Appraisal::State::check_continuity() const {
  std::vector<std::string> gaps;
  for (const RegisterResult& result : results_) {
    const bool open = result.log_verdict == LogVerdict::gap || result.log_verdict == LogVerdict::tail_only;
    if (!open && !(result.initial_claimed && result.records != 0)) {
      continue;
    }
    std::string where = name_of(result.reg, result.bank);
    if (!result.gaps.empty()) {
      where += fmt::format(" at record {}", result.gaps.front().record);
    }
    gaps.push_back(std::move(where));
  }
  if (!gaps.empty()) {
    return make_check("continuity", Verdict::inconclusive,
                      fmt::format("only the log says what the register held before it: {}", listed(gaps)));
  }
  if (results_.empty()) {
    return make_check("continuity", Verdict::skipped, "no record was read");
  }
  return make_check("continuity", Verdict::pass, "each log starts where its platform or the log before it leaves off");
}

namespace {

constexpr std::size_t kShortAggregate = 8;  // PCRs 0 to 7
constexpr std::size_t kLongAggregate = 10;  // PCRs 0 to 9

Register pcr(std::uint32_t index) {
  return {.kind = RegisterKind::pcr, .index = index, .name = {}, .provider = {}, .carrier = {}};
}

}  // namespace

// PCRs 0 to 9 as the logs lead to them; none where no log extends one in that bank. That the hash of them is the
// boot_aggregate, which PCR 10 vouches for, proves them whatever bank was compared.
std::vector<Digest> Appraisal::State::replayed_pcrs(HashAlgorithm bank) const {
  std::vector<Digest> values;
  bool any = false;
  for (std::uint32_t index = 0; index < kLongAggregate; ++index) {
    const auto replayed = std::ranges::find_if(results_, [&](const RegisterResult& result) {
      return result.reg == pcr(index) && result.bank == bank && result.records != 0;
    });
    any = any || replayed != results_.end();
    values.push_back(replayed != results_.end()
                         ? replayed->value
                         : platform_initial_value(pcr(index), find_algorithm(bank)->size, false).value);
  }
  return any ? values : std::vector<Digest>();
}

// The same as sources that count state them, up to the first that none does.
std::vector<Digest> Appraisal::State::stated_pcrs(HashAlgorithm bank) const {
  std::vector<Digest> values;
  for (std::uint32_t index = 0; index < kLongAggregate; ++index) {
    const auto source = std::ranges::find_if(sources_, [&](const WeighedSource& candidate) {
      return candidate.trusted && candidate.values.values.contains({pcr(index), bank});
    });
    if (source == sources_.end()) {
      break;
    }
    values.push_back(source->values.values.at({pcr(index), bank}));
  }
  return values;
}

Verdict Appraisal::State::judge_boot_aggregate(const RecordFindings::BootAggregate& entry, std::string& why) {
  const HashAlgorithm bank = entry.stated.algorithm;
  if (!HashEngine::can_compute(bank)) {
    why = fmt::format("{} cannot be computed here", to_string(bank));
    return Verdict::inconclusive;
  }
  const std::vector<Digest> replayed = replayed_pcrs(bank);
  const std::vector<Digest> stated = stated_pcrs(bank);
  if (all_equal_to(entry.stated.value.view(), 0)) {
    const bool states_pcrs = std::ranges::any_of(sources_, [](const WeighedSource& source) {
      return source.trusted && std::ranges::any_of(source.values.values, [](const auto& value) {
               return value.first.reg.kind == RegisterKind::pcr && value.first.reg.provider.empty();
             });
    });
    const bool has_tpm = !replayed.empty() || states_pcrs;
    why = has_tpm ? "it is zeros, though this machine has PCRs" : "the kernel found no TPM: it binds nothing";
    return has_tpm ? Verdict::fail : Verdict::skipped;
  }
  for (const std::vector<Digest>* const values : {&replayed, &stated}) {
    for (const std::size_t count : {kLongAggregate, kShortAggregate}) {
      if (values->size() >= count &&
          ima::boot_aggregate_value(engine_, bank, std::span(*values).first(count)) == entry.stated.value) {
        why = fmt::format("it is the hash of PCRs 0 to {}", count - 1);
        return Verdict::pass;
      }
    }
  }
  if (replayed.empty()) {
    why = fmt::format("nothing says what PCRs 0 to 7 of bank {} were when the kernel started: give the firmware's log",
                      to_string(bank));
    return Verdict::inconclusive;
  }
  why = "it is not the hash of PCRs 0 to 7, or 0 to 9, that the logs lead to";
  return Verdict::fail;
}

QuoteCheck Appraisal::State::check_boot_aggregates() {
  QuoteCheck check = make_check("boot-aggregate", Verdict::skipped, {});
  for (const RecordFindings::BootAggregate& entry : records_.boot_aggregates()) {
    std::string why;
    const Verdict verdict = judge_boot_aggregate(entry, why);
    if (verdict == Verdict::fail || verdict == Verdict::inconclusive) {
      findings_.push_back({.severity = verdict == Verdict::fail ? Severity::error : Severity::warning,
                           .effect = verdict,
                           .code = "boot-aggregate",
                           .log = entry.log,
                           .record = entry.record,
                           .offset = entry.offset,
                           .reg = std::nullopt,
                           .bank = entry.stated.algorithm,
                           .message = fmt::format("the boot_aggregate of record {}: {}", entry.record, why)});
    }
    if (check.detail.empty() || worse(check.verdict, verdict) != check.verdict) {
      check.detail = fmt::format("the boot_aggregate of record {}: {}", entry.record, why);
    }
    check.verdict = worse(check.verdict, verdict);
  }
  if (!records_.lists_without_boot_aggregate().empty()) {
    check.verdict = worse(check.verdict, Verdict::inconclusive);
    check.detail = "a list does not start with a boot_aggregate: nothing ties it to a boot";
  }
  return check;
}

QuoteCheck Appraisal::State::check_violations() const {
  if (records_.violations() == 0) {
    return make_check("ima-violations", Verdict::pass, "no file was open for writing while it was measured");
  }
  const bool tolerated = tolerates(kTolerateViolations);
  return make_check(
      "ima-violations", tolerated ? Verdict::pass : Verdict::fail,
      fmt::format("{} open for writing while measured{}", count_of(records_.violations(), "file was", "files were"),
                  tolerated ? ", which is tolerated" : ""));
}

Layer Appraisal::State::log_layer() {
  Layer layer{.name = "log", .checks = {check_tolerances(), check_digests(), check_continuity()}};
  if (records_.saw_ima()) {
    layer.checks.push_back(check_boot_aggregates());
  }
  if (records_.saw_ima() || records_.violations() != 0) {
    layer.checks.push_back(check_violations());
  }
  std::uint64_t beyond = 0;
  for (const AppraisedPass& ended : passes_) {
    beyond += ended.beyond;
  }
  if (beyond != 0) {
    layer.checks.push_back(make_check("newer-records", Verdict::skipped,
                                      fmt::format("{} newer than the values: nothing vouches for them",
                                                  count_of(beyond, "record is", "records are"))));
  }
  return layer;
}

}  // namespace mrtool
