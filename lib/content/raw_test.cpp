#include "lib/content/raw.hpp"

#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

TEST_CASE("text with and without NULs at its end is text") {
  CHECK(printable_text(as_bytes("GCE NonHostInfo")) == "GCE NonHostInfo");
  CHECK(printable_text(Bytes{'a', 'b', 0, 0, 0}) == "ab");
}

TEST_CASE("NULs alone, control characters and a NUL in the middle are not text") {
  CHECK_FALSE(printable_text(Bytes{}));
  CHECK_FALSE(printable_text(Bytes{0, 0, 0}));
  CHECK_FALSE(printable_text(Bytes{'a', '\n'}));
  CHECK_FALSE(printable_text(Bytes{'a', 0, 'b'}));
}

TEST_CASE("a long run of bytes is shown by its start and its size") {
  CHECK(hex_preview(Bytes{}) == "no data");
  CHECK(hex_preview(Bytes{0xAB, 1}) == "ab01");
  CHECK(hex_preview(Bytes(4096, 0xEE)) == std::string(48, 'e') + "... (4096 bytes)");
}

TEST_CASE("unknown data has no kind and no fields, and is not a problem") {
  const EventFixture event(Bytes{0xFF});
  const Decoded decoded = decode_raw(event.context());
  CHECK(decoded.kind.empty());
  CHECK(decoded.summary == "ff");
  CHECK(decoded.fields.empty());
  CHECK(decoded.problem.empty());
}

}  // namespace mrtool::pcclient
