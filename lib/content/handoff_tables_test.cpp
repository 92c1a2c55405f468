#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

const Bytes kSmbios = *from_hex("312d9deb882dd3119a160090273fc14d");
const Bytes kTdHob = *from_hex("af96bb93f2b9b84e9462e0ba74564236");

Bytes one_table(unsigned width) {
  ByteWriter writer;
  if (width == 4) {
    writer.u32(1).bytes(kSmbios).u32(0x7F0000);
  } else {
    writer.u64(1).bytes(kSmbios).u64(0x7F0000);
  }
  return writer.take();
}

}  // namespace

TEST_CASE("handoff table with its known name") {
  const EventFixture event(one_table(8), 1);
  const Decoded decoded = decode_handoff_tables(event.context());
  CHECK(decoded.summary == "SMBIOS");
  CHECK(number_of(field(decoded, "number_of_tables")) == 1);
  const auto* tables = field(decoded, "tables").as<Value::List>();
  REQUIRE(tables != nullptr);
  REQUIRE(tables->size() == 1);
  CHECK(text_of(*tables->front().find("guid")) == "eb9d2d31-2d88-11d3-9a16-0090273fc14d");
  CHECK(*tables->front().find("pointer") == Value::wide_hex(0x7F0000));
  cut_at_every_byte(decode_handoff_tables, event.data, 0);
}

TEST_CASE("handoff tables of 32-bit firmware, as the log states or as only fits") {
  EventFixture event(one_table(4), 1);
  CHECK(decode_handoff_tables(event.context()).problem.empty());
  event.log.uintn_size = 4;
  CHECK(decode_handoff_tables(event.context()).summary == "SMBIOS");
}

TEST_CASE("handoff table count beyond the event lists what is there") {
  Bytes data = one_table(8);
  data[7] = 0x80;
  const EventFixture event(data);
  const Decoded decoded = decode_handoff_tables(event.context());
  CHECK_FALSE(decoded.problem.empty());
  CHECK(field(decoded, "tables").as<Value::List>()->size() == 1);
}

TEST_CASE("handoff tables with a description") {
  ByteWriter writer;
  writer.u8(9).bytes(as_bytes(std::string_view("TdxTable\0", 9))).u64(1).bytes(kTdHob).u64(0x809000);
  const EventFixture event(writer.data());
  const Decoded decoded = decode_handoff_tables2(event.context());
  CHECK(decoded.summary == "TdxTable: TD HOB");
  CHECK(text_of(field(decoded, "description")) == "TdxTable");
  cut_at_every_byte(decode_handoff_tables2, writer.data(), 0);
}

TEST_CASE("table of devices that is not a block of pointers is shown raw") {
  const EventFixture vendor(Bytes(33, 0xC0));
  CHECK(decode_table_of_devices(vendor.context()).kind.empty());
  const EventFixture block(one_table(8));
  CHECK(decode_table_of_devices(block.context()).kind == "table-of-devices");
}

}  // namespace mrtool::pcclient
