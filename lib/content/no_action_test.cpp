#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kSignatureSize = 16;

void short_text(ByteWriter& writer, std::string_view text) {
  writer.u8(static_cast<std::uint8_t>(text.size() + 1)).bytes(as_bytes(text)).u8(0);
}

ByteWriter platform(std::string_view signature) {
  ByteWriter writer;
  writer.bytes(as_bytes(signature)).u32(11129).fill(0xAB, 16);
  short_text(writer, "Example, Inc.");
  short_text(writer, "Example Engine");
  short_text(writer, "1");
  short_text(writer, "Example, Inc.");
  writer.u32(11129);
  short_text(writer, "2.7");
  return writer;
}

Bytes with_locators() {
  ByteWriter writer = platform("SP800-155 Event3"sv);
  const Bytes name = utf16("RimFile");
  writer.u32(1).u32(20).bytes(as_bytes("https://example.org\0"sv));
  writer.u32(3).u32(static_cast<std::uint32_t>(16 + name.size())).fill(0xCD, 16).bytes(name);
  return writer.take();
}

}  // namespace

TEST_CASE("StartupLocality") {
  const EventFixture event("StartupLocality\0\x03"sv);
  const Decoded decoded = decode_no_action(event.context());
  CHECK(decoded.kind == "startup-locality");
  CHECK(decoded.summary == "StartupLocality 3");
  CHECK(number_of(field(decoded, "startup_locality")) == 3);
  CHECK(decoded.problem == "");
}

TEST_CASE("StartupLocality padded by coreboot") {
  Bytes data = to_bytes(as_bytes("StartupLocality\0\x04"sv));
  data.resize(50);
  CHECK(decode_no_action(EventFixture(data).context()).problem == "");
  data.back() = 1;
  CHECK(decode_no_action(EventFixture(data).context()).problem == "33 bytes follow the structure");
}

TEST_CASE("StartupLocality of a locality that no TPM starts at") {
  for (const std::uint8_t locality : {std::uint8_t{0}, std::uint8_t{3}, std::uint8_t{4}}) {
    Bytes data = to_bytes(as_bytes("StartupLocality\0"sv));
    data.push_back(locality);
    CHECK(decode_no_action(EventFixture(data).context()).problem == "");
  }
  const Decoded decoded = decode_no_action(EventFixture("StartupLocality\0\x07"sv).context());
  CHECK(decoded.problem == "expected locality 0, 3 or 4, found 7");
  CHECK(number_of(field(decoded, "startup_locality")) == 7);
}

TEST_CASE("StartupLocality without its locality") {
  CHECK(decode_no_action(EventFixture("StartupLocality\0"sv).context()).problem != "");
}

TEST_CASE("SP800-155 first form") {
  ByteWriter writer;
  writer.bytes(as_bytes("SP800-155 Event\0"sv)).u32(11129).fill(0x11, 16);
  const Decoded decoded = decode_no_action(EventFixture(writer.data()).context());
  CHECK(decoded.kind == "sp800-155");
  CHECK(decoded.summary == "reference manifest 11111111-1111-1111-1111-111111111111 of vendor 11129");
  cut_at_every_byte(decode_no_action, writer.data(), kSignatureSize);
}

TEST_CASE("SP800-155 second form") {
  const Bytes data = platform("SP800-155 Event2"sv).take();
  const Decoded decoded = decode_no_action(EventFixture(data).context());
  CHECK(decoded.problem == "");
  CHECK(decoded.summary == "reference manifest of Example, Inc., Example Engine, firmware 2.7");
  CHECK(text_of(field(decoded, "platform_version")) == "1");
  cut_at_every_byte(decode_no_action, data, kSignatureSize);
}

TEST_CASE("SP800-155 third form with a URI and a UEFI variable") {
  const Bytes data = with_locators();
  const Decoded decoded = decode_no_action(EventFixture(data).context());
  CHECK(decoded.problem == "");
  CHECK(decoded.summary.ends_with("firmware 2.7, https://example.org"));
  CHECK(text_of(field(decoded, "rim_locator_type")) == "uri");
  CHECK(text_of(field(decoded, "rim_locator")) == "https://example.org");
  CHECK(text_of(field(decoded, "platform_certificate_locator_type")) == "uefi-variable");
  const Value& variable = field(decoded, "platform_certificate_locator");
  REQUIRE(variable.find("name") != nullptr);
  CHECK(text_of(*variable.find("name")) == "RimFile");
  CHECK(text_of(*variable.find("guid")) == "cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd");
  cut_at_every_byte(decode_no_action, data, kSignatureSize);
}

TEST_CASE("SP800-155 locators: raw, device path, none, and a variable too short for its GUID") {
  for (const std::uint32_t type : {0U, 2U, 3U, 9U}) {
    ByteWriter writer = platform("SP800-155 Event3"sv);
    writer.u32(type).u32(4).fill(0x7F, 4).u32(0).u32(0);
    const Decoded decoded = decode_no_action(EventFixture(writer.take()).context());
    CAPTURE(type);
    CHECK(decoded.problem == "");
    CHECK(field(decoded, "rim_locator") == Value(Bytes(4, 0x7F)));
    CHECK(decoded.fields.back().name == "platform_certificate_locator_type");
  }
}

TEST_CASE("SP800-155 third form rounded up with zeros") {
  Bytes data = with_locators();
  data.insert(data.end(), 6, 0);
  CHECK(decode_no_action(EventFixture(data).context()).problem == "");
  data.back() = 1;
  CHECK(decode_no_action(EventFixture(data).context()).problem == "6 bytes follow the structure");
}

