#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/verify/policy_state.hpp"

namespace mrtool {

namespace {

using policy::Chain;
using policy::Conclusion;
using policy::Expect;
using policy::Found;
using policy::Phase;
using policy::Place;
using policy::RecordView;
using policy::Rule;
using policy::RuleState;
using policy::Tally;

constexpr std::array<std::array<std::uint8_t, 4>, 2> kSeparators{{{0, 0, 0, 0}, {0xFF, 0xFF, 0xFF, 0xFF}}};
constexpr std::array<std::uint8_t, 4> kErrorSeparator{1, 0, 0, 0};

enum class Mark : std::uint8_t { none, separator, error };

// The digests of separators in one bank.
struct Marks {
  Marks(HashEngine& engine, HashAlgorithm bank)
      : separators{engine.hash(bank, kSeparators[0]), engine.hash(bank, kSeparators[1])},
        error(engine.hash(bank, kErrorSeparator)) {}

  // By the digest alone: what a log calls a separator, and what it does not, is its own affair.
  Mark of(ByteView digest) const {
    const auto same = [&](const Digest& mark) { return equal(mark.view(), digest); };
    return std::ranges::any_of(separators, same) ? Mark::separator : same(error) ? Mark::error : Mark::none;
  }

  std::array<Digest, 2> separators;
  Digest error;
};

bool is_measured(const RecordView& view) {
  const Record& record = view.record();
  return record.extends && record.reg.kind != RegisterKind::none && record.reg.kind != RegisterKind::invalid;
}

bool reads_measured_bytes(const std::vector<policy::FieldPattern>& patterns) {
  return std::ranges::any_of(patterns, [](const auto& field) { return field.path.front() == policy::kMeasured; });
}

bool reads_measured_bytes(const Rule& rule) {
  const auto step = [](const policy::Step& item) {
    return reads_measured_bytes(item.select.where) || reads_measured_bytes(item.expected.where);
  };
  return reads_measured_bytes(rule.select.where) || reads_measured_bytes(rule.expected.where) ||
         std::ranges::any_of(rule.steps, step);
}

bool is_about_ima(const policy::Criteria& criteria) {
  return std::ranges::find(criteria.readings, ContentType::ima_template, &policy::Reading::content) !=
         criteria.readings.end();
}

// The record as those see it who look for entries of IMA lists, or for others.
RecordView& seen_by(const policy::Criteria& criteria, RecordView& view) {
  RecordView* const entry = is_about_ima(criteria) ? view.ima_entry() : nullptr;
  return entry == nullptr ? view : *entry;
}

// Of a rule on the boot phase, records before the first separator count for it; records that may break it, as long as
// another separator follows.
bool counts_in(Phase phase, std::uint64_t separators_before) {
  return phase == Phase::any || (phase == Phase::before_separator) == (separators_before == 0);
}

}  // namespace

namespace policy {

bool selects(const Rule& rule, const Register& reg, HashAlgorithm bank) {
  if (rule.bank != HashAlgorithm::none && rule.bank != bank) {
    return false;
  }
  if (!rule.virtual_register.empty()) {
    return reg.kind == RegisterKind::virtual_mr && reg.name == rule.virtual_register;
  }
  return !rule.registers || rule.registers->contains(reg, bank);
}

}  // namespace policy

struct PolicyRun::State {
  explicit State(std::shared_ptr<const Policy> given) : policy(std::move(given)) {
    for (const Rule& rule : policy->rules) {
      rules.push_back({.rule = &rule, .tallies = {}});
      wants_measured = wants_measured || reads_measured_bytes(rule);
    }
  }

  void add(const JudgedRecord& judged) {
    RecordView view(judged, engine, wants_measured);
    if (!is_measured(view)) {
      return;
    }
    const auto digests = view.record().digests;
    std::set<HashAlgorithm> seen;
    for (std::size_t i = 0; i < digests.size(); ++i) {
      const HashAlgorithmRow* row = find_algorithm(digests[i].algorithm);
      const bool usable = row != nullptr && digests[i].value.size() == row->size &&
                          i < judged.judgement->digests.size() && HashEngine::can_compute(row->id) &&
                          digests[i].origin != DigestOrigin::alternative;
      if (usable && seen.insert(row->id).second) {
        add(view, i);
      }
    }
  }

  void add(RecordView& view, std::size_t digest) {
    const Record& record = view.record();
    const DigestEntry& entry = record.digests[digest];
    const RegisterKey key{record.reg, entry.algorithm};
    if (chains.size() >= limits::kListedItems && !chains.contains(key)) {
      overflow = true;
      return;
    }
    Chain& chain = chains[key];
    const Place place{.log = view.judged().log,
                      .record = record.number,
                      .offset = record.offset,
                      .least = chain.least,
                      .most = chain.most,
                      .separators = chain.separators};
    const Mark mark = marks.try_emplace(entry.algorithm, engine, entry.algorithm).first->second.of(entry.value);
    for (RuleState& state : rules) {
      if (policy::selects(*state.rule, record.reg, entry.algorithm)) {
        Tally& tally = state.tallies[key];
        if (state.rule->phase == Phase::any || mark == Mark::none) {
          count(*state.rule, tally, view, digest, place);
        }
      }
    }
    advance(chain, record.tentative, mark);
  }

