#include "lib/content/event_text.hpp"

#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

TEST_CASE("UTF-16 text with its NUL, without it, and with half of it") {
  CHECK(utf16_text(utf16("quiet")) == "quiet");
  CHECK(utf16_text(utf16("quiet", false)) == "quiet");
  Bytes half = utf16("quiet");
  half.pop_back();
  CHECK(utf16_text(half) == "quiet");
}

TEST_CASE("UTF-16 text beyond ASCII, but not at its start") {
  CHECK(utf16_text(Bytes{'a', 0, 0xE9, 0}) == "a\xC3\xA9");
  CHECK(!utf16_text(Bytes{0xE9, 0x20, 'a', 0}));
}

TEST_CASE("UTF-16 is not seen in ASCII, short data, controls or an odd last character") {
  CHECK(!utf16_text(as_bytes("quiet")));
  CHECK(!utf16_text({}));
  CHECK(!utf16_text(Bytes{'a', 0}));
  CHECK(!utf16_text(Bytes{0, 0, 0, 0}));
  CHECK(!utf16_text(Bytes{'a', 0, 1, 0}));
  CHECK(!utf16_text(Bytes{'a', 0, 'b'}));
}

TEST_CASE("text with a NUL inside is not shown as UTF-16") {
  CHECK(!utf16_text(Bytes{'a', 0, 0, 0, 'b', 0}));
}

TEST_CASE("any text takes either encoding and line feeds") {
  CHECK(any_text(as_bytes("menuentry {\n}")) == "menuentry {\n}");
  CHECK(any_text(utf16("loader.conf")) == "loader.conf");
  CHECK(!any_text(Bytes{0xFF, 'a'}));
  CHECK(!any_text(Bytes{0, 0}));
}

}  // namespace mrtool::pcclient
