#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

Bytes image_load(std::uint64_t path_length, std::string_view path_hex) {
  ByteWriter writer;
  writer.u64(0xBDDE4018).u64(955072).u64(0).u64(path_length).bytes(*from_hex(path_hex));
  return writer.take();
}

}  // namespace

TEST_CASE("image load with a device path") {
  const EventFixture event(image_load(12, "04040800610000007fff0400"), 4);
  const Decoded decoded = decode_image_load(event.context());
  CHECK(decoded.summary == "File(a)");
  CHECK(field(decoded, "image_location_in_memory") == Value::wide_hex(0xBDDE4018));
  CHECK(field(decoded, "image_length_in_memory") == Value::wide(955072));
  CHECK(number_of(field(decoded, "length_of_device_path")) == 12);
  CHECK(text_of(field(decoded, "device_path")) == "File(a)");
  cut_at_every_byte(decode_image_load, event.data, 0);
}

TEST_CASE("image load of a buffer has no device path and is whole") {
  const EventFixture event(image_load(0, ""), 4);
  const Decoded decoded = decode_image_load(event.context());
  CHECK(decoded.problem.empty());
  CHECK(decoded.summary == "955072 bytes at 0xbdde4018, no device path");
}

TEST_CASE("device path length beyond the event") {
  const EventFixture event(image_load(0xFFFFFFFFFFFFFFFF, "04040800610000007fff0400"), 4);
  const Decoded decoded = decode_image_load(event.context());
  CHECK(decoded.problem == "the device path has 12 bytes, not 18446744073709551615");
  CHECK(decoded.summary == "File(a)");
}

}  // namespace mrtool::pcclient
