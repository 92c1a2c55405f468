#include "lib/replay/hypotheses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/crypto/hash.hpp"
#include "lib/registers/initial.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/known_events.hpp"

namespace mrtool {

namespace {

// A record of the register, as far as hypotheses change how it is extended.
struct Step {
  Digest digest;
  std::uint64_t record = 0;
  bool extends = false;
  bool separator = false;
  bool violation = false;
  bool starts_instance = false;
  Digest sha1;  // empty without one
};

struct Found {
  std::string sentence;
  std::optional<std::uint64_t> record{};
};

// One register's records in one bank, the value that they should lead to, and what is left of the time to try.
class Search {
 public:
  Search(HashEngine& engine, const Puzzle& searched, const std::vector<Step>& given, const Digest& start,
         std::span<const RegisterResult> replayed)
      : puzzle(searched), all(given), initial(start), results(replayed), engine_(engine) {
    std::ranges::copy_if(all, std::back_inserter(steps), &Step::extends);
    prefixes.push_back(initial);
    for (const Step& step : steps) {
      prefixes.push_back(extended(prefixes.back(), step.digest));
    }
  }

  Digest extended(Digest value, const Digest& digest) {
    --left_;
    engine_.extend(puzzle.key.bank, value, digest.view());
    return value;
  }
  // One folding is over.
  bool leads(const Digest& value) {
    ++tried;
    return value == puzzle.value;
  }
  // Is there time for a folding of that many records?
  bool may_fold(std::uint64_t count) {
    const bool enough = left_ >= static_cast<std::int64_t>(count);
    bounded = bounded || !enough;
    return enough;
  }
  void next_hypothesis() { left_ = static_cast<std::int64_t>(Explainer::kOperations); }
  // From a value on, the steps from `first` on, each as `digest_of` has it.
  template <class DigestOf>
  Digest fold(Digest value, std::size_t first, DigestOf digest_of) {
    for (std::size_t i = first; i < steps.size(); ++i) {
      value = extended(value, digest_of(steps[i]));
    }
    return value;
  }
  Digest fold(const Digest& value, std::size_t first) {
    return fold(value, first, [](const Step& step) -> const Digest& { return step.digest; });
  }
  Digest hash(std::string_view content) {
    --left_;
    return engine_.hash(puzzle.key.bank, as_bytes(content));
  }
  std::size_t size() const { return initial.size(); }
  bool is_pcr(std::uint32_t last) const {
    return puzzle.key.reg.kind == RegisterKind::pcr && puzzle.key.reg.index <= last;
  }

  const Puzzle& puzzle;
  const std::vector<Step>& all;  // those that do not extend too
  const Digest& initial;
  std::span<const RegisterResult> results;
  std::vector<Step> steps;       // that extend
  std::vector<Digest> prefixes;  // the value before step i
  std::uint64_t tried = 0;
  bool bounded = false;

 private:
  HashEngine& engine_;
  std::int64_t left_ = static_cast<std::int64_t>(Explainer::kOperations);
};

using Result = std::optional<Found>;

Result other_bank(Search& search) {
  for (const RegisterResult& result : search.results) {
    if (result.reg == search.puzzle.key.reg && result.bank != search.puzzle.key.bank && search.leads(result.value)) {
      return Found{.sentence = fmt::format("the value is that of bank {}", to_string(result.bank))};
    }
  }
  return std::nullopt;
}

Result other_register(Search& search) {
  for (const RegisterResult& result : search.results) {
    if (result.reg != search.puzzle.key.reg && result.bank == search.puzzle.key.bank && result.records != 0 &&
        search.leads(result.value)) {
      return Found{.sentence = fmt::format("the value is that of {}: an index is off", to_string(result.reg))};
    }
  }
  return std::nullopt;
}

Result startup_locality(Search& search) {
  if (!search.is_pcr(0)) {
    return std::nullopt;
  }
  for (const std::uint8_t locality : {std::uint8_t{0}, std::uint8_t{3}}) {
    if (search.may_fold(search.steps.size()) &&
        search.leads(search.fold(locality_initial_value(search.size(), locality), 0))) {
      return Found{.sentence = fmt::format("the TPM was started at locality {}, which the log does not say", locality)};
    }
  }
  return std::nullopt;
}

Result h_crtm(Search& search) {
  constexpr std::uint8_t kHcrtm = 4;
  if (search.is_pcr(0) && search.may_fold(search.steps.size()) &&
      search.leads(search.fold(locality_initial_value(search.size(), kHcrtm), 0))) {
    return Found{.sentence = "an H-CRTM sequence started PCR 0 (locality 4), which the log does not say"};
  }
  return std::nullopt;
}

Result initial_value(Search& search) {
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xFF}}) {
    const Digest start = Digest::filled(search.size(), byte);
    if (start != search.initial && search.may_fold(search.steps.size()) && search.leads(search.fold(start, 0))) {
      return Found{.sentence = fmt::format("the register started at {}", byte == 0 ? "zeros" : "ones")};
    }
  }
  return std::nullopt;
}

