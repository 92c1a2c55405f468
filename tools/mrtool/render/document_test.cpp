#include "tools/mrtool/render/document.hpp"

#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "tools/mrtool/render/quote.hpp"

namespace mrtool {
namespace {

using List = Value::List;
using Object = Value::Object;

std::string json_of(const Value& value) {
  std::string out;
  make_json_writer(out, true)->value(value);
  return out;
}

std::string yaml_of(const Value& value) {
  std::string out;
  make_yaml_writer(out)->value(value);
  return out;
}

std::string text_of(const Value& value) {
  std::string out;
  make_text_writer(out, 2)->value(value);
  return out;
}

const Value kNested = Object{
    {"none", Value()},
    {"empty_list", List{}},
    {"empty_object", Object{}},
    {"numbers", List{Value::number(1), Value::wide(18446744073709551615U), Value::hex(255)}},
    {"objects", List{Object{{"a", true}, {"b", List{Object{{"c", "d"}}}}}, Object{{"a", false}}}},
    {"lists", List{List{Value::number(1), Value::number(2)}, List{}, List{Value(List{"x"})}}},
    {"bytes", Bytes{0x00, 0xFF}},
};

TEST_CASE("JSON: nested values, wide numbers as strings") {
  const auto parsed = nlohmann::json::parse(json_of(kNested));
  CHECK(parsed["none"].is_null());
  CHECK(parsed["numbers"][0] == 1);
  CHECK(parsed["numbers"][1] == "18446744073709551615");
  CHECK(parsed["numbers"][2] == 255);
  CHECK(parsed["objects"][0]["b"][0]["c"] == "d");
  CHECK(parsed["lists"][2][0][0] == "x");
  CHECK(parsed["bytes"] == "00ff");
  std::string pretty;
  make_json_writer(pretty, false)->value(kNested);
  CHECK(nlohmann::json::parse(pretty) == parsed);
}

TEST_CASE("YAML: nested values") {
  const YAML::Node parsed = YAML::Load(yaml_of(kNested));
  CHECK(parsed["none"].IsNull());
  CHECK((parsed["empty_list"].IsSequence() && parsed["empty_list"].size() == 0));
  CHECK((parsed["empty_object"].IsMap() && parsed["empty_object"].size() == 0));
  CHECK(parsed["numbers"][1].as<std::string>() == "18446744073709551615");
  CHECK(parsed["objects"][0]["b"][0]["c"].as<std::string>() == "d");
  CHECK(parsed["objects"][1]["a"].as<bool>() == false);
  CHECK(parsed["lists"][0][1].as<int>() == 2);
  CHECK(parsed["lists"][1].size() == 0);
  CHECK(parsed["lists"][2][0][0].as<std::string>() == "x");
}

TEST_CASE("YAML: text that would be read as something else is quoted") {
  for (const char* const text : {"",         "true", "No",  "null", "~", "12",   "1e3",        "0x10", "12:30", "e3",
                                 "deadbeef", "a: b", "- x", "#x",   "'", "\"",   "\\",         "a\nb", "\t",    "yes",
                                 "Y",        "@x",   "%x",  "{",    "[", ".inf", "2001-01-01", " x",   "x "}) {
    CAPTURE(text);
    const std::string yaml = yaml_of(Object{{"k", text}});
    CHECK(yaml.starts_with("k: \""));
    CHECK(YAML::Load(yaml)["k"].as<std::string>() == text);
  }
  CHECK(yaml_of(Object{{"k", "EV_EFI-x/y.z"}}) == "k: EV_EFI-x/y.z\n");
}

TEST_CASE("text that is no UTF-8 is told as text and as bytes") {
  const std::string text =
      "a\xFF"
      "b";
  const auto parsed = nlohmann::json::parse(json_of(Object{{"k", text}}));
  CHECK(parsed["k"]["text"] == "a\uFFFDb");
  CHECK(parsed["k"]["hex"] == "61ff62");
  const YAML::Node yaml = YAML::Load(yaml_of(Object{{"k", List{text}}}));
  CHECK(yaml["k"][0]["hex"].as<std::string>() == "61ff62");
}

TEST_CASE("quoting escapes what cannot be seen and keeps the rest") {
  std::string out;
  CHECK(append_quoted(out, "\u00E4\u20AC\U0001F600\"\\\x1B\x7F\u0085\u202E\u2028\uFEFF\U000E0041", QuoteStyle::json));
  CHECK(out == "\"\u00E4\u20AC\U0001F600\\\"\\\\\\u001b\\u007f\\u0085\\u202e\\u2028\\ufeff\\udb40\\udc41\"");
  CHECK(nlohmann::json::parse(out) == "\u00E4\u20AC\U0001F600\"\\\x1B\x7F\u0085\u202E\u2028\uFEFF\U000E0041");
  out.clear();
  CHECK(append_quoted(out, "\U000E0041", QuoteStyle::yaml));
  CHECK(YAML::Load(out).as<std::string>() == "\U000E0041");
}

TEST_CASE("quoting replaces every kind of malformed UTF-8") {
  for (const char* const text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                                 "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xC3", "\xFF"}) {
    std::string out;
    CHECK(!append_quoted(out, text, QuoteStyle::json));
    CHECK(nlohmann::json::accept(out));
  }
}

TEST_CASE("names that repeat get a number, and none is lost") {
  const auto parsed =
      nlohmann::json::parse(json_of(Object{{"a", "1"}, {"a_2", "2"}, {"a", "3"}, {"a", "4"}, {"a_2", "5"}}));
  CHECK(parsed.size() == 5);
  CHECK(parsed["a"] == "1");
  CHECK(parsed["a_2"] == "2");
  CHECK(parsed["a_3"] == "3");
}

TEST_CASE("text for people: fields, lists and objects on one line") {
  CHECK(text_of(Object{{"a", true}, {"b", Value::hex(16)}, {"c", List{"x", "y"}}, {"d", Value()}}) ==
        "  a: yes\n  b: 0x10\n  c:\n    - x\n    - y\n  d: -\n");
  CHECK(text_of(Object{{"a\x1B", "b\x1B\n"}}).find('\x1B') == std::string::npos);
  std::string out;
  const auto writer = make_text_writer(out, 0);
  writer->begin_object();
  writer->key("digests");
  writer->begin_list();
  for (int i = 0; i < 2; ++i) {
    writer->begin_object(Layout::line);
    writer->key("bank");
    writer->text("sha1");
    writer->key("digest");
    writer->null();
    writer->end_object();
  }
  writer->end_list();
  writer->key("next", true);
  writer->count(1);
  writer->end_object();
  CHECK(out == "digests:\n  - sha1  -\n  - sha1  -\nnext*: 1\n");
}

}  // namespace
}  // namespace mrtool
