// What the passes found, layer by layer.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "lib/registers/initial.hpp"
#include "lib/verify/appraisal_state.hpp"

namespace mrtool {

namespace {

std::string name_of(const Register& reg, HashAlgorithm bank) {
  return fmt::format("{}:{}", to_string(bank), to_string(reg));
}

// The first few of a list, and how many there are.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 6;
  const auto shown = std::span(names).first(std::min(names.size(), kShown));
  std::string text = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > kShown) {
    text += fmt::format(" and {} more", names.size() - kShown);
  }
  return text;
}

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

QuoteCheck make_check(std::string_view name, Verdict verdict, std::string detail) {
  return {.name = std::string(name), .verdict = verdict, .detail = std::move(detail)};
}

// Diagnostics of a fold that left records out, so that nothing vouches for these.
constexpr std::array<std::string_view, 3> kIncomplete{"too-many-registers", "register-not-extendable",
                                                      "static-register-extended"};

bool is_tolerance(std::string_view code) {
  return code.size() > 1 && code[0] == 'T' && code[1] >= '0' && code[1] <= '9';
}

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

bool Appraisal::State::is_required(const Register& reg, HashAlgorithm bank) const {
  return !options_.require || options_.require->contains(reg, bank);
}

QuoteCheck Appraisal::State::check_sources() const {
  std::vector<std::string> trusted;
  std::vector<std::string> others;
  for (const WeighedSource& source : sources_) {
    if (source.values.kind == kCarried) {
      continue;
    }
    std::string name = fmt::format("{} ({})", source.values.source, to_string(source.values.authenticated));
    (source.trusted ? trusted : others).push_back(std::move(name));
  }
  if (trusted.empty() && others.empty()) {
    return make_check("source", Verdict::inconclusive, "no register values were given: use --quote or --against");
  }
  const Verdict quoted = quote_ ? verdict_of(quote_->checks) : Verdict::pass;
  if (trusted.empty()) {
    return make_check(
        "source", Verdict::inconclusive,
        quoted == Verdict::fail
            ? fmt::format("a quote that fails its checks vouches for nothing, so that nothing "
                          "authenticates {}",
                          listed(others))
            : fmt::format("nothing authenticates {}: give a quote, or --trust-registers", listed(others)));
  }
  std::string detail = fmt::format("values are from {}", listed(trusted));
  if (!others.empty()) {
    detail += fmt::format("; {} cannot vouch for anything", listed(others));
  }
  if (quoted == Verdict::inconclusive) {
    detail += "; what the checks of the quote leave open is open here too";
  }
  return make_check("source", quoted == Verdict::inconclusive ? Verdict::inconclusive : Verdict::pass,
                    std::move(detail));
}

QuoteCheck Appraisal::State::check_values() {
  std::uint64_t equal = 0;
  std::uint64_t ahead = 0;
  std::vector<std::string> failed;
  for (const RegisterResult& result : native_results()) {
    if (!result.carried_by.empty() || result.records == 0) {
      continue;
    }
    if (standing(result) == Standing::failed) {
      const bool required = is_required(result.reg, result.bank);
      add_finding(result, required ? Verdict::fail : Verdict::pass, "value-differs",
                  fmt::format("the log does not lead to the value of {}{}", name_of(result.reg, result.bank),
                              required ? "" : "; it is not required"));
      if (required) {
        failed.push_back(name_of(result.reg, result.bank));
      }
      continue;
    }
    for (const Comparison& comparison : result.against) {
      equal += comparison.state == MatchState::equal ? 1 : 0;
      ahead += comparison.state == MatchState::log_ahead ? 1 : 0;
    }
  }
  if (!failed.empty()) {
    return make_check("values", Verdict::fail, fmt::format("the logs do not lead to the values of {}", listed(failed)));
  }
  if (equal + ahead == 0) {
    return make_check("values", Verdict::inconclusive, "no value of a register that the logs extend was compared");
  }
  std::string detail = fmt::format("{} from the logs", count_of(equal, "value follows", "values follow"));
  if (ahead != 0) {
    detail += fmt::format(", {} from the front of a log that has grown since",
                          count_of(ahead, "value follows", "values follow"));
  }
  return make_check("values", Verdict::pass, std::move(detail));
}

