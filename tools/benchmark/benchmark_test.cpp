// The generated logs are what their names say, and the known answers are those of mrtool and of a loop that has nothing
// of it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tools/benchmark/bare_loop.hpp"
#include "tools/benchmark/inputs.hpp"
#include "tools/benchmark/measuring.hpp"
#include "tools/benchmark/report.hpp"
#include "tools/benchmark/text_table.hpp"

using namespace mrtool::benchmark;
namespace fs = std::filesystem;

namespace {

// A directory of its own, gone afterwards.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "mrtool-benchmark-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

constexpr std::size_t kRecords = 100;

Options options_in(const Scratch& scratch) {
  return {.directory = scratch.path(), .mrtool = MRTOOL_BINARY, .timed = TIMED_BINARY, .self = {}, .filter = {}};
}

}  // namespace

TEST_CASE("a generated log of each kind replays to its known answer") {
  const std::map<std::string, std::string> logs{
      {"ima", "{ima}"}, {"tsm", "rtmr3={tsm}"}, {"tcg2", "{tcg2}"}, {"cel", "{cel}"}};
  for (const auto& [kind, name] : logs) {
    CAPTURE(kind);
    const Scratch scratch;
    const std::string command = fmt::format("mrtool replay {} --against {{{}.known}}", name, kind);
    const Check check{.what = kind, .records = kRecords, .prepare = {}, .command = command};
    CHECK(Measuring(options_in(scratch)).check(check).problem.empty());
  }
}

TEST_CASE("a log with another known answer is found out") {
  const Scratch scratch;
  Inputs inputs(scratch.path());
  const std::string log = inputs.path_of("tcg2", kRecords).value();
  const std::string known = inputs.path_of("tcg2.known", kRecords).value();
  std::string text = read_text(known);
  char& digit = text[text.find("\"value\":\"") + 9];
  digit = digit == '0' ? '1' : '0';
  std::ofstream(known) << text;
  const Commands commands(TIMED_BINARY, scratch.path());
  const auto replayed = commands.run({MRTOOL_BINARY, "replay", log, "--against", known});
  REQUIRE(replayed.has_value());
  CHECK(replayed->status == 1);
  const auto looped = run_bare_loop(log, {.kind = "tcg2", .banks = {}});
  REQUIRE(looped.has_value());
  CHECK(missing_answer(text, looped->registers) == "sha1:pcr0");
  CHECK(missing_answer(known_answer(read_known_answer(known_answer(looped->registers))), looped->registers).empty());
}

TEST_CASE("a run that prints other values than the known ones is a failure") {
  const Scratch scratch;
  Row row{.group = "TCG2",
          .what = "replay",
          .records = kRecords,
          .command = "mrtool replay --bank sha256 {tcg2}",
          .prints = "tcg2.known",
          .other_name = "nothing",
          .other = "true",
          .measure = Measure::cpu,
          .relation = Relation::times,
          .pairs = 1};
  Measuring measuring(options_in(scratch));
  CHECK(measuring.row(row).problem.empty());
  row.prints = "tsm.known";
  CHECK(measuring.row(row).problem == "nothing is known of its registers");
  CHECK(measuring.row(row).failed);
  row.prints = "tcg2.known";
  row.command = "mrtool replay --register pcr1 {tcg2}";
  CHECK(measuring.row(row).problem == "sha1:pcr0 isn't as it must be");
  CHECK(measuring.row(row).failed);
  row.command = "mrtool replay --no-such-option {tcg2}";
  CHECK(measuring.row(row).problem.starts_with("exit status 2: "));
  row.command = "mrtool replay --bank sha256 {tcg2}";
  row.other = "no-such-program-anywhere {tcg2}";
  CHECK(measuring.row(row).problem == "no-such-program-anywhere isn't installed");
  CHECK_FALSE(measuring.row(row).failed);
}

TEST_CASE("every digest in a generated log is that of its message") {
  const Scratch scratch;
  Inputs inputs(scratch.path());
  const Commands commands(TIMED_BINARY, scratch.path());
  for (const std::string kind : {"ima", "tsm", "tcg2", "cel"}) {
    CAPTURE(kind);
    const std::string prefix = kind == "tsm" ? "rtmr3=" : "";
    const auto shown =
        commands.run({MRTOOL_BINARY, "inspect", "--ndjson", prefix + inputs.path_of(kind, kRecords).value()},
                     Commands::Output::kept);
    REQUIRE(shown.has_value());
    CHECK(shown->status == 0);
    CHECK(shown->output.contains(R"("check":"matches")"));
    CHECK_FALSE(shown->output.contains(R"("check":"differs")"));
    CHECK_FALSE(shown->output.contains(R"("check":"unverifiable")"));
  }
}

