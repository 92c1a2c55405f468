#include "lib/content/load_option.hpp"

#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

const Bytes kPath = *from_hex(
    "04040800"
    "61000000"
    "7fff0400");  // File(a)

Bytes option(std::uint32_t attributes, std::uint16_t list_size, const Bytes& rest) {
  ByteWriter writer;
  writer.u32(attributes).u16(list_size).bytes(utf16("ubuntu")).bytes(rest);
  return writer.take();
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("load option with attributes, description, path and optional data") {
  const Decoded decoded = decode_load_option(option(0x101, 12, joined(kPath, {0xDE, 0xAD})));
  CHECK(decoded.summary == "ubuntu: File(a)");
  CHECK(decoded.problem.empty());
  CHECK(field(decoded, "enabled") == Value(true));
  CHECK(field(decoded, "attribute_names") == Value(Value::List{"active", "category-app"}));
  CHECK(text_of(field(decoded, "description")) == "ubuntu");
  CHECK(text_of(field(decoded, "device_path")) == "File(a)");
  CHECK(field(decoded, "optional_data") == Value(Bytes{0xDE, 0xAD}));
}

TEST_CASE("load option that is not active, without a path") {
  const Decoded decoded = decode_load_option(option(0, 0, {}));
  CHECK(field(decoded, "enabled") == Value(false));
  CHECK(decoded.summary == "ubuntu");
  CHECK(decoded.problem.empty());
}

TEST_CASE("load option with several device paths shows the first and lists the others") {
  const Decoded decoded = decode_load_option(option(1, 24, joined(kPath, kPath)));
  CHECK(decoded.summary == "ubuntu: File(a)");
  CHECK(field(decoded, "other_device_paths") == Value(Value::List{"File(a)"}));
}

TEST_CASE("file path list longer than the variable") {
  const Decoded decoded = decode_load_option(option(1, 0xFFFF, kPath));
  CHECK(decoded.problem == "the file path list is longer than the variable");
  CHECK(text_of(field(decoded, "device_path")) == "File(a)");
}

TEST_CASE("description that does not end takes all there is") {
  const Decoded decoded = decode_load_option(Bytes{1, 0, 0, 0, 0, 0, 'a', 0, 'b'});
  CHECK(text_of(field(decoded, "description")).starts_with("a"));
  CHECK(decoded.problem == "the description does not end");
}

TEST_CASE("load option cut at every byte") {
  const Bytes whole = option(1, 12, kPath);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Decoded decoded = decode_load_option(ByteView(whole).first(size));
    CAPTURE(size);
    CHECK_FALSE(decoded.problem.empty());
  }
  CHECK(decode_load_option(whole).problem.empty());
}

}  // namespace mrtool::pcclient
