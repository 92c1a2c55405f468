#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

Bytes tagged(std::uint32_t id, ByteView data) {
  ByteWriter writer;
  writer.u32(id).u32(static_cast<std::uint32_t>(data.size())).bytes(data);
  return writer.take();
}

Bytes tagged(std::uint32_t id, std::string_view text) {
  return tagged(id, as_bytes(text));
}

constexpr std::uint32_t kAael = 0x4141454C;
constexpr std::uint32_t kInitrd = 0x8F3B22EC;

}  // namespace

TEST_CASE("Linux EFI stub labels what it measures") {
  const EventFixture event(tagged(kInitrd, "Linux initrd\0"sv), 9);
  const Decoded decoded = decode_event_tag(event.context());
  CHECK(decoded.kind == "tagged-event");
  CHECK(decoded.summary == "Linux initrd");
  CHECK(text_of(field(decoded, "writer")) == "linux-efi-stub");
  CHECK(text_of(field(decoded, "tag_name")) == "initrd");
  CHECK(number_of(field(decoded, "tag_id")) == kInitrd);
  CHECK(event_tag_otherwise(event.context()) == Otherwise::unverifiable);
}

TEST_CASE("old Linux EFI stub without a tag header") {
  const EventFixture event("LOADED_IMAGE::LoadOptions\0"sv, 9);
  const Decoded decoded = decode_event_tag(event.context());
  CHECK(decoded.summary == "LOADED_IMAGE::LoadOptions");
  CHECK(decoded.problem == "");
  CHECK(event_tag_otherwise(event.context()) == Otherwise::unverifiable);
  CHECK(decode_event_tag(EventFixture("short"sv).context()).summary == "short");
}

TEST_CASE("systemd tags have UTF-16 labels") {
  const EventFixture event(tagged(0xF5BC582A, utf16("loader.conf")), 5);
  const Decoded decoded = decode_event_tag(event.context());
  CHECK(decoded.summary == "loader.conf");
  CHECK(text_of(field(decoded, "writer")) == "systemd-boot");
  CHECK(event_tag_otherwise(event.context()) == Otherwise::unverifiable);
}

TEST_CASE("AAEL event parts at the first two spaces") {
  const EventFixture event(tagged(kAael, R"(example.org deploy {"image": "a b"})"), 17);
  const Decoded decoded = decode_event_tag(event.context());
  CHECK(decoded.kind == "aael");
  CHECK(decoded.problem == "");
  CHECK(decoded.summary == R"(example.org deploy {"image": "a b"})");
  CHECK(text_of(field(decoded, "domain")) == "example.org");
  CHECK(text_of(field(decoded, "operation")) == "deploy");
  CHECK(text_of(field(decoded, "content")) == R"({"image": "a b"})");
  CHECK(decoded.fields.back().range == ByteRange{27, 43});
  CHECK(event_tag_otherwise(event.context()) == Otherwise::differs);
}

TEST_CASE("AAEL event with empty content, and with too few parts") {
  CHECK(text_of(field(decode_event_tag(EventFixture(tagged(kAael, "a b "), 17).context()), "content")).empty());
  const Decoded decoded = decode_event_tag(EventFixture(tagged(kAael, "a b"), 17).context());
  CHECK(decoded.problem == "not of the form 'domain operation content'");
  CHECK(text_of(field(decoded, "text")) == "a b");
}

TEST_CASE("AAEL event whose size is wrong must still have its digest") {
  Bytes data = tagged(kAael, "a b c");
  data[4] = 200;
  const EventFixture event(data, 17);
  CHECK(event_tag_otherwise(event.context()) == Otherwise::differs);
  CHECK(decode_event_tag(event.context()).problem != "");
}

TEST_CASE("Windows items nest") {
  const Bytes inner = tagged(0x00050001, "\x01"sv);
  const EventFixture event(tagged(0x40010001, inner), 13);
  const Decoded decoded = decode_event_tag(event.context());
  CHECK(decoded.kind == "windows-sipa");
  CHECK(decoded.summary == "Windows trust boundary: 1 items");
  CHECK(event_tag_otherwise(event.context()) == Otherwise::differs);
  cut_at_every_byte(decode_event_tag, event.data, 8);
}

TEST_CASE("tags of a legacy BIOS and of nobody known") {
  const EventFixture bios(tagged(7, Bytes(24, 0x80)), 2);
  CHECK(decode_event_tag(bios.context()).summary == "bios option-rom-execute");
  CHECK(field(decode_event_tag(bios.context()), "data") == Value(Bytes(24, 0x80)));
  CHECK(event_tag_otherwise(bios.context()) == Otherwise::differs);
  const EventFixture unknown(tagged(0x12345678, "hello"), 2);
  CHECK(decode_event_tag(unknown.context()).summary == "tag 0x12345678: hello");
  CHECK(event_tag_otherwise(unknown.context()) == Otherwise::unverifiable);
}

TEST_CASE("several tagged structures in one event") {
  Bytes data = tagged(kInitrd, "Linux initrd\0"sv);
  const Bytes second = tagged(0x12345678, Bytes{0xFE});
  data.insert(data.end(), second.begin(), second.end());
  const Decoded decoded = decode_event_tag(EventFixture(data, 9).context());
  CHECK(decoded.problem == "");
  CHECK(decoded.summary == "2 tagged structures");
  const auto* structures = field(decoded, "structures").as<Value::List>();
  REQUIRE(structures != nullptr);
  REQUIRE(structures->size() == 2);
  CHECK(*(*structures)[0].find("label") == Value("Linux initrd"));
  CHECK(*(*structures)[1].find("data") == Value(Bytes{0xFE}));
}

TEST_CASE("more tagged structures than are listed") {
  const Decoded decoded = decode_event_tag(EventFixture(Bytes(std::size_t{8} * 70000, 0)).context());
  CHECK(decoded.problem != "");
  CHECK(field(decoded, "structures").as<Value::List>()->size() == 65536);
}

TEST_CASE("tag without a header, without data, and with bytes behind it") {
  CHECK(decode_event_tag(EventFixture(Bytes{}).context()).problem != "");
  CHECK(decode_event_tag(EventFixture(Bytes{1, 2, 3}).context()).problem != "");
  CHECK(decode_event_tag(EventFixture(tagged(kInitrd, ""sv)).context()).problem == "");
  Bytes data = tagged(kInitrd, "x");
  data.push_back(0);
  CHECK(decode_event_tag(EventFixture(data).context()).problem == "1 bytes follow the structure");
}

TEST_CASE("tagged events cut at every byte") {
  cut_at_every_byte(decode_event_tag, tagged(kInitrd, "Linux initrd\0"sv), 4);
  cut_at_every_byte(decode_event_tag, tagged(kAael, "a b c"), 8);
}

}  // namespace mrtool::pcclient