TEST_CASE("the bare loop notices a digest that is not that of its message, and a log cut short") {
  const Scratch scratch;
  Inputs inputs(scratch.path());
  const std::string path = inputs.path_of("ima", kRecords).value();
  std::string bytes = read_text(path);
  CHECK(run_bare_loop(path, {.kind = "ima", .banks = {"sha1"}}).has_value());
  bytes.back() = 'x';
  std::ofstream(path, std::ios::binary) << bytes;
  CHECK_FALSE(run_bare_loop(path, {.kind = "ima", .banks = {"sha1"}}).has_value());
  bytes.pop_back();
  std::ofstream(path, std::ios::binary) << bytes;
  CHECK_FALSE(run_bare_loop(path, {.kind = "ima", .banks = {"sha1"}}).has_value());
  CHECK_FALSE(run_bare_loop(path + "-absent", {.kind = "ima", .banks = {}}).has_value());
}

TEST_CASE("generated records have the sizes that the goals speak of") {
  constexpr std::size_t kMany = 2000;
  const Scratch scratch;
  Inputs inputs(scratch.path());
  const auto bytes_a_record = [&](std::string_view kind) {
    return static_cast<double>(fs::file_size(inputs.path_of(kind, kMany).value())) / static_cast<double>(kMany);
  };
  CHECK(bytes_a_record("ima") == doctest::Approx(156).epsilon(0.01));
  CHECK(bytes_a_record("tsm") == doctest::Approx(81).epsilon(0.01));
  CHECK(bytes_a_record("tcg2") == doctest::Approx(195).epsilon(0.01));
  CHECK(fs::file_size(inputs.path_of("tcg2", kBootRecords).value()) == doctest::Approx(30'000).epsilon(0.05));
}

TEST_CASE("the same size and seed give the same log") {
  const Scratch one;
  const Scratch two;
  for (const std::string kind : {"ima", "tsm", "tcg2", "cel"}) {
    CHECK(read_text(Inputs(one.path()).path_of(kind, kRecords).value()) ==
          read_text(Inputs(two.path()).path_of(kind, kRecords).value()));
  }
}

TEST_CASE("what a command costs is its own") {
  const Scratch scratch;
  const Commands commands(TIMED_BINARY, scratch.path());
  const auto cost = commands.run({"/bin/sh", "-c", "echo out; echo err >&2; exit 7"}, Commands::Output::kept);
  REQUIRE(cost.has_value());
  CHECK(cost->status == 7);
  CHECK(cost->output == "out\n");
  CHECK(cost->errors == "err\n");
  CHECK(cost->wall > 0);
  CHECK(cost->peak > 0);
  // Less than the process of this test holds.
  CHECK(cost->peak < 4);
  CHECK_FALSE(commands.run({scratch.path() + "/absent"}).has_value());
}

TEST_CASE("a missed goal is said, and is no failure; a wrong answer is one") {
  const Row row{.group = "work on %n",
                .what = "replay",
                .records = 1'000'000,
                .command = {},
                .prints = {},
                .other_name = "peer",
                .other = {},
                .measure = Measure::cpu,
                .relation = Relation::times,
                .must = 8,
                .ambition = 20};
  Results results;
  results.rows.push_back({.row = &row, .records = 1'000'000, .reached = 10});
  CHECK(results.good());
  const std::string text = report(results, {});
  CHECK(text.contains("work on 1M"));
  CHECK(text.contains("10.0 times less"));
  CHECK(text.contains("8: reached"));
  CHECK(text.contains("20: missed"));
  CHECK(text.contains("Of what must be: 1 of 1 reached, 0 missed. Of the ambitions: 0 of 1 reached, 1 missed."));
  results.rows.push_back({.row = &row, .records = 1, .problem = "peer isn't installed"});
  CHECK(results.good());
  results.rows.push_back({.row = &row, .records = 1, .problem = "exit status 1", .failed = true});
  CHECK_FALSE(results.good());
}

TEST_CASE("tables are aligned for people, and Markdown for the document") {
  TextTable table({"work", "time"});
  table.add({"a longer word", "1 s"});
  CHECK(table.text() == "work           time\na longer word  1 s\n");
  CHECK(table.markdown() == "| work | time |\n|---|---|\n| a longer word | 1 s |\n");
}
