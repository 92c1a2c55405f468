#include "tools/mrtool/cli/command_line.hpp"

#include <doctest/doctest.h>

#include <array>

#include "lib/base/nearest_word.hpp"
#include "tools/mrtool/run.hpp"

namespace mrtool {
namespace {

using Words = std::vector<std::string>;

CommandLine parse(const Words& words) {
  auto line = parse_command_line(words);
  REQUIRE_MESSAGE(line, (line ? std::string() : line.error().message));
  return *line;
}

std::string refusal(const Words& words) {
  const auto line = parse_command_line(words);
  REQUIRE(!line);
  return line.error().message;
}

TEST_CASE("global options stand before or behind the command") {
  for (const Words& words : {Words{"--color", "never", "inspect", "log"}, Words{"inspect", "log", "--color", "never"},
                             Words{"--color=never", "inspect", "log"}, Words{"inspect", "--color=never", "log"}}) {
    const CommandLine line = parse(words);
    CHECK(line.command->name == "inspect");
    CHECK(line.value(OptionId::color) == "never");
    CHECK(line.arguments == Words{"log"});
  }
}

TEST_CASE("the value of an option is not taken for the command") {
  CHECK(parse({"--root", "replay", "inspect"}).command->name == "inspect");
  CHECK(parse({"-q", "replay"}).command->name == "replay");
}

TEST_CASE("a log may be named like a command or an option") {
  CHECK(parse({"inspect", "replay"}).arguments == Words{"replay"});
  CHECK(parse({"inspect", "--", "--json"}).arguments == Words{"--json"});
  CHECK(parse({"inspect", "-"}).arguments == Words{"-"});
  CHECK(parse({"inspect", "-o", "-"}).value(OptionId::output) == "-");
}

TEST_CASE("an option takes one value and leaves the logs alone") {
  const CommandLine line = parse({"replay", "--against", "a", "log", "--against=b", "other"});
  CHECK(line.all(OptionId::against).size() == 2);
  CHECK(line.all(OptionId::against)[0] == "a");
  CHECK(line.all(OptionId::against)[1] == "b");
  CHECK(line.arguments == Words{"log", "other"});
  CHECK(parse({"inspect", "-ofile", "log"}).value(OptionId::output) == "file");
  CHECK(parse({"inspect", "-qv", "log"}).has(OptionId::verbose));
}

TEST_CASE("values keep their brackets, commas and blanks") {
  const CommandLine line = parse({"inspect", "[a,b]", "--type", "[x y]", "--register", "0,1"});
  CHECK(line.arguments == Words{"[a,b]"});
  CHECK(line.value(OptionId::type) == "[x y]");
  CHECK(line.value(OptionId::registers) == "0,1");
  const CommandLine empty = parse({"inspect", "--register=", "log", ""});
  CHECK(empty.all(OptionId::registers).size() == 1);
  CHECK(empty.value(OptionId::registers).empty());
  CHECK(empty.arguments == Words{"log", ""});
}

TEST_CASE("what cannot be understood is refused with a hint") {
  CHECK(refusal({}) == "no command is given");
  CHECK(refusal({"inspct"}) == "there is no command 'inspct'; did you mean inspect?");
  CHECK(refusal({"zzzzzzz"}) == "there is no command 'zzzzzzz'");
  CHECK(refusal({"inspect", "--jsno"}) == "unknown option --jsno; did you mean --json?");
  CHECK(refusal({"inspect", "--regster=7"}) == "unknown option --regster=7; did you mean --register?");
  CHECK(refusal({"inspect", "--det"}) == "unknown option --det; did you mean --details?");
  CHECK(refusal({"inspect", "-x"}) == "unknown option -x");
  CHECK(refusal({"inspect", "--against", "x"}) == "inspect has no option --against");
  CHECK(refusal({"--json"}) == "--json goes with a command");
  CHECK(refusal({"formats", "x"}) == "formats takes no argument, but 'x' is given");
  CHECK(refusal({"inspect", "--register"}) == "--register needs a value: R,...");
  CHECK(refusal({"inspect", "--color", "red"}) == "--color takes auto, always, never, not 'red'");
  CHECK(refusal({"inspect", "--threads", "-1"}) == "--threads takes a number from 1, not '-1'");
  CHECK(refusal({"inspect", "--threads", "99999999999"}) == "--threads takes a number from 1, not '99999999999'");
  CHECK(refusal({"inspect", "--json", "--yaml"}) == "--json and --yaml exclude each other");
  CHECK(refusal({"inspect", "--eventlog-version", "2"}) == "--eventlog-version goes with --tpm2-yaml");
  CHECK(refusal({"inspect", "--raw", "--tpm2-yaml"}) == "--raw and --tpm2-yaml exclude each other");
  CHECK(refusal({"inspect", "-o", "a", "-o", "b"}) == "--output may be given once only");
}

TEST_CASE("help and version are answered everywhere, whatever else is asked") {
  for (const Words& words :
       {Words{"--help"}, Words{"-h"}, Words{"inspect", "--help"}, Words{"--help", "replay"},
        Words{"formats", "-h", "--color", "red"}, Words{"--version"}, Words{"inspect", "--version"}}) {
    MemoryOutput out;
    MemoryOutput err;
    Environment environment{.out = out, .err = err};
    CHECK(run(words, environment) == 0);
    CHECK(err.text().empty());
    CHECK(out.text().starts_with(words.back() == "--version" ? "mrtool " : "Usage: mrtool"));
  }
}

TEST_CASE("the nearest word is none where nothing is near") {
  constexpr std::array<std::string_view, 3> kWords = {"inspect", "replay", "formats"};
  CHECK(nearest_word("replya", kWords) == "replay");
  CHECK(nearest_word("form", kWords) == "formats");
  CHECK(nearest_word("x", kWords).empty());
  CHECK(nearest_word("", kWords).empty());
  CHECK(nearest_word(std::string(100000, 'r'), kWords).empty());
}

}  // namespace
}  // namespace mrtool