  static void advance(Chain& chain, bool tentative, Mark mark) {
    if (mark == Mark::separator && !chain.separator && !tentative) {
      chain.separator = chain.most;
    }
    if (mark == Mark::error && !chain.error_separator) {
      chain.error_separator = chain.least;
    }
    chain.separators += mark == Mark::none ? 0 : 1;
    chain.least += tentative ? 0 : 1;
    ++chain.most;
  }

  static void count(const Rule& rule, Tally& tally, RecordView& view, std::size_t digest, const Place& place) {
    const bool happened = !view.record().tentative;
    if (rule.expect == Expect::ordered) {
      const bool next = tally.steps < rule.steps.size() && happened && counts_in(rule.phase, place.separators) &&
                        seen_by(rule.steps[tally.steps].select, view).meets(rule.steps[tally.steps], digest);
      if (next) {
        ++tally.steps;
        tally.steps_done = place.most;
      }
      return;
    }
    if (rule.phase == Phase::after_separator && place.separators == 0) {
      return;
    }
    const Found found = seen_by(rule.select, view).find(rule, digest);
    if (counts_in(rule.phase, place.separators)) {
      if (found.meets && happened && !tally.meets) {
        tally.meets = place;
      }
      if ((found.meets || found.claims) && !tally.claims) {
        tally.claims = place;
      }
    }
    if (found.breaks == policy::Answer::unknown && !tally.unknown) {
      tally.unknown = place;
    }
    if (found.breaks == policy::Answer::yes && tally.breaks.size() < Tally::kExamples) {
      tally.breaks.push_back(place);
    }
  }

  std::shared_ptr<const Policy> policy;
  bool wants_measured = false;
  HashEngine engine;
  std::map<HashAlgorithm, Marks> marks;
  policy::Chains chains;
  std::vector<RuleState> rules;
  bool overflow = false;  // more registers than are kept
};

PolicyRun::PolicyRun(std::shared_ptr<const Policy> policy) : state_(std::make_unique<State>(std::move(policy))) {}
PolicyRun::~PolicyRun() = default;
PolicyRun::PolicyRun(PolicyRun&&) noexcept = default;
PolicyRun& PolicyRun::operator=(PolicyRun&&) noexcept = default;

void PolicyRun::add(const JudgedRecord& record) {
  state_->add(record);
}

policy::Progress PolicyRun::progress() const {
  policy::Progress made{.chains = state_->chains, .rules = {}, .overflow = state_->overflow};
  for (const RuleState& rule : state_->rules) {
    made.rules.push_back(rule.tallies);
  }
  return made;
}

bool PolicyRun::take_up(const policy::Progress& from) {
  const bool fits =
      from.rules.size() == state_->rules.size() && std::ranges::all_of(from.rules, [&from](const auto& tallies) {
        return std::ranges::all_of(tallies, [&from](const auto& entry) { return from.chains.contains(entry.first); });
      });
  if (!fits) {
    return false;
  }
  state_->chains = from.chains;
  state_->overflow = from.overflow;
  for (std::size_t i = 0; i < from.rules.size(); ++i) {
    state_->rules[i].tallies = from.rules[i];
  }
  return true;
}

namespace {

// Tells a conclusion as a check and findings.
class Teller {
 public:
  void tell(const std::string& name, bool warn, const Conclusion& conclusion) {
    outcome.checks.push_back(
        {.name = name,
         .verdict = warn && conclusion.verdict != Verdict::pass ? Verdict::skipped : conclusion.verdict,
         .detail =
             warn && conclusion.verdict != Verdict::pass ? "only warns: " + conclusion.detail : conclusion.detail});
    if (conclusion.verdict == Verdict::pass) {
      return;
    }
    Finding finding;
    finding.severity = warn ? Severity::warning : Severity::error;
    finding.effect = warn ? Verdict::pass : conclusion.verdict;
    finding.code = conclusion.verdict == Verdict::fail ? "policy-unmet" : "policy-inconclusive";
    finding.reg = conclusion.reg;
    finding.bank = conclusion.bank;
    finding.message = fmt::format("{}: {}", name, conclusion.detail);
    outcome.findings.push_back(finding);
    for (const Place& place : conclusion.breaks) {
      finding.severity = Severity::note;
      finding.effect = Verdict::pass;
      finding.code = "policy-record";
      finding.log = place.log;
      finding.record = place.record;
      finding.offset = place.offset;
      finding.message = fmt::format("{}: this record breaks the rule", name);
      outcome.findings.push_back(finding);
    }
  }

  PolicyRun::Outcome outcome;
};

}  // namespace

PolicyRun::Outcome PolicyRun::finish(std::span<const RegisterResult> registers, const BoundRecords& bound) {
  Teller teller;
  for (const policy::Reference& reference : state_->policy->references) {
    for (const Conclusion& conclusion : policy::conclude(reference, registers, bound)) {
      teller.tell(reference.name, reference.warn, conclusion);
    }
  }
  for (const RuleState& rule : state_->rules) {
    const Conclusion conclusion =
        state_->overflow
            ? Conclusion{.verdict = Verdict::inconclusive,
                         .detail = fmt::format("the logs extend more than {} registers, too many to follow",
                                               limits::kListedItems),
                         .reg = {},
                         .bank = {},
                         .breaks = {}}
            : policy::conclude(rule, state_->chains, registers, bound);
    teller.tell(rule.rule->name, rule.rule->warn, conclusion);
  }
  return std::move(teller.outcome);
}

}  // namespace mrtool
