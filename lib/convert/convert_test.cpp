#include <doctest/doctest.h>

#include "lib/convert/collation.hpp"
#include "lib/convert/loss_report.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;

namespace {

Record about(std::string_view reg) {
  Record record;
  record.reg = *parse_register(reg);
  return record;
}

LogInfo log_of(Platform platform, bool runs) {
  LogInfo info;
  info.platform = platform;
  info.grows_at_runtime = runs;
  return info;
}

}  // namespace

TEST_CASE("a loss report gives back what it was told, however much that is") {
  LossReport report(std::make_unique<Spool>("/tmp"));
  constexpr std::uint64_t kCount = 60'000;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    REQUIRE(report.add({.log = i % 3, .record = i, .field = "digest sha1", .reason = std::string(i % 90, 'x')}));
  }
  CHECK(report.size() == kCount);
  for (int pass = 0; pass < 2; ++pass) {
    std::uint64_t next = 0;
    CHECK(report.for_each([&next](const Loss& loss) {
      const Loss expected{
          .log = next % 3, .record = next, .field = "digest sha1", .reason = std::string(next % 90, 'x')};
      CHECK(loss == expected);
      ++next;
    }));
    CHECK(next == kCount);
  }
}

TEST_CASE("a collection begins with a version note and marks where the firmware ended") {
  Collation collation;
  CHECK(*collation.begin_log(log_of(Platform::tdx, false), true) == Note::version);
  CHECK(to_string(collation.note(Note::version).reg) == "mrtd");
  CHECK(*collation.begin_log(log_of(Platform::tdx, false), false) == std::nullopt);
  CHECK(*collation.begin_log(log_of(Platform::tdx, true), false) == Note::firmware_end);
  CHECK(*collation.begin_log(log_of(Platform::tdx, true), false) == std::nullopt);
  const auto late = collation.begin_log(log_of(Platform::tdx, false), false);
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::usage);
}

TEST_CASE("a collection numbers its records per register") {
  Collation collation;
  for (const auto& [name, number] :
       {std::pair("pcr0", 0U), {"pcr7", 0U}, {"pcr0", 1U}, {"nv:0x01c40200", 0U}, {"pcr0", 2U}, {"pcr7", 1U}}) {
    Record record = about(name);
    REQUIRE(collation.admit(record));
    CHECK(record.stated_number == number);
  }
}

TEST_CASE("PCRs and a confidential machine's registers are two collections") {
  Collation collation;
  Record pcr = about("pcr0");
  Record rtmr = about("rtmr2");
  Record nothing = about("-");
  CHECK(collation.admit(pcr));
  CHECK(collation.admit(nothing));
  const auto mixed = collation.admit(rtmr);
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().kind == ErrorKind::unsupported);
}
