#include "lib/base/json_pattern.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>
#include <string>

#include "lib/base/json_items.hpp"
#include "lib/base/json_parser.hpp"
#include "lib/base/test_mutation.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kText =
    R"({"pcr": 10, "recnum": 7, "digests": [{"hashAlg": "sha1", "digest": "00ff"}, {"hashAlg": 11, "digest": ""}],)"
    R"( "content_type":"x", "content" : {"a": [true, null, -1, 1.5], "b": {}, "c": [], "d": ["", 0]}})";

JsonPattern pattern_of(std::string_view text) {
  JsonParser parser;
  const auto root = parser.parse(as_bytes(text));
  REQUIRE(root);
  // The nodes of a text lie one behind another.
  const auto count = static_cast<std::size_t>((*root)->end().operator->() - *root);
  JsonPattern pattern;
  pattern.learn(text, std::span(*root, count));
  return pattern;
}

// Where the value that the text begins with ends, for who looks through it; 0 where it does not end there.
std::size_t end_of(std::string_view text) {
  JsonValueScan scan;
  scan.start(0);
  return scan.scan(as_bytes(text)) == JsonValueScan::State::done ? scan.position() : 0;
}

// What the pattern takes is a text that the parser takes, with the same values. True when it took it.
bool check_sound(JsonPattern& pattern, std::string_view text) {
  CAPTURE(text);
  const std::size_t size = pattern.match(as_bytes(text));
  if (size == 0) {
    return false;
  }
  CHECK(size == end_of(text));
  const auto wanted = parse_json_text(as_bytes(text.substr(0, size)));
  REQUIRE(wanted);
  CHECK(to_json_text(*pattern.nodes()) == *wanted);
  CHECK(to_text(*pattern.nodes()) == to_text(*wanted));
  return true;
}

}  // namespace

TEST_CASE("json pattern: other strings and numbers in the same places") {
  JsonPattern pattern = pattern_of(kText);
  CHECK(check_sound(pattern, kText));
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"10", "0"},
           {"7", "9999999999999999999"},
           {"\"00ff\"", "\"\""},
           {"\"\"", "\"a string that is longer than a vector of bytes, by far\""},
           {"\"x\"", "\"{}[],: \x7F\""}}) {
    std::string text(kText);
    text.replace(text.find(from), from.size(), to);
    CHECK(check_sound(pattern, text));
    CHECK(check_sound(pattern, text + ", and more"));
    CHECK(pattern.match(as_bytes(text.substr(0, text.size() - 1))) == 0);
  }
}

TEST_CASE("json pattern: what the parser must see is not taken") {
  JsonPattern pattern = pattern_of(kText);
  for (const auto& [from, to] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"10", "01"},
                                                                            {"10", ""},
                                                                            {"10", "-1"},
                                                                            {"10", "1.0"},
                                                                            {"10", "1e1"},
                                                                            {"10", "18446744073709551615"},
                                                                            {"10", "\"10\""},
                                                                            {"\"x\"", "1"},
                                                                            {"\"x\"", "\"\\n\""},
                                                                            {"\"x\"", "\"\n\""},
                                                                            {"\"x\"", "\"\x1E\""},
                                                                            {"\"x\"", "\"\xC3\xA9\""},
                                                                            {"\"x\"", "\"\xFF\""},
                                                                            {"\"recnum\"", "\"pcr\""},
                                                                            {"true", "false"},
                                                                            {"-1", "-2"},
                                                                            {": 7", ":7"}}) {
    std::string text(kText);
    text.replace(text.find(from), from.size(), to);
    CAPTURE(text);
    CHECK(pattern.match(as_bytes(text)) == 0);
  }
}

TEST_CASE("json pattern: of a text that cannot serve there is none") {
  for (const std::string& text : {std::string(R"({"a\n": 1})"), std::string(R"({"a": "\""})"), std::string(R"([1])"),
                                  std::string("1"), fmt::format(R"({{"a": "{}"}})", std::string(10'000, 'a'))}) {
    JsonPattern pattern = pattern_of(text);
    CHECK(pattern.match(as_bytes(text)) == 0);
  }
  CHECK(JsonPattern().match(as_bytes("{}")) == 0);
}

TEST_CASE("json pattern: nothing wrong is taken whatever changes") {
  std::mt19937 random(6);  // NOLINT(cert-msc51-cpp): the same each time
  constexpr std::string_view kBytes = "\"\"\"\\{}[],:0123456789-+.eE tfn\n\x1E\xC3\x7F";
  JsonPattern pattern = pattern_of(kText);
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    taken += check_sound(pattern, testing::mutated(std::string(kText), kBytes, random)) ? 1 : 0;
  }
  CHECK(taken > 100);
  CHECK(taken < 15'000);
}

TEST_CASE("json parser: a text that is recognised is parsed to the same nodes, and another one anew") {
  JsonParser parser;
  CHECK(parser.recognise(as_bytes(kText)) == 0);
  REQUIRE(parser.parse(as_bytes(kText)));
  std::string text(kText);
  text.replace(text.find("10"), 2, "4");
  const std::string both = text + "," + std::string(kText);
  REQUIRE(parser.recognise(as_bytes(both)) == text.size());
  const auto recognised = parser.parse(as_bytes(both).first(text.size()));
  REQUIRE(recognised);
  CHECK(find_member(**recognised, "pcr")->natural() == 4);

  REQUIRE(parser.recognise(as_bytes(both)) == text.size());
  const auto other = parser.parse(as_bytes("[1]"));
  REQUIRE(other);
  CHECK((*other)->is_array());
  // What was recognised once is forgotten.
  const auto later = parser.parse(as_bytes(both).first(text.size()));
  REQUIRE(later);
  CHECK(to_json_text(**later) == *parse_json_text(as_bytes(text)));
}

}  // namespace mrtool
