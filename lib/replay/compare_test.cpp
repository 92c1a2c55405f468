// What replay says when it is given values to compare with.
#include <doctest/doctest.h>

#include "lib/replay/test_log.hpp"

using namespace mrtool;
using namespace mrtool::replay_test;

TEST_CASE("four outcomes: equal, log-ahead, unexplained, differs") {
  Log log({kSha256});
  log.event("pcr1", "a", {kSha256})
      .event("pcr1", "b", {kSha256})
      .event("pcr2", "c", {kSha256})
      .event("pcr3", "d", {kSha256});
  const Digest prefix = extended(kSha256, zeros(32), "a");
  const Outcome outcome = run(log, {values({{"pcr1", kSha256, prefix},
                                            {"pcr2", kSha256, extended(kSha256, zeros(32), "c")},
                                            {"pcr3", kSha256, Digest::filled(32, 1)},
                                            {"pcr4", kSha256, Digest::filled(32, 1)},
                                            {"pcr5", kSha256, zeros(32)}})});
  CHECK(outcome.state("pcr1", kSha256) == MatchState::log_ahead);
  CHECK(outcome.at("pcr1", kSha256).against[0].matched_records == 1);
  CHECK(outcome.state("pcr2", kSha256) == MatchState::equal);
  CHECK(outcome.at("pcr2", kSha256).against[0].matched_records == 1);
  CHECK(outcome.state("pcr3", kSha256) == MatchState::differs);
  CHECK(outcome.state("pcr4", kSha256) == MatchState::unexplained);
  CHECK(outcome.state("pcr5", kSha256) == MatchState::equal);
  CHECK(outcome.at("pcr5", kSha256).against[0].matched_records == 0);
  CHECK(outcome.verdict() == ReplayVerdict::differs);
}

TEST_CASE("the empty prefix is no match: a register that should have left its initial value differs") {
  Log log({kSha256});
  log.event("pcr1", "a", {kSha256}).growing();
  const Outcome outcome = run(log, {values({{"pcr1", kSha256, zeros(32)}})});
  CHECK(outcome.state("pcr1", kSha256) == MatchState::differs);
  CHECK(outcome.verdict() == ReplayVerdict::differs);
}

TEST_CASE("running ahead is a failure of a firmware log, and fine for one that grows") {
  Log log({kSha256});
  log.event("pcr10", "a", {kSha256}).event("pcr10", "b", {kSha256});
  const std::vector<RegisterValues> against{values({{"pcr10", kSha256, extended(kSha256, zeros(32), "a")}})};
  CHECK(run(log, against).verdict() == ReplayVerdict::differs);
  log.growing();
  CHECK(run(log, against).verdict() == ReplayVerdict::equal);
}

TEST_CASE("nothing compared is never equal") {
  Log log({kSha256});
  log.event("pcr1", "a", {kSha256});
  const Digest right = extended(kSha256, zeros(32), "a");
  CHECK(run(log, {values({})}).verdict() == ReplayVerdict::inconclusive);
  CHECK(run(log, {values({{"pcr2", kSha256, zeros(32)}})}).verdict() == ReplayVerdict::inconclusive);
  CHECK(run(log, {values({{"pcr1", kSha1, zeros(20)}})}).verdict() == ReplayVerdict::inconclusive);
  CHECK(run(log, {values({{"rtmr1", kSha256, right}})}).verdict() == ReplayVerdict::inconclusive);
  CHECK(run(Log(), {values({{"pcr1", kSha256, right}})}).verdict() == ReplayVerdict::inconclusive);
  CHECK(run(log, {values({{"pcr1", kSha256, right}, {"pcr2", kSha256, zeros(32)}})}).verdict() == ReplayVerdict::equal);
  CHECK(run(log, {values({{"pcr1", kSha256, right}, {"pcr2", kSha256, right}})}).verdict() == ReplayVerdict::differs);
}

TEST_CASE("a log that extends nothing still shows initial values when asked") {
  Log log({kSha1});
  log.locality(3);
  const Outcome outcome = run(log, {values({{"pcr0", kSha1, locality_initial_value(20, 3)}})});
  CHECK(outcome.state("pcr0", kSha1) == MatchState::equal);
  CHECK(outcome.at("pcr0", kSha1).initial_reason == "StartupLocality 3 in record 0");
  CHECK(outcome.verdict() == ReplayVerdict::inconclusive);
}

