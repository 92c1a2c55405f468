#include "lib/verify/appraisal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/content/judgement.hpp"
#include "lib/verify/appraisal_state.hpp"

namespace mrtool {

namespace {

Register without_carrier(Register reg) {
  reg.carrier.clear();
  return reg;
}

bool is_authenticated(Authenticated authenticated) {
  return authenticated == Authenticated::signed_ || authenticated == Authenticated::live;
}

}  // namespace

Appraisal::State::State(AppraisalOptions given_options, std::optional<QuoteResult> given_quote,
                        std::vector<RegisterValues> given, std::vector<AppraisedLog> given_logs)
    : options_(std::move(given_options)), quote_(std::move(given_quote)), logs_(std::move(given_logs)) {
  if (quote_) {
    // What its checks leave open is the quote layer's to say; its values count for all but a failed one.
    RegisterValues values = quote_->registers;
    const Verdict checked = verdict_of(quote_->checks);
    const bool trusted = is_authenticated(values.authenticated) && checked != Verdict::fail;
    if (checked != Verdict::pass) {
      values.authenticated = Authenticated::none;
    }
    sources_.push_back({std::move(values), trusted});
  }
  for (RegisterValues& values : given) {
    const bool trusted = options_.trust_registers || is_authenticated(values.authenticated);
    sources_.push_back({std::move(values), trusted});
  }
  for (const auto& policy : options_.policies) {
    policies_.emplace_back(policy);
  }
}

// A provider's own registers may have any name too: what a source states is native.
bool Appraisal::State::is_virtual(const AppraisedLog& log) const {
  if (!log.reg || log.reg->kind != RegisterKind::virtual_mr) {
    return false;
  }
  return std::ranges::none_of(sources_, [&log](const WeighedSource& source) {
    return source.values.kind != kCarried &&
           std::ranges::any_of(source.values.values, [&log](const auto& entry) { return entry.first.reg == *log.reg; });
  });
}

bool Appraisal::State::tolerates(std::string_view what) const {
  return options_.tolerated.contains(std::string(what)) || (options_.tolerant && what != kTolerateViolations);
}

StandingOptions Appraisal::State::standing_options() const {
  return {.trusts = [this](std::size_t source) { return sources_[source].trusted; }, .allow_weak = options_.allow_sha1};
}

// Registers of the logs that are read, or all but those of virtual logs' concern.
std::vector<RegisterValues> Appraisal::State::values_for(const AppraisedPass& pass) const {
  std::vector<RegisterValues> values;
  for (const WeighedSource& source : sources_) {
    RegisterValues& kept = values.emplace_back(source.values);
    if (pass.of_virtual_logs) {
      std::erase_if(kept.values, [&](const auto& entry) {
        return std::ranges::none_of(pass.logs, [&](std::size_t log) {
          return without_carrier(entry.first.reg) == without_carrier(*logs_[log].reg);
        });
      });
    }
  }
  return values;
}

std::vector<std::size_t> Appraisal::State::begin_pass(AppraisedPass next) {
  AppraisedPass& made = passes_.emplace_back(std::move(next));
  made.replay = std::make_unique<Replay>(ReplayOptions{options_.initial}, made.sink);
  made.replay->compare_with(values_for(made));
  if (from_) {
    for (const Diagnostic& diagnostic : from_->diagnostics) {
      made.sink.add(diagnostic);
    }
  }
  return made.logs;
}

std::vector<std::size_t> Appraisal::State::next_pass() {
  if (passes_.empty()) {
    AppraisedPass native;
    for (std::size_t log = 0; log < logs_.size(); ++log) {
      (is_virtual(logs_[log]) ? waiting_ : native.logs).push_back(log);
    }
    return begin_pass(std::move(native));
  }
  end_pass();
  const AppraisedPass& last = pass();
  if (!last.judging) {
    AppraisedPass judging;
    judging.logs = last.logs;
    judging.of_virtual_logs = last.of_virtual_logs;
    judging.judging = true;
    answer_quoted_digest(last.results);
    judging.bounds = bounds_of(last.results);
    return begin_pass(std::move(judging));
  }
  take_carried_values();
  AppraisedPass inner;
  inner.of_virtual_logs = true;
  inner.logs = ready_virtual_logs();
  return inner.logs.empty() ? std::vector<std::size_t>() : begin_pass(std::move(inner));
}

void Appraisal::State::end_pass() {
  AppraisedPass& ended = pass();
  if (keeps_progress_ && ended.judging && !ended.of_virtual_logs) {
    fold_ = ended.replay->checkpoint(ended.records);
    noticed_ = ended.sink.all();
  }
  ended.results = ended.replay->finish();
  ended.replay.reset();
  if (!ended.judging) {
    return;
  }
  for (const RegisterResult& result : ended.results) {
    if (const Comparison* const comparison = vouching_comparison(result, standing_options())) {
      std::uint64_t& count = vouched_[{result.reg, result.bank}];
      count = std::max(count, comparison->matched_records);
    }
  }
  results_.insert(results_.end(), ended.results.begin(), ended.results.end());
  if (!ended.of_virtual_logs) {
    native_results_ = results_.size();
  }
}

// A TPM that signs a digest of values, not the values: those that the logs lead to are held against it.
void Appraisal::State::answer_quoted_digest(const std::vector<RegisterResult>& results) {
  if (!quote_ || !quote_->quoted_digest || quoted_digest_check_ || !quote_->registers.values.empty()) {
    return;
  }
  const QuotedDigest& quoted = *quote_->quoted_digest;
  QuoteCheck& check = quoted_digest_check_.emplace();
  check.name = "pcr-digest";
  RegisterValues& values = sources_.front().values;
  Bytes all;
  std::vector<std::string> without_log;
  for (const RegisterKey& key : quoted.order) {
    const auto replayed = std::ranges::find_if(
        results, [&key](const RegisterResult& result) { return result.reg == key.reg && result.bank == key.bank; });
    const HashAlgorithmRow* const row = find_algorithm(key.bank);
    if (row == nullptr) {
      check.detail = fmt::format("bank {} cannot be computed here", to_string(key.bank));
      values.values.clear();
      return;
    }
    if (replayed == results.end() || replayed->records == 0) {
      without_log.push_back(fmt::format("{}:{}", to_string(key.bank), to_string(key.reg)));
    }
    const Digest value =
        replayed != results.end() ? replayed->value : platform_initial_value(key.reg, row->size, false).value;
    values.values.insert_or_assign(key, value);
    all.insert(all.end(), value.view().begin(), value.view().end());
  }
  if (HashEngine::can_compute(quoted.hash) && engine_.hash(quoted.hash, all) == quoted.value) {
    check.verdict = Verdict::pass;
    check.detail = "the values that the logs lead to are the ones that are signed";
    return;
  }
  values.values.clear();
  check.verdict = without_log.empty() ? Verdict::fail : Verdict::inconclusive;
  check.detail =
      "the values that the logs lead to are not the ones that are signed; which of them differs, --pcrs would show";
  if (!without_log.empty()) {
    check.detail += fmt::format(". No log is about {}", fmt::join(without_log, ", "));
  }
}

std::map<Register, Bound> Appraisal::State::bounds_of(const std::vector<RegisterResult>& results) const {
  std::map<Register, Bound> bounds;
  std::set<Register> whole;
  for (const RegisterResult& result : results) {
    const Comparison* const comparison = vouching_comparison(result, standing_options());
    if (comparison == nullptr) {
      continue;
    }
    if (comparison->state != MatchState::log_ahead || !comparison->last_record || !comparison->last_log) {
      whole.insert(result.reg);
      continue;
    }
    const Bound bound{*comparison->last_log, *comparison->last_record};
    const auto [place, added] = bounds.emplace(result.reg, bound);
    if (!added && std::pair(place->second.log, place->second.record) < std::pair(bound.log, bound.record)) {
      place->second = bound;
    }
  }
  std::erase_if(bounds, [&whole](const auto& entry) { return whole.contains(entry.first); });
  return bounds;
}

// What the records that are vouched for make of registers inside others: a source for the logs of those.
void Appraisal::State::take_carried_values() {
  std::map<std::string, WeighedSource> carried;
  for (const RegisterResult& result : pass().results) {
    if (result.carried_by.empty()) {
      continue;
    }
    WeighedSource& source = carried[result.carried_by];
    source.values.values.insert_or_assign(RegisterKey{result.reg, result.bank}, result.value);
  }
  for (auto& [carrier, source] : carried) {
    const auto reg = parse_register(carrier);
    source.values.source = carrier;
    source.values.kind = kCarried;
    // Of the carrier no more was read than is vouched for.
    source.trusted =
        reg && std::ranges::any_of(pass().results, [&](const RegisterResult& result) {
          return result.reg == *reg && result.records != 0 && count(result.reg, result.bank) == result.records;
        });
    source.values.authenticated = source.trusted ? Authenticated::signed_ : Authenticated::none;
    sources_.push_back(std::move(source));
  }
}

// Those whose register is carried by what was read so far; when there are none, all that are left, which nothing binds.
std::vector<std::size_t> Appraisal::State::ready_virtual_logs() {
  const auto is_carried = [this](std::size_t log) {
    return std::ranges::any_of(results_, [&](const RegisterResult& result) {
      return !result.carried_by.empty() && without_carrier(result.reg) == without_carrier(*logs_[log].reg);
    });
  };
  std::vector<std::size_t> ready;
  std::ranges::copy_if(waiting_, std::back_inserter(ready), is_carried);
  if (ready.empty()) {
    ready.swap(waiting_);
  } else {
    std::erase_if(waiting_, is_carried);
  }
  return ready;
}

void Appraisal::State::begin_log(std::size_t log, const LogInfo& info) {
  infos_.insert_or_assign(log, info);
  const auto place = std::ranges::find(pass().logs, log);
  place_in_pass_ = static_cast<std::size_t>(place - pass().logs.begin());
  current_log_ = log;
  pass().replay->begin_log(info, place_in_pass_);
  if (pass().judging) {
    records_.begin_log();
  }
  if (from_) {
    take_up();
  }
}

bool Appraisal::State::is_within(const Record& record) const {
  const auto& bounds = passes_.back().bounds;
  const auto bound = bounds.find(record.reg);
  return bound == bounds.end() ||
         std::pair(place_in_pass_, record.number) <= std::pair(bound->second.log, bound->second.record);
}

void Appraisal::State::add(const Batch& batch) {
  AppraisedPass& here = pass();
  if (!here.judging) {
    here.replay->add(batch);
    return;
  }
  const LogInfo& info = infos_.at(current_log_);
  std::vector<const Record*> within;
  for (const Record& record : batch.records) {
    if (is_within(record)) {
      within.push_back(&record);
    } else {
      ++here.beyond;
      here.first_beyond = std::min(here.first_beyond.value_or(record.number), record.number);
    }
  }
  const std::vector<Judgement> judgements = judge_many(within, info, engine_);
  for (std::size_t i = 0; i < within.size(); ++i) {
    const Record& record = *within[i];
    const Judgement& judgement = judgements[i];
    here.replay->add(record);
    here.records = record.number + 1;
    const Decoded decoded = policies_.empty() ? Decoded() : decode(record, info);
    const JudgedRecord judged{
        .log = current_log_, .info = &info, .record = &record, .judgement = &judgement, .decoded = &decoded};
    records_.add(judged);
    for (PolicyRun& policy : policies_) {
      policy.add(judged);
    }
  }
}

std::uint64_t Appraisal::State::count(const Register& reg, HashAlgorithm bank) const {
  const auto found = vouched_.find({reg, bank});
  return found == vouched_.end() ? 0 : found->second;
}

bool Appraisal::State::vouched(const Register& reg, HashAlgorithm bank) const {
  return vouched_.contains({reg, bank}) || std::ranges::any_of(sources_, [&](const WeighedSource& source) {
           return source.trusted && source.values.kind != kCarried && source.values.values.contains({reg, bank});
         });
}

Appraisal::Appraisal(AppraisalOptions options, std::optional<QuoteResult> quote, std::vector<RegisterValues> sources,
                     std::vector<AppraisedLog> logs)
    : state_(std::make_unique<State>(std::move(options), std::move(quote), std::move(sources), std::move(logs))) {}
Appraisal::~Appraisal() = default;

std::vector<std::size_t> Appraisal::next_pass() {
  return state_->next_pass();
}
void Appraisal::begin_log(std::size_t log, const LogInfo& info) {
  state_->begin_log(log, info);
}
void Appraisal::add(const Batch& batch) {
  state_->add(batch);
}
DiagnosticSink& Appraisal::diagnostics() {
  return state_->pass().sink;
}
void Appraisal::add_damaged(std::size_t log) {
  state_->add_damaged(log);
}
AppraisalReport Appraisal::finish() {
  return state_->finish();
}

}  // namespace mrtool
