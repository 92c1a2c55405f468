// The fast parser against the one that it stands in for: the same texts taken, with the same values, and the same
// messages for the others.
#include "lib/base/json_parser.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "lib/base/limits.hpp"
#include "lib/base/test_mutation.hpp"

namespace mrtool {
namespace {

void check_same(JsonParser& parser, std::string_view text) {
  CAPTURE(text);
  const auto wanted = parse_json_text(as_bytes(text));
  const auto found = parser.parse(as_bytes(text));
  REQUIRE(found.has_value() == wanted.has_value());
  if (!found) {
    CHECK(found.error().message == wanted.error().message);
    CHECK(found.error().kind == wanted.error().kind);
    CHECK(found.error().offset == wanted.error().offset);
    return;
  }
  const JsonText value = to_json_text(**found);
  CHECK(value == *wanted);
  CHECK(value.type() == wanted->type());
  CHECK(to_text(**found) == to_text(*wanted));
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

std::string with_members(std::size_t count) {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i) {
    text += fmt::format("{}\"m{}\":{}", i == 0 ? "" : ",", i, i);
  }
  return text + "}";
}

constexpr std::string_view kRecord =
    R"({"recnum": 0, "pcr": 7, "digests": [{"hashAlg": "sha256", "digest": "00ff"}, {"hashAlg": 4, "digest": ""}], )"
    R"("content_type": "x\u00e9\n\"", "content": {"a": -1, "b": [1.5e3, true, null, {}], "c": "\ud83d\ude00 é"}})";

}  // namespace

TEST_CASE("json parser: values of every kind") {
  JsonParser parser;
  for (const std::string_view text : {"0",
                                      "-0",
                                      "[-0]",
                                      "{\"pcr\":-0}",
                                      "[0,-0.0]",
                                      "[0, \"-0\", -1]",
                                      "[0, \", -0\"]",
                                      "1",
                                      "-1",
                                      "18446744073709551615",
                                      "18446744073709551616",
                                      "-9223372036854775808",
                                      "-9223372036854775809",
                                      "1.0",
                                      "1e5",
                                      "1E+2",
                                      "0.1",
                                      "1e400",
                                      "-1e400",
                                      "1e-400",
                                      "123456789012345678901234567890",
                                      "5e-324",
                                      "1.7976931348623157e308",
                                      "2.2250738585072011e-308",
                                      "01",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1e",
                                      "0x1",
                                      "NaN",
                                      "Infinity",
                                      "true",
                                      "false",
                                      "null",
                                      "tru",
                                      "nulll",
                                      "\"\"",
                                      "\"a\"",
                                      "[]",
                                      "{}",
                                      "[[],{}]",
                                      "{\"a\":{\"b\":[1,2,{}]}}",
                                      "[1,2]",
                                      "[1 2]",
                                      "[1,]",
                                      "[,1]",
                                      "{\"a\":1,}",
                                      "{\"a\"}",
                                      "{a:1}",
                                      "{1:1}",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "",
                                      " ",
                                      " [ 1 ] ",
                                      "\t\r\n[]\n",
                                      "[] []",
                                      "[]x",
                                      "\f[]",
                                      "/**/[]",
                                      "\xEF\xBB\xBF[]",
                                      "\xEF\xBB\xBF"}) {
    check_same(parser, text);
  }
}

TEST_CASE("json parser: strings") {
  JsonParser parser;
  for (const std::string_view text : {R"("\u0041\b\f\n\r\t\/\\\"")",
                                      R"("\u0000")",
                                      R"("\uD83D\uDE00")",
                                      R"("\uD83D")",
                                      R"("\uDE00")",
                                      R"("\uDE00\uD83D")",
                                      R"("\uD83D\uD83D")",
                                      R"("\uD83Dx")",
                                      R"("\uD83D\n")",
                                      R"("\u12")",
                                      R"("\u12G4")",
                                      R"("\x41")",
                                      R"("\)",
                                      R"("a)",
                                      "\"\n\"",
                                      "\"\t\"",
                                      "\"\x7f\"",
                                      "\"\x1f\"",
                                      "\"é€😀\"",
                                      "\"\xff\"",
                                      "\"\xc0\x80\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "\"\xe2\x82\"",
                                      "\"\xe2\x82",
                                      R"({"\u0061":1,"a":2})",
                                      R"({"\u0061":1})",
                                      R"({"":1})",
                                      R"({"":1,"":2})",
                                      R"({"a\u0000":1,"a":2})",
                                      R"(["\uFFFF\uFFFE\uFEFF"])"}) {
    check_same(parser, text);
  }
  check_same(parser, std::string_view("\"a\0b\"", 5));
  check_same(parser, std::string_view("[1]\0", 4));
}

TEST_CASE("json parser: bounds") {
  JsonParser parser;
  for (const std::size_t depth : {1U, 31U, 32U, 33U, 34U, 1023U, 1024U, 1025U, 100'000U}) {
    check_same(parser, nested(depth));
    check_same(parser, std::string("{\"a\":").append(nested(depth)).append("}"));
  }
  for (const std::size_t count : {15U, 16U, 17U, 255U, 256U, 257U, 1000U}) {
    check_same(parser, with_members(count));
  }
  check_same(parser, R"({"a":1,"b":{"c":1,"c":2}})");
  check_same(parser, R"({"a":1,"b":[{"c":1},{"c":2}],"a":2})");
  // Around the length that is parsed fast.
  for (const std::size_t size : {limits::kReadPiece - 3, limits::kReadPiece - 2, limits::kReadPiece + 10}) {
    check_same(parser, std::string("\"").append(size, 'x').append("\""));
    check_same(parser, std::string("[\"").append(size, 'x').append("\",0,{\"k\":[]}]"));
  }
}

TEST_CASE("json parser: a record cut and changed anywhere") {
  JsonParser parser;
  for (std::size_t size = 0; size <= kRecord.size(); ++size) {
    check_same(parser, kRecord.substr(0, size));
  }
  // NOLINTNEXTLINE(cert-msc32-c,cert-msc51-cpp): the same changes in every run
  std::mt19937 random(6);
  constexpr std::string_view kBytes = "{}[]\",:\\u0123456789-+.eE tfn\x01\x1e\x80\xc3\xa9\xff";
  for (int round = 0; round < 20'000; ++round) {
    check_same(parser, testing::mutated(std::string(kRecord), kBytes, random));
  }
}

TEST_CASE("json parser: members are found by their names") {
  JsonParser parser;
  const auto found = parser.parse(as_bytes(kRecord));
  REQUIRE(found);
  const JsonNode& object = **found;
  CHECK(object.size() == 5);
  REQUIRE(find_member(object, "pcr") != nullptr);
  CHECK(find_member(object, "pcr")->natural() == 7);
  const JsonNode* digests = find_member(object, "digests");
  REQUIRE(digests != nullptr);
  CHECK(digests->size() == 2);
  std::string names;
  for (const JsonNode& digest : *digests) {
    const JsonNode* name = find_member(digest, "hashAlg");
    names += name->is_string() ? name->text() : "?";
  }
  CHECK(names == "sha256?");
  CHECK(find_member(object, "hashAlg") == nullptr);
  CHECK(find_member(*digests, "hashAlg") == nullptr);
}

}  // namespace mrtool
