#include "formats/tcg/detect.hpp"

#include <doctest/doctest.h>

#include "formats/tcg/test_log.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;

namespace {

const TestDigest kSha384{0x0C, 48};
const TestDigest kSm3{0x12, 32};
constexpr std::string_view kAcpiTable =
    "4343454c380000000184494e54454c2045444b3220202020020000002020202013000001"
    "0200000000000100000000000090647d00000000";

std::string row_of(const Bytes& bytes) {
  const auto found = detect_format({.prefix = bytes, .complete = true});
  return found ? std::string(found->format->name) : "";
}

std::string note_of(const Bytes& bytes) {
  const auto found = detect_format({.prefix = bytes, .complete = true});
  return found ? found->detection.note : "";
}

void check_unknown(ByteView bytes, std::string_view says) {
  const auto found = detect_format({.prefix = bytes, .complete = true});
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::malformed);
  CHECK_MESSAGE(found.error().message.contains(says), found.error().message);
}

}  // namespace

TEST_CASE("the three vectors") {
  CHECK(row_of(*from_hex(kVectorA)) == "tcg2");
  CHECK(row_of(*from_hex(kVectorB)) == "tcg");
  CHECK(row_of(*from_hex(kVectorC)) == "ccel");
  CHECK(detect_format({*from_hex(kVectorC), true})->detection.evidence == "spec-ID event 03 with index 1");
}

TEST_CASE("ccel by its only bank and its indices") {
  CHECK(row_of(LogBuilder().spec_id({kSha384}).agile(4, 4, "x", {kSha384}).take()) == "ccel");
  CHECK(row_of(LogBuilder().spec_id({kSm3}).agile(1, 4, "x", {kSm3}).take()) == "ccel");
  CHECK(row_of(LogBuilder().spec_id({kSha384}).take()) == "ccel");
  CHECK(row_of(LogBuilder().spec_id().agile(4, 4, "x").take()) == "tcg2");
  CHECK(row_of(LogBuilder().spec_id({kSha384, {}}).agile(4, 4, "x", {kSha384, {}}).take()) == "tcg2");
  // Several banks are announced, and one is used.
  CHECK(row_of(LogBuilder().spec_id({kSha384, kSm3}).agile(4, 6, "x", {kSha384}).take()) == "ccel");
}

TEST_CASE("a CC bank with an index beyond the CC registers is tcg2 with a note") {
  const Bytes bytes = LogBuilder().spec_id({kSha384}).agile(1, 4, "x", {kSha384}).agile(7, 4, "x", {kSha384}).take();
  CHECK(row_of(bytes) == "tcg2");
  CHECK(note_of(bytes).contains("sha384"));
  CHECK(note_of(*from_hex(kVectorA)).empty());
}

TEST_CASE("SHA-1 logs by plausibility only") {
  CHECK(row_of(LogBuilder().sha1(0, 3, kLocality3).take()) == "tcg");
  CHECK(row_of(LogBuilder().sha1(0, 3, kSpecId02).take()) == "tcg");
  CHECK(row_of(LogBuilder(ByteOrder::big).sha1(0, 8, "v").sha1(0, 4, "abcd").take()) == "tcg");
  CHECK(row_of(LogBuilder().sha1(0, 0x40E, "").take()) == "tcg");
  CHECK(row_of(LogBuilder().sha1(0, 0x12345, "v").take()).empty());
  CHECK(row_of(LogBuilder().sha1(77, 8, "v").take()).empty());
  CHECK(row_of(LogBuilder().sha1(0, 8, "v").fill(0xEE, 64).take()).empty());
  CHECK(row_of(LogBuilder().sha1(0, 8, "v").fill(0xFF, 64).take()) == "tcg");
}

TEST_CASE("final-events tables") {
  CHECK(row_of(LogBuilder().final_events_header(1).agile(5, 7, "x").take()) == "tcg2");
  CHECK(row_of(LogBuilder().final_events_header(0).take()) == "tcg2");
  CHECK(row_of(LogBuilder().final_events_header(0).fill(0, 100).take()) == "tcg2");
  CHECK(row_of(LogBuilder().final_events_header(~std::uint64_t{0}).agile(5, 7, "x").take()).empty());
}

