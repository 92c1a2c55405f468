#include "lib/content/firmware.hpp"

#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

Bytes blob(std::uint64_t base, std::uint64_t length) {
  return ByteWriter().u64(base).u64(length).take();
}

Bytes td_shim_block(std::string_view descriptor, std::uint32_t stated, const Bytes& info) {
  ByteWriter writer;
  writer.bytes(as_bytes(descriptor)).fill(0, 16 - descriptor.size()).u32(stated).bytes(info);
  return writer.take();
}

}  // namespace

TEST_CASE("firmware blob of base and length") {
  const EventFixture event(blob(0xFF820000, 0x7E0000));
  const Decoded decoded = decode_firmware_blob(event.context());
  CHECK(decoded.kind == "firmware-blob");
  CHECK(field(decoded, "blob_base") == Value::wide_hex(0xFF820000));
  CHECK(field(decoded, "blob_length") == Value::wide_hex(0x7E0000));
  CHECK(decoded.summary == "8257536 bytes at 0xff820000");
  CHECK(decoded.problem.empty());
}

TEST_CASE("firmware blob with fewer or more than sixteen bytes is reported and shown") {
  const EventFixture shorter(Bytes(15, 0xA5));
  CHECK(decode_firmware_blob(shorter.context()).problem == "16 bytes of base and length expected, 15 found");
  const EventFixture longer(Bytes(17, 0xA5));
  const Decoded decoded = decode_firmware_blob(longer.context());
  CHECK(decoded.problem == "1 bytes follow the structure");
  CHECK(decoded.fields.size() == 2);
}

TEST_CASE("firmware blob with a description, whose size counts its NUL") {
  ByteWriter writer;
  writer.u8(11).bytes(as_bytes(std::string_view("td_payload\0", 11))).bytes(blob(0x1000, 16));
  const EventFixture event(writer.data());
  const Decoded decoded = decode_firmware_blob2(event.context());
  CHECK(text_of(field(decoded, "description")) == "td_payload");
  CHECK(decoded.summary == "td_payload, 16 bytes at 0x1000");
  cut_at_every_byte(decode_firmware_blob2, writer.data(), 0);
}

TEST_CASE("description size beyond the event is a problem, not a read past it") {
  const EventFixture event(Bytes{255, 'a'});
  CHECK_FALSE(decode_firmware_blob2(event.context()).problem.empty());
}

TEST_CASE("POST code of nine bytes is a label") {
  const EventFixture event("ACPI DATA");
  const Decoded decoded = decode_post_code(event.context());
  CHECK(decoded.summary == "ACPI DATA");
  CHECK(text_of(field(decoded, "text")) == "ACPI DATA");
}

TEST_CASE("POST code of sixteen printable bytes is a label, of sixteen others a base and a length") {
  const EventFixture label("Embedded UEFI Dr");
  CHECK(decode_post_code(label.context()).kind == "post-code");
  const EventFixture memory(blob(0x800000, 0x1000));
  CHECK(decode_post_code(memory.context()).kind == "firmware-blob");
}

TEST_CASE("S-CRTM contents of text and NUL are not two integers") {
  const EventFixture event(std::string_view("Boot Guard Measured S-CRTM\0", 27));
  CHECK(decode_s_crtm_contents(event.context()).summary == "Boot Guard Measured S-CRTM");
}

TEST_CASE("S-CRTM version as UTF-16, ASCII, GUID, or nothing but a NUL") {
  const EventFixture wide(utf16("GCE Virtual Firmware v1"));
  CHECK(decode_s_crtm_version(wide.context()).summary == "GCE Virtual Firmware v1");
  const EventFixture ascii(std::string_view("1.0\0", 4));
  CHECK(decode_s_crtm_version(ascii.context()).summary == "1.0");
  const EventFixture guid(*from_hex("1efb6b540c1d5540a4ad4ef4bf17b83a"));
  CHECK(decode_s_crtm_version(guid.context()).summary == "546bfb1e-1d0c-4055-a4ad-4ef4bf17b83a");
  const EventFixture none(Bytes{0, 0});
  CHECK(decode_s_crtm_version(none.context()).summary == "empty text");
  const EventFixture vendor(Bytes(280, 0x90));
  CHECK(decode_s_crtm_version(vendor.context()).kind.empty());
}

TEST_CASE("td-shim's configuration block needs a label and a length that fits exactly") {
  const Bytes info{1, 2, 3};
  const EventFixture event(td_shim_block("td_hob", 3, info));
  CHECK(is_td_shim_block(event.data));
  const Decoded decoded = decode_config_flags(event.context());
  CHECK(decoded.kind == "td-shim-config");
  CHECK(text_of(field(decoded, "descriptor")) == "td_hob");
  CHECK(field(decoded, "info") == Value(info));
  CHECK_FALSE(is_td_shim_block(td_shim_block("td_hob", 4, info)));
  CHECK_FALSE(is_td_shim_block(td_shim_block("td_hob", 2, info)));
  CHECK_FALSE(is_td_shim_block(td_shim_block("", 3, info)));
  CHECK_FALSE(is_td_shim_block(Bytes(19, 'a')));
}

TEST_CASE("configuration flags of QEMU name the file") {
  ByteWriter writer;
  writer.bytes(as_bytes(std::string_view("QEMU FW CFG\0", 12))).bytes(as_bytes("opt/ovmf/x")).fill(0, 46);
  const EventFixture event(writer.data());
  const Decoded decoded = decode_config_flags(event.context());
  CHECK(decoded.summary == "QEMU FW CFG opt/ovmf/x");
  CHECK(text_of(field(decoded, "file")) == "opt/ovmf/x");
}

TEST_CASE("configuration flags of a file name padded to 56 bytes are text") {
  ByteWriter writer;
  writer.bytes(as_bytes("etc/acpi/rsdp")).fill(0, 43);
  const EventFixture event(writer.data());
  CHECK(decode_config_flags(event.context()).summary == "etc/acpi/rsdp");
}

}  // namespace mrtool::pcclient