// Every register that the logs extend, in one bank at least.
QuoteCheck Appraisal::State::check_coverage() {
  std::map<Register, std::vector<const RegisterResult*>> by_register;
  for (const RegisterResult& result : native_results()) {
    if (result.carried_by.empty() && result.records != 0) {
      by_register[result.reg].push_back(&result);
    }
  }
  std::map<std::string, std::vector<std::string>> lacking;  // by reason
  for (const auto& [reg, results] : by_register) {
    const auto best =
        std::ranges::max_element(results, {}, [this](const RegisterResult* result) { return standing(*result); });
    const Standing reached = standing(**best);
    const bool covered = std::ranges::any_of(
        results, [this](const RegisterResult* result) { return vouched_.contains({result->reg, result->bank}); });
    if (covered || reached == Standing::failed || options_.require) {
      continue;
    }
    lacking[reason_of(reached, **best)].push_back(to_string(reg));
    add_finding(**best, Verdict::inconclusive, "not-vouched-for",
                fmt::format("nothing vouches for {}: {}", to_string(reg), reason_of(reached, **best)));
  }
  if (options_.require) {
    if (const std::vector<std::string> uncovered = uncovered_requirements(); !uncovered.empty()) {
      return make_check("coverage", Verdict::inconclusive, fmt::format("nothing vouches for {}", listed(uncovered)));
    }
  } else {
    for (const std::string& log : logs_without_value()) {
      lacking["its log has no record about it, and no value was given"].push_back(log);
    }
  }
  if (!lacking.empty()) {
    std::vector<std::string> groups;
    for (const auto& [reason, names] : lacking) {
      groups.push_back(fmt::format("{}: {}", listed(names), reason));
    }
    return make_check("coverage", Verdict::inconclusive,
                      fmt::format("nothing vouches for {}", fmt::join(groups, "; nor for ")));
  }
  if (by_register.empty() && !options_.require) {
    return make_check("coverage", Verdict::inconclusive, "the logs extend no register");
  }
  return make_check("coverage", Verdict::pass,
                    options_.require ? fmt::format("all of {} is vouched for", to_string(*options_.require))
                                     : "every register that the logs extend is vouched for");
}

// Was a log named as this register's?
bool Appraisal::State::is_named_by_log(const Register& reg) const {
  return std::ranges::any_of(logs_, [&reg](const AppraisedLog& log) { return log.reg == reg; });
}

// Registers of which a log was given that says nothing about them, and no value that confirms that.
std::vector<std::string> Appraisal::State::logs_without_value() const {
  std::vector<std::string> lacking;
  for (const AppraisedLog& log : logs_) {
    const auto is_explained = [&](const RegisterResult& result) {
      return result.reg == log.reg && (result.records != 0 || standing(result) == Standing::unexplained ||
                                       (!result.against.empty() && vouched(result.reg, result.bank)));
    };
    if (log.reg && !is_virtual(log) && std::ranges::none_of(native_results(), is_explained)) {
      lacking.push_back(to_string(*log.reg));
    }
  }
  return lacking;
}

// Of --require, what no authenticated value vouches for.
std::vector<std::string> Appraisal::State::uncovered_requirements() const {
  std::vector<std::string> lacking;
  for (const SelectedRegister& item : options_.require->items) {
    const bool covered = std::ranges::any_of(vouched_, [&item](const auto& entry) {
      return entry.first.reg == item.reg && (item.bank == HashAlgorithm::none || item.bank == entry.first.bank);
    });
    if (!covered) {
      lacking.push_back(item.bank == HashAlgorithm::none ? to_string(item.reg) : name_of(item.reg, item.bank));
    }
  }
  for (const HashAlgorithm bank : options_.require->whole_banks) {
    bool any = false;
    for (const RegisterResult& result : native_results()) {
      if (result.bank != bank || result.records == 0 || !result.carried_by.empty()) {
        continue;
      }
      any = true;
      if (!vouched_.contains({result.reg, bank})) {
        lacking.push_back(name_of(result.reg, bank));
      }
    }
    if (!any) {
      lacking.push_back(fmt::format("{}:all", to_string(bank)));
    }
  }
  return lacking;
}

QuoteCheck Appraisal::State::check_unexplained() {
  std::vector<std::string> required;
  std::vector<std::string> others;
  for (const RegisterResult& result : native_results()) {
    if (standing(result) != Standing::unexplained) {
      continue;
    }
    const bool named =
        options_.require ? options_.require->contains(result.reg, result.bank) : is_named_by_log(result.reg);
    (named ? required : others).push_back(name_of(result.reg, result.bank));
    add_finding(
        result, named ? Verdict::fail : Verdict::pass, "unexplained",
        fmt::format("{} has left its initial value, and no record is about it", name_of(result.reg, result.bank)));
  }
  if (!required.empty()) {
    return make_check("unexplained", Verdict::fail, fmt::format("no record explains {}", listed(required)));
  }
  if (!others.empty()) {
    return make_check("unexplained", Verdict::skipped,
                      fmt::format("no record explains {}; nothing requires them", listed(others)));
  }
  const bool any_value = std::ranges::any_of(sources_, [](const WeighedSource& source) {
    return source.values.kind != "carried" && !source.values.values.empty();
  });
  return any_value ? make_check("unexplained", Verdict::pass, "no register has changed without a record")
                   : make_check("unexplained", Verdict::skipped, "no register values are known");
}

Layer Appraisal::State::registers_layer() {
  return {.name = "registers", .checks = {check_sources(), check_values(), check_coverage(), check_unexplained()}};
}

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