TEST_CASE("SP800-155 locator that is longer than the event") {
  ByteWriter writer = platform("SP800-155 Event3"sv);
  writer.u32(1).u32(0xFFFFFFFF).u32(0);
  CHECK(decode_no_action(EventFixture(writer.take()).context()).problem != "");
}

TEST_CASE("H-CRTM component with a digest in either byte order") {
  for (const bool big : {false, true}) {
    ByteWriter writer;
    writer.bytes(as_bytes("H-CRTM CompMeas\0"sv));
    short_text(writer, "ACM");
    writer.u8(0).u16(34).u8(big ? 0 : 0x0B).u8(big ? 0x0B : 0).fill(0xEE, 32);
    const Decoded decoded = decode_no_action(EventFixture(writer.data()).context());
    CHECK(decoded.summary == "H-CRTM component: ACM");
    CHECK(text_of(field(decoded, "measurement_format")) == "digest");
    const Value& measurement = field(decoded, "measurement");
    REQUIRE(measurement.find("algorithm") != nullptr);
    CHECK(*measurement.find("algorithm") == Value("sha256"));
    CHECK(*measurement.find("digest") == Value(Bytes(32, 0xEE)));
    cut_at_every_byte(decode_no_action, writer.data(), kSignatureSize);
  }
}

TEST_CASE("H-CRTM component with raw content") {
  ByteWriter writer;
  writer.bytes(as_bytes("H-CRTM CompMeas\0"sv)).u8(0).u8(0x80).u16(3).fill(9, 3);
  const Decoded decoded = decode_no_action(EventFixture(writer.take()).context());
  CHECK(text_of(field(decoded, "measurement_format")) == "raw-content");
  CHECK(field(decoded, "measurement") == Value(Bytes(3, 9)));
}

TEST_CASE("NvIndexDynamic holds a nonce") {
  ByteWriter writer;
  writer.bytes(as_bytes("NvIndexDynamic \0"sv)).u16(1).fill(0, 6).u64(7);
  writer.u16(15).bytes(as_bytes("SPDM CHALLENGE\0"sv)).u16(32).fill(0x42, 32);
  const Decoded decoded = decode_no_action(EventFixture(writer.data()).context());
  CHECK(decoded.kind == "nv-index-dynamic");
  CHECK(decoded.summary == "NV index: SPDM CHALLENGE");
  CHECK(field(decoded, "data") == Value(Bytes(32, 0x42)));
  cut_at_every_byte(decode_no_action, writer.data(), kSignatureSize);
}

TEST_CASE("NvIndexInstance holds a device security event") {
  ByteWriter writer;
  writer.bytes(as_bytes("NvIndexInstance\0"sv)).u16(1).fill(0, 6);
  writer.bytes(as_bytes("SPDM Device Sec2"sv)).u16(2).u8(0).u8(0).u32(28 + 12).u32(0).u32(1).u32(12).u64(5).u64(0);
  writer.u16(0x0102).u8(1).u8(0).u32(2).fill(0x30, 4);
  const Decoded decoded = decode_no_action(EventFixture(writer.data()).context());
  CHECK(decoded.kind == "nv-index-instance");
  CHECK(decoded.problem == "");
  CHECK(decoded.summary == "SPDM certificate chain of slot 1");
  CHECK(text_of(field(decoded, "signature")) == "NvIndexInstance");
  CHECK(text_of(field(decoded, "device_signature")) == "SPDM Device Sec2");
  cut_at_every_byte(decode_no_action, writer.data(), kSignatureSize);
}

TEST_CASE("Windows trust point holds nested items") {
  const Bytes name = utf16("AIK");
  ByteWriter writer;
  writer.u32(0xC0010004).u32(static_cast<std::uint32_t>(8 + name.size()));
  writer.u32(0x80080003).u32(static_cast<std::uint32_t>(name.size())).bytes(name);
  const Decoded decoded = decode_no_action(EventFixture(writer.data()).context());
  CHECK(decoded.kind == "windows-trust-point");
  const auto* items = field(decoded, "items").as<Value::List>();
  REQUIRE(items != nullptr);
  REQUIRE(items->size() == 1);
  const auto* inner = (*items)[0].find("items")->as<Value::List>();
  REQUIRE(inner != nullptr);
  CHECK(*(*inner)[0].find("name") == Value("aik_name"));
  CHECK(*(*inner)[0].find("value") == Value("AIK"));
  cut_at_every_byte(decode_no_action, writer.data(), 4);
}

TEST_CASE("Windows trust point whose sizes are wrong is shown as far as it goes") {
  ByteWriter writer;
  writer.u32(0xC0010004).u32(0x3C9).u32(0).u32(0x80080003);
  const Decoded decoded = decode_no_action(EventFixture(writer.take()).context());
  CHECK(decoded.problem == "the item at byte 0 is cut short");
}

TEST_CASE("unknown signature is shown beside its bytes") {
  const Decoded decoded = decode_no_action(EventFixture("New Event 2031\0\0\x01\x02"sv).context());
  CHECK(decoded.kind == "no-action");
  CHECK(decoded.summary == "New Event 2031");
  CHECK(field(decoded, "data") == Value(Bytes{1, 2}));
}

TEST_CASE("no-action record that is text, bytes or nothing") {
  CHECK(decode_no_action(EventFixture("just a remark"sv).context()).kind == "text");
  CHECK(decode_no_action(EventFixture(Bytes{1, 2, 3, 4, 5}).context()).kind.empty());
  CHECK(decode_no_action(EventFixture(Bytes{}).context()).kind.empty());
}

}  // namespace mrtool::pcclient
