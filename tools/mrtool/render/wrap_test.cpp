#include "tools/mrtool/render/wrap.hpp"

#include <doctest/doctest.h>

namespace mrtool {
namespace {

std::string wrapped(std::string_view text, Margins margins, std::string start = {}) {
  append_wrapped(start, text, start.size(), margins);
  return start;
}

TEST_CASE("lines are broken between words, before they are too long") {
  CHECK(wrapped("aa bb cc", {.indent = 0, .columns = 5}) == "aa bb\ncc");
  CHECK(wrapped("aa bb cc", {.indent = 2, .columns = 4}) == "aa\n  bb\n  cc");
  CHECK(wrapped("aa bb cc", {.indent = 2, .columns = 9}, "x: ") == "x: aa bb\n  cc");
  CHECK(wrapped("aa bb cc", {.indent = 2, .columns = 0}) == "aa bb cc");
  CHECK(wrapped("", {.indent = 2, .columns = 4}).empty());
}

TEST_CASE("what fits no line stays whole, and wide characters count as they are shown") {
  CHECK(wrapped("aaaaaaaa b", {.indent = 2, .columns = 4}) == "aaaaaaaa\n  b");
  CHECK(wrapped("\u4e2d\u4e2d \u4e2d", {.indent = 0, .columns = 6}) == "\u4e2d\u4e2d\n\u4e2d");
}

}  // namespace
}  // namespace mrtool
