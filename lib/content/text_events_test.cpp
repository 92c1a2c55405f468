#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

std::vector<DigestEntry> entries(ByteView first, ByteView second) {
  return {{HashAlgorithm::sha256, first}, {HashAlgorithm::sha1, second}};
}

}  // namespace

TEST_CASE("action text loses its NULs at the end only") {
  const EventFixture event(std::string_view("one\0two\0\0", 9));
  const Decoded decoded = decode_text(event.context());
  CHECK(decoded.kind == "text");
  CHECK(text_of(field(decoded, "text")) == std::string("one\0two", 7));
  CHECK(decoded.fields[0].range == ByteRange{0, 9});
}

TEST_CASE("action text with a control character is still text") {
  const EventFixture event("Wake Event \x06");
  CHECK(decode_text(event.context()).summary == "Wake Event \x06");
}

TEST_CASE("action of bytes that are no text is shown raw") {
  const EventFixture event(Bytes{0xFF, 0xFF, 0xFF, 0xFF});
  CHECK(decode_text(event.context()).kind.empty());
}

TEST_CASE("action without data") {
  const EventFixture event(Bytes{});
  CHECK(decode_text(event.context()).summary.empty());
}

TEST_CASE("action of ordinary firmware must have the digest of its text") {
  const EventFixture event("Start Option ROM Scan", 2);
  CHECK(action_otherwise(event.context()) == Otherwise::differs);
}

TEST_CASE("action with coreboot's padded label measures what it names") {
  std::string label = "FMAP: COREBOOT CBFS: fallback/romstage";
  label.resize(50);
  CHECK(action_otherwise(EventFixture(label).context()) == Otherwise::unverifiable);
  label.resize(49);
  CHECK(action_otherwise(EventFixture(label).context()) == Otherwise::differs);
  CHECK(action_otherwise(EventFixture(Bytes(50, 0)).context()) == Otherwise::differs);
}

TEST_CASE("action of POWER firmware extends one value into every bank") {
  EventFixture event("BOOTKERNEL", 4);
  Bytes wide(32, 0x5A);
  const Bytes narrow(20, 0x5A);
  auto digests = entries(wide, narrow);
  event.record.digests = digests;
  CHECK(action_otherwise(event.context()) == Otherwise::unverifiable);
  wide[3] = 1;
  CHECK(action_otherwise(event.context()) == Otherwise::differs);
}

TEST_CASE("action of POWER firmware with one bank pads its value with zeros") {
  EventFixture event("PVR of Chip", 1);
  Bytes value(32, 0);
  value[1] = 0x4D;
  const std::vector<DigestEntry> digests = {{HashAlgorithm::sha256, value}};
  event.record.digests = digests;
  CHECK(action_otherwise(event.context()) == Otherwise::unverifiable);
  value[31] = 1;
  CHECK(action_otherwise(event.context()) == Otherwise::differs);
}

}  // namespace mrtool::pcclient