Result dropped_at_end(Search& search) {
  for (std::size_t count = search.steps.size(); count-- > 1;) {
    if (search.leads(search.prefixes[count])) {
      return Found{.sentence = fmt::format("only the first {} of {} records were extended, up to record {}", count,
                                           search.steps.size(), search.steps[count - 1].record),
                   .record = search.steps[count].record};
    }
  }
  return std::nullopt;
}

Result exit_boot_services(Search& search) {
  constexpr std::uint32_t kExitPcr = 5;
  if (!search.is_pcr(kExitPcr)) {
    return std::nullopt;
  }
  for (const ExitSequence& sequence : kExitSequences) {
    Digest value = search.prefixes.back();
    for (const std::string_view event : sequence.events) {
      value = event.empty() ? value : search.extended(value, search.hash(event));
    }
    if (search.leads(value)) {
      return Found{.sentence = fmt::format("the log lacks the Exit Boot Services events ({}); they may be in the "
                                           "final-events table",
                                           sequence.name)};
    }
  }
  return std::nullopt;
}

Result padded_sha1(Search& search) {
  const bool all = std::ranges::all_of(search.steps, [](const Step& step) { return step.sha1.size() != 0; });
  if (!all || search.steps.empty() || !search.may_fold(search.steps.size())) {
    return std::nullopt;
  }
  const Digest value = search.fold(search.initial, 0, [&search](const Step& step) {
    Digest padded = Digest::filled(search.size(), 0);
    std::ranges::copy(step.sha1.view(), padded.mutable_view().begin());
    return padded;
  });
  return search.leads(value) ? std::optional(Found{.sentence = "SHA-1 digests, padded with zeros, were extended"})
                             : std::nullopt;
}

Result violation_rule(Search& search) {
  if (std::ranges::none_of(search.steps, &Step::violation) || !search.may_fold(search.steps.size())) {
    return std::nullopt;
  }
  const Digest zeros = Digest::filled(search.size(), 0);
  const Digest value =
      search.fold(search.initial, 0, [&zeros](const Step& step) { return step.violation ? zeros : step.digest; });
  return search.leads(value)
             ? std::optional(
                   Found{.sentence = "violations were extended as the zeros that the list shows, not as ones"})
             : std::nullopt;
}

Result no_action(Search& search) {
  if (std::ranges::all_of(search.all, &Step::extends) || !search.may_fold(search.all.size())) {
    return std::nullopt;
  }
  Digest value = search.initial;
  for (const Step& step : search.all) {
    value = search.extended(value, step.digest);
  }
  return search.leads(value)
             ? std::optional(
                   Found{.sentence = "records that say that they extend nothing (EV_NO_ACTION) were extended"})
             : std::nullopt;
}

Result separator_variant(Search& search) {
  for (std::size_t i = 0; i < search.steps.size(); ++i) {
    if (!search.steps[i].separator) {
      continue;
    }
    for (const std::string_view content : kSeparatorContents) {
      if (!search.may_fold(search.steps.size() - i)) {
        return std::nullopt;
      }
      if (search.leads(search.fold(search.extended(search.prefixes[i], search.hash(content)), i + 1))) {
        return Found{.sentence = fmt::format("the separator was extended as the hash of {}", to_hex(as_bytes(content))),
                     .record = search.steps[i].record};
      }
    }
  }
  return std::nullopt;
}

// A list that was carried over kexec, or whose front the register never saw.
Result trimmed_start(Search& search) {
  for (std::size_t i = 1; i < search.steps.size(); ++i) {
    if (search.steps[i].starts_instance && search.may_fold(search.steps.size() - i) &&
        search.leads(search.fold(search.initial, i))) {
      return Found{.sentence = "the register knows only what came after this start of a kernel",
                   .record = search.steps[i].record};
    }
  }
  return std::nullopt;
}

