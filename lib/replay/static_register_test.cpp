// Static registers whose values a TSM log states (format notes, 8.3): registers of their own beside the one of the log.
#include <doctest/doctest.h>

#include "lib/replay/tsm_test_log.hpp"

using namespace mrtool;
using namespace mrtool::replay_test;

namespace {

constexpr std::string_view kReg = "rtmr3";
constexpr std::string_view kStatic = "mr:mr_policy";
const Digest kValue = hashed(kSha256, "the policy");
const Digest kOther = hashed(kSha256, "another policy");

std::string static_line(std::string_view digest) {
  return "kernel.org/tsm/static_mr mr_policy " + std::string(digest) + "\n";
}

// `lines` behind a first SYNC; `given` is compared with the static register.
Outcome replayed(const std::string& lines, const std::optional<Digest>& given = std::nullopt) {
  return replay_against(kStatic, kSha256, given, TsmLog(kReg, kSha384, sync_line(kSha384, zeros(48)) + "\n" + lines));
}

}  // namespace

TEST_CASE("the value is the stated one, whatever the bank of the log, and is carried by its register") {
  const Outcome outcome = replayed(static_line("sha256/" + kValue.hex()));
  const RegisterResult& result = outcome.at(kStatic, kSha256);
  CHECK(result.value == kValue);
  CHECK(result.records == 1);
  CHECK(result.carried_by == kReg);
  CHECK(result.initial_reason == "static, stated in record 1");
  CHECK(outcome.results.size() == 2);
  // The line itself is measured as any other.
  CHECK(outcome.at(kReg, kSha384).records == 2);
  CHECK(outcome.sink.all().empty());
}

TEST_CASE("bare hexadecimal is of the bank that has its size") {
  CHECK(replayed(static_line(kValue.hex())).at(kStatic, kSha256).value == kValue);
  const Digest longer = hashed(kSha384, "the policy");
  CHECK(replayed(static_line(longer.hex())).at(kStatic, kSha384).value == longer);
  CHECK(replayed(static_line(longer.hex())).find(kStatic, kSha256) == nullptr);
}

TEST_CASE("a name that is stated again is told, and keeps its first value") {
  for (const Digest& second : {kValue, kOther}) {
    const Outcome outcome = replayed(static_line("sha256/" + kValue.hex()) + static_line(second.hex()));
    CHECK(outcome.at(kStatic, kSha256).value == kValue);
    CHECK(outcome.sink.count("static-register-left-out") == 1);
    CHECK(outcome.at(kReg, kSha384).records == 3);
  }
}

TEST_CASE("a later extend of a static register is refused, and so is its value behind an extend") {
  const std::string extend = "mr_policy extend sha256/" + kOther.hex() + "\n";
  const Outcome later = replayed(static_line("sha256/" + kValue.hex()) + extend, kValue);
  CHECK(later.at(kStatic, kSha256).value == kValue);
  CHECK(later.state(kStatic, kSha256) == MatchState::equal);
  CHECK(later.sink.count("static-register-extended") == 1);

  const Outcome before = replayed(extend + static_line("sha256/" + kValue.hex()));
  CHECK(before.at(kStatic, kSha256).value != kValue);
  CHECK(before.sink.count("static-register-left-out") == 1);
}

TEST_CASE("a given value is compared with the stated one") {
  const std::string line = static_line("sha256/" + kValue.hex());
  CHECK(replayed(line, kValue).state(kStatic, kSha256) == MatchState::equal);
  CHECK(replayed(line, kOther).state(kStatic, kSha256) == MatchState::differs);
  CHECK(replayed(line, kOther).verdict() == ReplayVerdict::differs);
  // Zeros are what an extendable register starts at; a static one never held them.
  CHECK(replayed(line, zeros(32)).state(kStatic, kSha256) == MatchState::differs);
  const TsmLog log(kReg, kSha384, sync_line(kSha384, zeros(48)) + "\n" + line);
  CHECK(replay_against("mr:mr_policy@rtmr3", kSha256, kValue, log).state(kStatic, kSha256) == MatchState::equal);
}

TEST_CASE("what is no digest, or of an algorithm without a bank, is a line like others") {
  for (const std::string& digest : std::vector<std::string>{"sha256/00", "00", "sha9/" + kValue.hex()}) {
    CAPTURE(digest);
    const Outcome outcome = replayed(static_line(digest));
    CHECK(outcome.results.size() == 1);
    CHECK(outcome.at(kReg, kSha384).records == 2);
  }
}