TEST_CASE("the attestation agent's records without a spec-ID event, by their tag") {
  const Bytes record = *from_hex(kAgentRecord);
  CHECK(row_of(record) == "ccel");
  CHECK(detect_format({record, true})->detection.evidence == "records of the CoCo attestation agent, bank sha384");
  CHECK(row_of(LogBuilder().bytes(record).fill(0xFF, 8).take()) == "ccel");
  // A vTPM's: the index is a PCR.
  constexpr std::string_view data = "LEAA\3\0\0\0a b"sv;
  CHECK(row_of(LogBuilder().agile(17, 6, data).take()) == "tcg2");
  CHECK(row_of(LogBuilder().agile(4, 6, data).take()) == "tcg2");
  CHECK(row_of(LogBuilder().agile(17, 6, data, {kSha384}).take()) == "tcg2");
  CHECK(row_of(LogBuilder().agile(4, 6, data, {kSm3}).take()) == "ccel");
  // Anything else that is not like the agent's.
  CHECK(row_of(LogBuilder().agile(25, 6, data).take()).empty());
  CHECK(row_of(LogBuilder().agile(17, 5, data).take()) != "tcg2");
  CHECK(row_of(LogBuilder().agile(17, 6, "LEAA\4\0\0\0a b"sv).take()).empty());
  CHECK(row_of(LogBuilder().agile(17, 6, "AAEL\3\0\0\0a b"sv).take()).empty());
  CHECK(row_of(LogBuilder().agile(17, 6, data, {{}, {}}).take()).empty());
  CHECK(row_of(LogBuilder().agile(17, 6, data, {{0x99, 32}}).take()).empty());
}

TEST_CASE("an ACPI table is not the log, and says where the log is") {
  const Bytes table = *from_hex(kAcpiTable);
  check_unknown(table, "ACPI CCEL table (CC type TDX, log area of 65536 bytes), not the log itself");
  check_unknown(table, "/sys/firmware/acpi/tables/data/CCEL; give both");
  CHECK(row_of(LogBuilder().bytes(table).bytes(*from_hex(kVectorC)).take()) == "ccel");
  // The table decides even where the log alone would read as tcg2.
  CHECK(row_of(LogBuilder().bytes(table).bytes(*from_hex(kVectorA)).take()) == "ccel");
  CHECK(row_of(LogBuilder().bytes(table).fill(0xFF, 64).take()) == "ccel");
  check_unknown(LogBuilder().bytes(table).bytes(as_bytes("not a log at all, but a text")).take(), "behind the ACPI");
  check_unknown(ByteView(table).first(40), "ACPI");
}

TEST_CASE("what is no log says what it looks like") {
  check_unknown({}, "empty");
  check_unknown(Bytes(100, 0), "all bytes are 00");
  check_unknown(Bytes(100, 0xFF), "all bytes are FF");
  check_unknown(as_bytes("bogus\ninvalid\nevent\nlog\nfile\nhere\n"), "text");
  check_unknown(as_bytes("10 0f0f0f ima-ng sha256:00 boot_aggregate and so on and on\n"), "text");
  check_unknown(*from_hex("7f454c460201010000000000000000000300"), "7f454c46");
}

TEST_CASE("a prefix that is not all of the input is enough") {
  LogBuilder builder;
  builder.spec_id({kSha384});
  for (int i = 0; i < 100; ++i) {
    builder.agile(2, 4, "x", {kSha384});
  }
  const Bytes bytes = builder.take();
  const auto found = detect_format({.prefix = ByteView(bytes).first(1000), .complete = false});
  REQUIRE(found);
  CHECK(found->format->name == "ccel");
}

TEST_CASE("the table of formats") {
  CHECK(find_format("tcg2") != nullptr);
  CHECK(find_format("tcg3") == nullptr);
  CHECK(find_quirk("T01") != nullptr);
  CHECK(find_quirk("T01")->is_tolerance());
  CHECK(find_quirk("X99") == nullptr);
}