// The final-events table repeats the end of the log, or the log was joined with it twice.
Result final_events_overlap(Search& search) {
  const std::size_t count = search.steps.size();
  for (std::size_t repeated = 1; repeated <= count; ++repeated) {
    if (!search.may_fold(repeated)) {
      return std::nullopt;
    }
    if (repeated > 1 && search.leads(search.fold(search.prefixes.back(), count - repeated))) {
      return Found{.sentence = fmt::format("the last {} records were extended twice", repeated),
                   .record = search.steps[count - repeated].record};
    }
    const bool same = 2 * repeated <= count &&
                      std::equal(search.steps.end() - static_cast<std::ptrdiff_t>(repeated), search.steps.end(),
                                 search.steps.end() - static_cast<std::ptrdiff_t>(2 * repeated),
                                 [](const Step& a, const Step& b) { return a.digest == b.digest; });
    if (same && search.leads(search.prefixes[count - repeated])) {
      return Found{.sentence = fmt::format("the log repeats its last {} records, which were extended once", repeated),
                   .record = search.steps[count - repeated].record};
    }
  }
  return std::nullopt;
}

Result not_extended(Search& search) {
  for (std::size_t i = search.steps.size(); i-- > 0;) {
    if (!search.may_fold(search.steps.size() - i)) {
      return std::nullopt;
    }
    if (search.leads(search.fold(search.prefixes[i], i + 1))) {
      return Found{.sentence = "this record was not extended", .record = search.steps[i].record};
    }
  }
  return std::nullopt;
}

Result extended_twice(Search& search) {
  for (std::size_t i = search.steps.size(); i-- > 0;) {
    if (!search.may_fold(search.steps.size() - i + 1)) {
      return std::nullopt;
    }
    if (search.leads(search.fold(search.extended(search.prefixes[i + 1], search.steps[i].digest), i + 1))) {
      return Found{.sentence = "this record was extended twice", .record = search.steps[i].record};
    }
  }
  return std::nullopt;
}

Result swapped(Search& search) {
  for (std::size_t i = search.steps.size(); i-- > 1;) {
    if (!search.may_fold(search.steps.size() - i + 1)) {
      return std::nullopt;
    }
    const Digest second = search.extended(search.prefixes[i - 1], search.steps[i].digest);
    if (search.leads(search.fold(search.extended(second, search.steps[i - 1].digest), i + 1))) {
      return Found{
          .sentence = fmt::format("this record and record {} were extended in the other order", search.steps[i].record),
          .record = search.steps[i - 1].record};
    }
  }
  return std::nullopt;
}

// A record that the log lacks, of those whose content is known beforehand.
Result known_missing(Search& search) {
  constexpr std::uint32_t kLastSeparated = 7;
  std::vector<std::pair<std::string, Digest>> candidates;
  if (search.is_pcr(kLastSeparated)) {
    for (const std::string_view content : kSeparatorContents) {
      candidates.emplace_back(fmt::format("a separator of {}", to_hex(as_bytes(content))), search.hash(content));
    }
    candidates.emplace_back("EV_EFI_ACTION 'Calling EFI Application from Boot Option'",
                            search.hash("Calling EFI Application from Boot Option"));
    candidates.emplace_back("EV_EFI_ACTION 'Returning from EFI Application from Boot Option'",
                            search.hash("Returning from EFI Application from Boot Option"));
  }
  for (const auto& [name, digest] : candidates) {
    for (std::size_t i = search.steps.size() + 1; i-- > 0;) {
      if (!search.may_fold(search.steps.size() - i + 1)) {
        return std::nullopt;
      }
      if (search.leads(search.fold(search.extended(search.prefixes[i], digest), i))) {
        const bool last = i == search.steps.size();
        return Found{.sentence = fmt::format("the log lacks {} {}", name, last ? "at its end" : "before this record"),
                     .record = last ? std::nullopt : std::optional(search.steps[i].record)};
      }
    }
  }
  return std::nullopt;
}

struct Row {
  std::string_view name;
  std::string_view supposes;
  Result (*search)(Search&);
  bool needs_records = true;
};

