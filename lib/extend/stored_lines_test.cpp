#include "lib/extend/stored_lines.hpp"

#include <doctest/doctest.h>

#include "lib/content/tsm_line.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace std::string_view_literals;

namespace {

std::string reason(std::string_view line) {
  return why_changed(as_bytes(line)).value_or("stays");
}

std::vector<std::string> stored(std::string_view text) {
  std::vector<std::string> lines;
  for (const Bytes& line : stored_lines(as_bytes(text))) {
    lines.emplace_back(as_text(line));
  }
  return lines;
}

}  // namespace

TEST_CASE("why a line would not be stored as one record that reads as it was given") {
  CHECK(reason("example.com/a deploy \xC3\xA9 \x7F") == "stays");
  CHECK(reason("a # b") == "stays");
  CHECK(reason("SYNCHRONIZED") == "stays");
  CHECK(reason(std::string(4096, 'x')) == "stays");
  CHECK(reason(std::string(4097, 'x')).contains("4097 bytes"));
  CHECK(reason("").contains("empty"));
  CHECK(reason(" \t\xA0").contains("white space only"));
  CHECK(reason("a\nb").contains("line feed"));
  CHECK(reason("a\n").contains("line feed"));
  CHECK(reason("a\rb").contains("carriage return"));
  CHECK(reason("a\0b"sv).contains("NUL"));
  CHECK(reason("voil\xC3\xA0").contains("A0"));
  CHECK(reason("a ").contains("white space"));
  CHECK(reason("\va").contains("white space"));
  CHECK(reason("# a").contains("comment"));
  CHECK(reason("SYNC sha256/00").contains("SYNC"));
  CHECK(reason("SYNC").contains("SYNC"));
}

TEST_CASE("what the kernel stores of a text, as it was seen to") {
  CHECK(stored(" one \r\n\n# two\xA0\n") == std::vector<std::string>{"one", "# two"});
  CHECK(stored("caf\xC3\xA0\n") == std::vector<std::string>{"caf\xC3"});
  CHECK(stored("\n \t\r\n").empty());
  CHECK(stored("a\0b"sv) == std::vector<std::string>{std::string("a\0b"sv)});
  // TSM log format notes, 12.8: the page's border.
  CHECK(stored(std::string(4090, 'A') + "\n" + std::string(20, 'B') + "\n") ==
        std::vector<std::string>{std::string(4090, 'A'), "BBBBB", std::string(15, 'B')});
  for (const Bytes& line : stored_lines(as_bytes(std::string(9000, 'y') + " \r z"))) {
    CHECK(tsm::is_stored_unchanged(as_text(line)));
    CHECK(line.size() <= kLinesLimit);
  }
}
