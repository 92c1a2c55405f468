#include "lib/content/spec_id.hpp"

#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kSignatureSize = 16;

ByteWriter agile_header(std::string_view signature = "Spec ID Event03\0"sv) {
  ByteWriter writer;
  writer.bytes(as_bytes(signature)).u32(1).u8(0).u8(2).u8(105).u8(2);
  return writer;
}

Bytes agile(ByteView vendor = {}) {
  ByteWriter writer = agile_header();
  writer.u32(2).u16(0x04).u16(20).u16(0x0B).u16(32).u8(static_cast<std::uint8_t>(vendor.size())).bytes(vendor);
  return writer.take();
}

}  // namespace

TEST_CASE("spec ID 03 names its banks") {
  const EventFixture event(agile());
  const Decoded decoded = decode_no_action(event.context());
  CHECK(decoded.kind == "spec-id");
  CHECK(decoded.problem == "");
  CHECK(decoded.summary == "Spec ID Event03: sha1, sha256");
  CHECK(text_of(field(decoded, "signature")) == "Spec ID Event03");
  CHECK(number_of(field(decoded, "platform_class")) == 1);
  CHECK(number_of(field(decoded, "spec_version_major")) == 2);
  CHECK(number_of(field(decoded, "spec_version_minor")) == 0);
  CHECK(number_of(field(decoded, "spec_errata")) == 105);
  CHECK(number_of(field(decoded, "uintn_size")) == 2);
  CHECK(number_of(field(decoded, "number_of_algorithms")) == 2);
  CHECK(number_of(field(decoded, "vendor_info_size")) == 0);
  const auto* algorithms = field(decoded, "algorithms").as<Value::List>();
  REQUIRE(algorithms != nullptr);
  REQUIRE(algorithms->size() == 2);
  CHECK(*(*algorithms)[1].find("algorithm") == Value("sha256"));
  CHECK(*(*algorithms)[1].find("digest_size") == Value::number(32));
}

TEST_CASE("spec ID 03 with a vendor's name") {
  const EventFixture event(agile(as_bytes("td-shim")));
  const Decoded decoded = decode_no_action(event.context());
  CHECK(decoded.summary == "Spec ID Event03: sha1, sha256, vendor td-shim");
  CHECK(field(decoded, "vendor_info") == Value(to_bytes(as_bytes("td-shim"))));
  CHECK(text_of(field(decoded, "vendor")) == "td-shim");
}

TEST_CASE("spec ID 03 with coreboot's block") {
  ByteWriter block;
  block.u8(0).u8(1).u8(0).u32(0x32544243).u16(64).u16(12).u32(110);
  const EventFixture event(agile(block.data()));
  const Decoded decoded = decode_no_action(event.context());
  CHECK(decoded.summary == "Spec ID Event03: sha1, sha256, vendor coreboot");
  const Value* used = field(decoded, "coreboot").find("num_entries");
  REQUIRE(used != nullptr);
  CHECK(*used == Value::number(12));
}

TEST_CASE("spec ID 03 whose vendor information lies behind the event") {
  Bytes data = agile(as_bytes("abcd"));
  const Bytes suffix(data.end() - 4, data.end());
  data.resize(data.size() - 4);
  EventFixture event(data);
  event.record.suffix = suffix;
  const Decoded decoded = decode_no_action(event.context());
  CHECK(decoded.problem == "the vendor information lies behind the stated end of the event");
  CHECK(field(decoded, "vendor_info") == Value(suffix));
}

TEST_CASE("spec ID 02 and 00 have no algorithm table") {
  for (const auto signature : {"Spec ID Event02\0"sv, "Spec ID Event00\0"sv}) {
    ByteWriter writer = agile_header(signature);
    writer.u8(0);
    const EventFixture event(writer.take());
    const Decoded decoded = decode_no_action(event.context());
    CHECK(decoded.problem == "");
    CHECK(decoded.summary == signature.substr(0, 15));
    CHECK(field(decoded, signature[14] == '2' ? "uintn_size" : "reserved") == Value::number(2));
  }
}

TEST_CASE("spec ID stand-in has zeros for its signature") {
  ByteWriter writer;
  writer.fill(0, 24).u32(2).u16(0x0C).u16(48).u16(0x12).u16(32).u8(0);
  const EventFixture event(writer.data());
  const Decoded decoded = decode_no_action(event.context());
  CHECK(decoded.kind == "spec-id");
  CHECK(decoded.problem == "");
  CHECK(decoded.summary == "spec ID without signature: sha384, sm3_256");
  Bytes longer = writer.data();
  longer.push_back(0);
  CHECK(!is_spec_id(longer));
  CHECK(!is_spec_id(Bytes(29, 0)));
}

TEST_CASE("spec ID with bytes behind its end") {
  Bytes data = agile();
  data.push_back(1);
  CHECK(decode_no_action(EventFixture(data).context()).problem == "1 bytes follow the structure");
}

TEST_CASE("spec ID with an algorithm of unknown number keeps it") {
  ByteWriter writer = agile_header();
  writer.u32(1).u16(0x7777).u16(9).u8(0);
  CHECK(decode_no_action(EventFixture(writer.take()).context()).summary == "Spec ID Event03: 0x7777");
}

TEST_CASE("spec ID that promises four billion algorithms") {
  ByteWriter writer = agile_header();
  writer.u32(0xFFFFFFFF).u16(0x0B).u16(32).u8(0);
  const Decoded decoded = decode_no_action(EventFixture(writer.take()).context());
  CHECK(decoded.problem != "");
  CHECK(field(decoded, "algorithms").as<Value::List>()->size() == 1);
}

TEST_CASE("spec ID cut at every byte") {
  cut_at_every_byte(decode_no_action, agile(as_bytes("IBM")), kSignatureSize);
}

}  // namespace mrtool::pcclient
