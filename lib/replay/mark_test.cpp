// Statements of a register's value that are not measured themselves: the marks of a log that is kept beside a PCR.
#include "lib/replay/test_log.hpp"

namespace mrtool::replay_test {
namespace {

// A record that states the value and extends nothing.
Log& mark(Log& log, std::string_view reg, HashAlgorithm bank, const Digest& value) {
  log.record(reg, {}).asserting(AssertionKind::present, bank, value);
  log.records.back().extends = false;
  log.records.back().content = ContentType::tsm;
  log.records.back().type = static_cast<std::uint32_t>(TsmLine::sync);
  return log;
}

// An event whose text is a line, as a TSM log's.
Log& line(Log& log, std::string_view reg, std::string_view text) {
  log.event(reg, text, {kSha256});
  log.records.back().content = ContentType::tsm;
  log.records.back().type = static_cast<std::uint32_t>(TsmLine::record);
  return log;
}

RegisterResult result(const std::vector<const Log*>& logs, const Digest& value) {
  return run(logs, {values({{"pcr8", kSha256, value}})}).at("pcr8", kSha256);
}

TEST_CASE("a mark that states what the log before it leads to changes nothing") {
  Log firmware;
  firmware.event("pcr8", "grub", {kSha256});
  const Digest left = extended(kSha256, zeros(32), "grub");
  Log kept;
  mark(kept.growing(), "pcr8", kSha256, left);
  line(kept, "pcr8", "one");
  const Digest now = extended(kSha256, left, "one");
  const RegisterResult found = result({&firmware, &kept}, now);
  CHECK(found.log_verdict == LogVerdict::complete);
  CHECK(found.value == now);
  CHECK(found.gaps.empty());
}

TEST_CASE("a mark that differs at the start of its log: how the register got there is not known") {
  Log firmware;
  firmware.event("pcr8", "grub", {kSha256});
  const Digest left = Digest::filled(32, 9);
  Log kept;
  mark(kept.growing(), "pcr8", kSha256, left);
  line(kept, "pcr8", "one");
  const Digest now = extended(kSha256, left, "one");
  CHECK(result({&firmware, &kept}, now).log_verdict == LogVerdict::tail_only);
  // Without the firmware's log.
  const RegisterResult alone = result({&kept}, now);
  CHECK(alone.log_verdict == LogVerdict::tail_only);
  CHECK(alone.initial_claimed);
  CHECK(alone.value == now);
  CHECK(result({&firmware, &kept}, zeros(32)).log_verdict == LogVerdict::fail);
}

TEST_CASE("a mark that differs behind records of its log is a gap, whatever the records are") {
  for (const bool lines : {false, true}) {
    CAPTURE(lines);
    const auto event = [lines](Log& log, std::string_view text) {
      lines ? line(log, "pcr8", text) : log.event("pcr8", text, {kSha256});
    };
    Log kept;
    event(kept.growing(), "one");
    const Digest left = Digest::filled(32, 9);
    mark(kept, "pcr8", kSha256, left);
    event(kept, "two");
    event(kept, "three");
    const Digest now = extended(kSha256, extended(kSha256, left, "two"), "three");
    const RegisterResult found = result({&kept}, now);
    CHECK(found.log_verdict == LogVerdict::gap);
    REQUIRE(found.gaps.size() == 1);
    CHECK(found.gaps[0].stated == left);
    // Without a value to compare with the log leads to the same.
    const Outcome computed = run(kept);
    CHECK(computed.at("pcr8", kSha256).value == now);
    // And another behind it.
    mark(kept, "pcr8", kSha256, Digest::filled(32, 11));
    event(kept, "four");
    const Digest later = extended(kSha256, Digest::filled(32, 11), "four");
    CHECK(result({&kept}, later).log_verdict == LogVerdict::gap);
    CHECK(run(kept).at("pcr8", kSha256).value == later);
    CHECK(run(kept).at("pcr8", kSha256).gaps.size() == 2);
  }
}

TEST_CASE("a mark alone leads to the value that it states") {
  Log kept;
  mark(kept.growing(), "pcr8", kSha256, Digest::filled(32, 9));
  CHECK(run(kept).at("pcr8", kSha256).value == Digest::filled(32, 9));
  CHECK(result({&kept}, Digest::filled(32, 9)).log_verdict == LogVerdict::tail_only);
}

}  // namespace
}  // namespace mrtool::replay_test
