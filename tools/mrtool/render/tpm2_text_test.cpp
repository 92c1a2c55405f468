#include "tools/mrtool/render/tpm2_text.hpp"

#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <string>

namespace mrtool {
namespace {

using namespace std::string_literals;

std::string escaped(const std::string& text) {
  std::string out;
  append_tpm2_escaped(out, as_bytes(text), 6);
  return out;
}

std::string literal(const std::string& text) {
  std::string out = "Event: ";
  append_tpm2_literal(out, as_bytes(text), 4);
  return out;
}

std::string event_of(const std::string& document) {
  return YAML::Load(document)["Event"].Scalar();
}

TEST_CASE("NULs, blanks that a line starts with, quotes and backslashes are escaped") {
  CHECK(escaped("MokList\0"s) == R"("MokList\0")");
  CHECK(escaped("  a b\t") == R"("\x20\x20a b\t")");
  CHECK(escaped(" \t x") == R"("\x20\t\x20x")");
  CHECK(escaped("say \"a\\b\"") == R"("say \"a\\b\"")");
  CHECK(escaped("") == R"("")");
}

TEST_CASE("each line stands on its own, and the text survives") {
  const std::string text = "entry {\n\t\tfwsetup\n  }\n"s;
  CHECK(escaped(text) == "\"entry {\\n\\\n      \\t\\tfwsetup\\n\\\n      \\x20\\x20}\\n\"");
  CHECK(YAML::Load("    String: " + escaped(text))["String"].Scalar() == text);
}

TEST_CASE("every byte below 0x80 and every UTF-8 character survives") {
  std::string text;
  for (char c = 0; c < 0x7F; ++c) {
    text += c;
  }
  text += "\x7F\u00E4\u202E\U0001F600";
  CHECK(YAML::Load("String: " + escaped(text))["String"].Scalar() == text);
  CHECK(!escaped(text).contains("\u202E"));
}

TEST_CASE("bytes that are not UTF-8 are the code points of the same number") {
  CHECK(escaped("a\xFF\xC3z\xE2\x82") == R"("a\xff\xc3z\xe2\x82")");
}

TEST_CASE("a line of text is a literal block, up to its first NUL") {
  CHECK(literal("POST CODE") == "Event: |-\n    POST CODE\n");
  CHECK(literal("HCRTM\0rest"s) == "Event: |-\n    HCRTM\n");
  CHECK(literal("a: \"b\" \\ #c ") == "Event: |-\n    a: \"b\" \\ #c \n");
  CHECK(event_of(literal("a: \"b\" \\ #c ")) == "a: \"b\" \\ #c ");
}

TEST_CASE("a literal block loses line feeds at its end and blanks at its start, as the tool's does") {
  CHECK(literal("  text\n\n") == "Event: |-\n    text\n");
}

TEST_CASE("what a literal block cannot hold is quoted") {
  for (const std::string& text : {"two\nlines"s, "\tx"s, "bell\a"s, "a\u202Eb"s, "cr\rx"s, ""s, "  "s}) {
    CAPTURE(text);
    CHECK(!literal(text).contains('|'));
    CHECK(event_of(literal(text)) == text);
  }
}

TEST_CASE("single quotes are doubled; what single quotes cannot hold is in double quotes") {
  std::string out;
  append_tpm2_single_quoted(out, R"(File(\it's))");
  CHECK(out == R"('File(\it''s)')");
  out.clear();
  append_tpm2_single_quoted(out, "a\nb");
  CHECK(out == R"("a\nb")");
}

TEST_CASE("plain text stays plain only where YAML reads it as it is") {
  for (const auto& [text, shown] :
       {std::pair{"Boot0001", "Boot0001"}, std::pair{"Spec ID Event03", "Spec ID Event03"},
        std::pair{"a: b", R"("a: b")"}, std::pair{"- x", R"("- x")"}, std::pair{"x ", R"("x ")"}, std::pair{"", ""}}) {
    std::string out;
    append_tpm2_plain(out, text);
    CHECK(out == shown);
  }
}

}  // namespace
}  // namespace mrtool
