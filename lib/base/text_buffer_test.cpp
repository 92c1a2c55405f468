#include "lib/base/text_buffer.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace mrtool;

TEST_CASE("a text buffer holds what was put, however much that is") {
  TextBuffer buffer;
  CHECK(buffer.written().empty());
  std::string expected;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const Bytes bytes(static_cast<std::size_t>(i % 70), static_cast<std::uint8_t>(i));
    const std::uint64_t number = i % 2 == 0 ? i : std::numeric_limits<std::uint64_t>::max() - i;
    buffer.put('{');
    buffer.put("\"digest\": ");
    buffer.put_hex(bytes);
    buffer.put(std::string_view());
    buffer.put_number(number);
    expected += "{\"digest\": " + to_hex(bytes) + std::to_string(number);
  }
  CHECK(buffer.written() == expected);
  CHECK(buffer.size() == expected.size());
  buffer.truncate(11);
  CHECK(buffer.written() == "{\"digest\": ");
  buffer.clear();
  CHECK(buffer.size() == 0);
}

TEST_CASE("a text buffer takes what needs no escape, and nothing of what needs one") {
  TextBuffer buffer;
  for (std::size_t size = 0; size < 100; ++size) {
    for (const char odd : {'"', '\\', '\n', '\x7f', '\xc3'}) {
      std::string text(size, 'a');
      buffer.clear();
      buffer.put("=");
      CHECK(buffer.put_plain(text));
      CHECK(buffer.written() == "=" + text);
      if (size == 0) {
        continue;
      }
      text[size / 2] = odd;
      buffer.clear();
      buffer.put("=");
      CHECK(!buffer.put_plain(text));
      CHECK(buffer.written() == "=");
    }
  }
}
