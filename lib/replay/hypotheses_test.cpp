// Every hypothesis finds its own fault, and a fault that is none of them is found by none.
#include "lib/replay/hypotheses.hpp"

#include <doctest/doctest.h>

#include "lib/replay/test_log.hpp"

namespace mrtool::replay_test {
namespace {

constexpr HashAlgorithm kBank = HashAlgorithm::sha256;

Explanation explain(const Log& log, std::string_view reg, const Digest& value, HashAlgorithm bank = kBank) {
  const Outcome outcome = run(log);
  Explainer explainer({Puzzle{.key = {reg_of(reg), bank}, .value = value}});
  for (const Record& record : log.records) {
    explainer.add(record);
  }
  auto explanations = explainer.finish(outcome.results);
  REQUIRE(explanations.size() == 1);
  return explanations.front();
}

std::vector<std::string_view> holding(const Explanation& explanation) {
  std::vector<std::string_view> names;
  for (const Hypothesis& hypothesis : explanation.hypotheses) {
    if (hypothesis.holds) {
      names.push_back(hypothesis.name);
    }
  }
  return names;
}

const Hypothesis& named(const Explanation& explanation, std::string_view name) {
  const auto found = std::ranges::find(explanation.hypotheses, name, &Hypothesis::name);
  REQUIRE(found != explanation.hypotheses.end());
  return *found;
}

// Events "a" to "f" into a register.
Log six(std::string_view reg) {
  Log log({kSha1, kBank});
  for (const char* event : {"a", "b", "c", "d", "e", "f"}) {
    log.event(reg, event, {kSha1, kBank});
  }
  return log;
}

Digest fold(Digest value, const std::vector<std::string_view>& events, HashAlgorithm bank = kBank) {
  for (const std::string_view event : events) {
    value = extended(bank, value, event);
  }
  return value;
}

void check_only(const Explanation& explanation, std::string_view name, std::optional<std::uint64_t> record = {}) {
  CAPTURE(name);
  CHECK(holding(explanation) == std::vector<std::string_view>{name});
  CHECK(named(explanation, name).record == record);
  CHECK(explanation.tried > 0);
  CHECK_FALSE(explanation.bounded);
}

TEST_CASE("records dropped, left out, doubled and swapped are found, with their place") {
  const Log log = six("pcr4");
  const Digest start = zeros(32);
  check_only(explain(log, "pcr4", fold(start, {"a", "b", "c", "d"})), "dropped-at-end", 4);
  check_only(explain(log, "pcr4", fold(start, {"a", "c", "d", "e", "f"})), "record-not-extended", 1);
  check_only(explain(log, "pcr4", fold(start, {"a", "b", "c", "c", "d", "e", "f"})), "record-doubled", 2);
  check_only(explain(log, "pcr4", fold(start, {"a", "b", "d", "c", "e", "f"})), "records-swapped", 2);
  check_only(explain(log, "pcr4", fold(start, {"a", "b", "c", "d", "e", "f", "d", "e", "f"})), "final-events-overlap",
             3);
}

TEST_CASE("a log that repeats its end is found") {
  Log log = six("pcr4");
  for (const char* event : {"d", "e", "f"}) {
    log.event("pcr4", event, {kSha1, kBank});
  }
  const auto names = holding(explain(log, "pcr4", fold(zeros(32), {"a", "b", "c", "d", "e", "f"})));
  CHECK(std::ranges::find(names, "final-events-overlap") != names.end());
}

TEST_CASE("where PCR 0 started is found") {
  Log log({kSha1, kBank});
  log.event("pcr0", "a", {kSha1, kBank}).event("pcr0", "b", {kSha1, kBank});
  check_only(explain(log, "pcr0", fold(locality_initial_value(32, 3), {"a", "b"})), "startup-locality");
  check_only(explain(log, "pcr0", fold(locality_initial_value(32, 4), {"a", "b"})), "h-crtm");
  check_only(explain(log, "pcr0", fold(Digest::filled(32, 0xFF), {"a", "b"})), "initial-value");
}

TEST_CASE("a value of another register or bank is found") {
  Log log = six("pcr4");
  log.event("pcr5", "x", {kSha1, kBank});
  check_only(explain(log, "pcr5", fold(zeros(32), {"a", "b", "c", "d", "e", "f"})), "wrong-register");

  Log banks({kBank, HashAlgorithm::sha3_256});
  banks.event("pcr4", "a", {kBank, HashAlgorithm::sha3_256});
  check_only(explain(banks, "pcr4", fold(zeros(32), {"a"}, HashAlgorithm::sha3_256)), "wrong-bank");
}

TEST_CASE("missing events of known content are found") {
  Log log = six("pcr5");
  check_only(explain(log, "pcr5",
                     fold(zeros(32), {"a", "b", "c", "d", "e", "f", "Exit Boot Services Invocation",
                                      "Exit Boot Services Returned with Success"})),
             "exit-boot-services");
  const std::string_view separator("\0\0\0\0", 4);
  check_only(explain(log, "pcr5", fold(zeros(32), {"a", "b", "c", separator, "d", "e", "f"})), "record-missing", 3);
}

TEST_CASE("a separator of another kind is found") {
  Log log = six("pcr4");
  log.separators(4, 4);
  const std::string_view error("\xFF\xFF\xFF\xFF", 4);
  check_only(explain(log, "pcr4", fold(zeros(32), {"a", "b", "c", "d", "e", "f", error})), "separator-variant", 6);
}

TEST_CASE("records that extend nothing, and did, are found") {
  Log log = six("pcr4");
  log.records[2].extends = false;
  const auto names = holding(explain(log, "pcr4", fold(zeros(32), {"a", "b", "c", "d", "e", "f"})));
  CHECK(names == std::vector<std::string_view>{"no-action-extended"});
}

TEST_CASE("padded SHA-1, violations and kernels that started one another are found") {
  Log log = six("pcr10");
  Digest padded = zeros(32);
  for (const char* event : {"a", "b", "c", "d", "e", "f"}) {
    Digest digest = zeros(32);
    const Digest sha1 = hashed(kSha1, event);
    std::ranges::copy(sha1.view(), digest.mutable_view().begin());
    HashEngine().extend(kBank, padded, digest.view());
  }
  check_only(explain(log, "pcr10", padded), "padded-sha1");

  Log violated({kSha1, kBank});
  violated.event("pcr10", "a", {kSha1, kBank}).event("pcr10", "b", {kSha1, kBank});
  violated.records[1].violation = true;
  Digest value = fold(zeros(32), {"a"});
  HashEngine().extend(kBank, value, zeros(32).view());
  check_only(explain(violated, "pcr10", value), "violation-rule");

  Log carried = six("pcr10");
  carried.records[3].starts_instance = true;
  check_only(explain(carried, "pcr10", fold(zeros(32), {"d", "e", "f"})), "trimmed-start", 3);
}

TEST_CASE("a fault of no known kind is explained by none, and how many were tried is said") {
  const Explanation explanation = explain(six("pcr4"), "pcr4", fold(zeros(32), {"x", "y"}));
  CHECK(holding(explanation).empty());
  CHECK(explanation.hypotheses.size() == Explainer::names().size());
  CHECK(explanation.tried > 20);
}

TEST_CASE("a long log is searched as far as time allows") {
  Log log({kBank});
  for (int i = 0; i < 4000; ++i) {
    log.event("pcr10", std::to_string(i), {kBank});
  }
  const Explanation explanation = explain(log, "pcr10", fold(zeros(32), {"x"}));
  CHECK(holding(explanation).empty());
  CHECK(explanation.bounded);
}

}  // namespace
}  // namespace mrtool::replay_test
