#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kSignatureSize = 16;
constexpr std::size_t kPciContextSize = 16;

void pci_context(ByteWriter& writer) {
  writer.u16(0).u16(kPciContextSize).u16(0x8086).u16(0x1572).u8(2).u8(0).u8(0).u8(2).u16(0x8086).u16(7);
}

Bytes version1() {
  ByteWriter writer;
  writer.bytes(as_bytes("SPDM Device Sec\0"sv)).u16(1).u16(28 + 8 + kPciContextSize).u32(2).u32(1);
  writer.u8(1).u8(1).u16(4).fill(0xAA, 4);
  pci_context(writer);
  return writer.take();
}

enum class LengthCounts : std::uint8_t { after_field, all };

Bytes version2(LengthCounts counts, std::uint32_t sub_header_length = 20) {
  constexpr std::uint32_t kAfterLength = 28 + 4 + 20 + kPciContextSize;
  constexpr std::uint32_t kBeforeLength = 24;
  ByteWriter writer;
  writer.bytes(as_bytes("SPDM Device Sec2"sv)).u16(2).u8(0xFF).u8(0);
  writer.u32(counts == LengthCounts::all ? kAfterLength + kBeforeLength : kAfterLength);
  writer.u32(1).u32(0).u32(sub_header_length).u64(0x1122334455667788).u64(4).fill(0x7F, 4);
  writer.u16(0x1200).u8(2).u8(0).u32(2);
  writer.u8(1).u8(1).u16(2).fill(0xAA, 2).u8(2).u8(1).u16(2).fill(0xBB, 2);
  pci_context(writer);
  return writer.take();
}

}  // namespace

TEST_CASE("SPDM version 1 with a PCI device") {
  const Bytes data = version1();
  const Decoded decoded = decode_spdm(EventFixture(data, 2).context());
  CHECK(decoded.kind == "spdm");
  CHECK(decoded.problem == "");
  CHECK(text_of(field(decoded, "device_type")) == "pci");
  CHECK(number_of(field(decoded, "pci_vendor_id")) == 0x8086);
  const auto* blocks = field(decoded, "measurement_blocks").as<Value::List>();
  REQUIRE(blocks != nullptr);
  REQUIRE(blocks->size() == 1);
  CHECK(*(*blocks)[0].find("measurement") == Value(Bytes(4, 0xAA)));
  cut_at_every_byte(decode_spdm, data, 0);
}

TEST_CASE("SPDM version 2 counts its length in either way") {
  for (const LengthCounts counts : {LengthCounts::after_field, LengthCounts::all}) {
    const Bytes data = version2(counts);
    const Decoded decoded = decode_spdm(EventFixture(data, 2).context());
    CHECK(decoded.problem == "");
    CHECK(decoded.summary == "SPDM device measurements: 2 blocks");
    CHECK(text_of(field(decoded, "auth_state")) == "no-spdm");
    CHECK(field(decoded, "device_path") == Value(Bytes(4, 0x7F)));
    CHECK(number_of(field(decoded, "pci_device_id")) == 0x1572);
    cut_at_every_byte(decode_spdm, data, kSignatureSize);
  }
}

TEST_CASE("SPDM length that is neither") {
  Bytes data = version2(LengthCounts::all);
  data[20] ^= 1;
  CHECK(decode_spdm(EventFixture(data).context()).problem.starts_with("the length field says"));
}

TEST_CASE("SPDM sub header that holds more than its length") {
  const Bytes data = version2(LengthCounts::all, 10);
  CHECK(decode_spdm(EventFixture(data).context()).problem == "the sub header holds more than its length says");
}

TEST_CASE("SPDM lengths beyond the event") {
  Bytes data = version2(LengthCounts::all, 0xFFFFFFFF);
  CHECK(decode_spdm(EventFixture(data).context()).problem != "");
  data = version2(LengthCounts::all);
  std::fill_n(data.begin() + 44, 8, std::uint8_t{0xFF});  // device path length
  CHECK(decode_spdm(EventFixture(data).context()).problem != "");
}

TEST_CASE("SPDM sub header of an unknown type is shown as bytes") {
  Bytes data = version2(LengthCounts::all);
  data[28] = 9;
  const Decoded decoded = decode_spdm(EventFixture(data).context());
  CHECK(decoded.problem == "");
  CHECK(decoded.summary == "SPDM sub header of type 9");
  CHECK(field(decoded, "sub_header_data").as<Bytes>()->size() == 20);
}

TEST_CASE("SPDM event with another signature keeps its bytes") {
  const Decoded decoded = decode_spdm(EventFixture("SPDM Device Sec3abc"sv).context());
  CHECK(decoded.problem != "");
  CHECK(field(decoded, "data") == Value(to_bytes(as_bytes("abc"))));
}

}  // namespace mrtool::pcclient