// Cheapest first.
constexpr auto kRows = std::to_array<Row>({
    {"wrong-bank", "the value is of another bank", other_bank, false},
    {"wrong-register", "the value is of another register", other_register, false},
    {"dropped-at-end", "records at the end were not extended", dropped_at_end},
    {"startup-locality", "the TPM was started at another locality", startup_locality},
    {"h-crtm", "an H-CRTM sequence started PCR 0", h_crtm},
    {"initial-value", "the register started at another value", initial_value},
    {"exit-boot-services", "the Exit Boot Services events are missing", exit_boot_services},
    {"padded-sha1", "SHA-1 digests were extended, padded", padded_sha1},
    {"violation-rule", "violations were extended by another rule", violation_rule},
    {"no-action-extended", "records that extend nothing were extended", no_action},
    {"separator-variant", "a separator was another", separator_variant},
    {"trimmed-start", "records at the front were not extended", trimmed_start},
    {"final-events-overlap", "the end of the log is there twice, or was extended twice", final_events_overlap},
    {"record-not-extended", "one record was not extended", not_extended},
    {"record-doubled", "one record was extended twice", extended_twice},
    {"records-swapped", "two neighbouring records were extended in the other order", swapped},
    {"record-missing", "the log lacks a record whose content is known beforehand", known_missing},
});

Digest digest_in(const Record& record, HashAlgorithm bank) {
  for (const DigestEntry& entry : record.digests) {
    if (entry.algorithm == bank && entry.origin != DigestOrigin::alternative && entry.value.size() <= kMaxDigestSize) {
      return Digest(entry.value);
    }
  }
  return {};
}

}  // namespace

struct Explainer::State {
  struct Case {
    Puzzle puzzle;
    std::size_t size = 0;
    std::vector<Step> steps;
    bool overflow = false;
  };
  std::vector<Case> cases;
  HashEngine engine;

  Explanation explain(Case& puzzle, std::span<const RegisterResult> results);
};

Explainer::Explainer(std::vector<Puzzle> puzzles) : state_(std::make_unique<State>()) {
  for (Puzzle& puzzle : puzzles) {
    const HashAlgorithmRow* const row = find_algorithm(puzzle.key.bank);
    if (row != nullptr && HashEngine::can_compute(puzzle.key.bank)) {
      state_->cases.push_back({.puzzle = std::move(puzzle), .size = row->size, .steps = {}, .overflow = false});
    }
  }
}
Explainer::~Explainer() = default;

void Explainer::add(const Record& record) {
  for (State::Case& puzzle : state_->cases) {
    if (puzzle.puzzle.key.reg != record.reg || (!record.extends && record.asserts)) {
      continue;
    }
    Digest digest = digest_in(record, puzzle.puzzle.key.bank);
    if (digest.size() != puzzle.size) {
      continue;
    }
    if (puzzle.steps.size() == kRecords) {
      puzzle.overflow = true;
      puzzle.steps.clear();
    }
    if (puzzle.overflow) {
      continue;
    }
    puzzle.steps.push_back({.digest = digest,
                            .record = record.number,
                            .extends = record.extends,
                            .separator = record.content == ContentType::pcclient && record.type == kSeparatorType,
                            .violation = record.violation,
                            .starts_instance = record.starts_instance,
                            .sha1 = digest_in(record, HashAlgorithm::sha1)});
  }
}

Explanation Explainer::State::explain(Case& puzzle, std::span<const RegisterResult> results) {
  const auto replayed = std::ranges::find_if(results, [&puzzle](const RegisterResult& result) {
    return result.reg == puzzle.puzzle.key.reg && result.bank == puzzle.puzzle.key.bank;
  });
  const Digest initial = replayed == results.end() ? Digest::filled(puzzle.size, 0) : replayed->initial;
  Search search(engine, puzzle.puzzle, puzzle.steps, initial, results);
  Explanation explanation{.puzzle = puzzle.puzzle, .tried = 0, .bounded = false, .hypotheses = {}};
  for (const Row& row : kRows) {
    Hypothesis& hypothesis = explanation.hypotheses.emplace_back();
    hypothesis.name = row.name;
    hypothesis.sentence = row.supposes;
    if (row.needs_records && (search.steps.empty() || puzzle.overflow)) {
      continue;
    }
    search.next_hypothesis();
    if (auto found = row.search(search)) {
      hypothesis.holds = true;
      hypothesis.sentence = std::move(found->sentence);
      hypothesis.record = found->record;
    }
  }
  explanation.tried = search.tried;
  explanation.bounded = search.bounded || puzzle.overflow;
  return explanation;
}

std::vector<Explanation> Explainer::finish(std::span<const RegisterResult> results) {
  std::vector<Explanation> explanations;
  for (State::Case& puzzle : state_->cases) {
    explanations.push_back(state_->explain(puzzle, results));
  }
  return explanations;
}

std::vector<std::string_view> Explainer::names() {
  std::vector<std::string_view> names;
  std::ranges::transform(kRows, std::back_inserter(names), &Row::name);
  return names;
}

}  // namespace mrtool