TEST_CASE("several sources are told apart") {
  Log log({kSha256});
  log.event("pcr1", "a", {kSha256});
  const Outcome outcome = run(
      log, {values({{"pcr1", kSha256, extended(kSha256, zeros(32), "a")}}), values({{"pcr1", kSha256, zeros(32)}})});
  const auto& against = outcome.at("pcr1", kSha256).against;
  REQUIRE(against.size() == 2);
  CHECK(against[0].source == 0);
  CHECK(against[0].state == MatchState::equal);
  CHECK(against[1].source == 1);
  CHECK(against[1].state == MatchState::differs);
}

TEST_CASE("hint: PCR 0 alone differs and another startup locality would match") {
  Log log({kSha256});
  log.event("pcr0", "a", {kSha256}).event("pcr1", "b", {kSha256});
  const Digest pcr0 = extended(kSha256, locality_initial_value(32, 3), "a");
  const Digest pcr1 = extended(kSha256, zeros(32), "b");
  const Outcome alone = run(log, {values({{"pcr0", kSha256, pcr0}, {"pcr1", kSha256, pcr1}})});
  CHECK(alone.sink.count("startup-locality") == 1);
  CHECK(alone.state("pcr0", kSha256) == MatchState::differs);
  CHECK(alone.verdict() == ReplayVerdict::differs);
  const Outcome both = run(log, {values({{"pcr0", kSha256, pcr0}, {"pcr1", kSha256, pcr0}})});
  CHECK_FALSE(both.sink.has("startup-locality"));
}

TEST_CASE("hint: PCR 5 lacks the Exit Boot Services events") {
  Log log({kSha256});
  log.event("pcr5", "a", {kSha256});
  Digest value = extended(kSha256, zeros(32), "a");
  for (const std::string_view event : {"Exit Boot Services Invocation", "Exit Boot Services Returned with Failure",
                                       "Exit Boot Services Returned with Success"}) {
    value = extended(kSha256, value, event);
  }
  const Outcome outcome = run(log, {values({{"pcr5", kSha256, value}})});
  CHECK(outcome.sink.count("exit-boot-services-missing") == 1);
  CHECK(outcome.state("pcr5", kSha256) == MatchState::differs);
}

TEST_CASE("hint: a firmware log without its separators may have been cut by a full log area") {
  Log cut({kSha256});
  cut.event("pcr2", "a", {kSha256}).separators(0, 5);
  const RegisterValues wrong = values({{"pcr2", kSha256, Digest::filled(32, 1)}});
  CHECK(run(cut, {wrong}).sink.has("log-area-full"));
  cut.separators(6, 6);
  CHECK_FALSE(run(cut, {wrong}).sink.has("log-area-full"));
  Log fine({kSha256});
  fine.event("pcr2", "a", {kSha256});
  CHECK_FALSE(run(fine, {values({{"pcr2", kSha256, extended(kSha256, zeros(32), "a")}})}).sink.has("log-area-full"));
}

TEST_CASE("a spelled-out value of a bank that no log has is inconclusive; one of a file is only warned of") {
  Log log({kSha256});
  log.event("pcr1", "a", {kSha256});
  RegisterValues given = values({{"pcr1", kSha256, extended(kSha256, zeros(32), "a")}, {"pcr1", kSha1, zeros(20)}});
  const Outcome file = run(log, {given});
  CHECK(file.verdict() == ReplayVerdict::equal);
  CHECK(file.sink.count("bank-not-in-log") == 1);
  CHECK(file.results.size() == 1);
  given.kind = "direct";
  const Outcome direct = run(log, {given});
  CHECK(direct.verdict() == ReplayVerdict::inconclusive);
  CHECK(direct.sink.count("bank-not-in-log") == 1);
  CHECK(direct.state("pcr1", kSha1) == MatchState::unexplained);
  CHECK_FALSE(direct.at("pcr1", kSha1).complete);
  // Also for a register that no log is about; and what differs still differs.
  given.values.emplace(RegisterKey{reg_of("pcr4"), kSha384}, Digest::filled(48, 1));
  CHECK(run(log, {given}).verdict() == ReplayVerdict::inconclusive);
  given.values.insert_or_assign(RegisterKey{reg_of("pcr1"), kSha256}, zeros(32));
  CHECK(run(log, {given}).verdict() == ReplayVerdict::differs);
}
