// What people see: colours and columns, which are for terminals only.
#include <doctest/doctest.h>

#include <sstream>

#include "lib/base/text.hpp"
#include "tools/mrtool/process_test.hpp"
#include "tools/mrtool/run.hpp"

namespace mrtool::testing {
namespace {

const std::string kLog = kTestdata + "/vm/shimgrub-secureboot/binary_bios_measurements";

struct Run {
  int status = 0;
  std::string out;
  std::string err;
};

Run run_at(const std::vector<std::string>& words, std::size_t columns, bool no_color = false) {
  MemoryOutput out;
  MemoryOutput err;
  Environment environment{.out = out, .err = err};
  environment.output_is_terminal = columns != 0;
  environment.error_is_terminal = columns != 0;
  environment.columns = columns;
  environment.no_color = no_color;
  const int status = run(words, environment);
  return {.status = status, .out = out.text(), .err = err.text()};
}

TEST_CASE("a terminal gets colours unless told otherwise, a pipe none unless asked") {
  CHECK(run_at({"inspect", kLog}, 100).out.contains("\x1B["));
  CHECK(!run_at({"inspect", kLog}, 100, true).out.contains("\x1B["));
  CHECK(!run_at({"inspect", kLog, "--color", "never"}, 100).out.contains("\x1B["));
  CHECK(!run_at({"inspect", kLog}, 0).out.contains("\x1B["));
  CHECK(run_at({"inspect", kLog, "--color", "always"}, 0, true).out.contains("\x1B["));
  CHECK(run_at({"replay", kLog}, 100).out.contains("\x1B["));
}

TEST_CASE("rows fit the terminal, dots stand for what is left out, and the names of files stay") {
  for (const std::size_t columns : {80U, 100U, 132U}) {
    CAPTURE(columns);
    const Run shown = run_at({"inspect", kLog}, columns, true);
    std::istringstream lines(shown.out);
    std::string line;
    std::getline(lines, line);  // the log's name is shown in full
    std::size_t cut = 0;
    while (std::getline(lines, line)) {
      CAPTURE(line);
      CHECK(display_width(line) <= columns);
      cut += line.contains("...") ? 1 : 0;
    }
    CHECK(cut > 0);
    CHECK(shown.out.contains("\\BOOT\\BOOTX64.EFI)"));
  }
}

TEST_CASE("a terminal of 80 columns has 40 for the summary, and the marks") {
  const std::string changed = kTestdata + "/vectors/agile-sha256-changed.bin";
  for (const std::size_t columns : {80U, 88U, 100U}) {
    CAPTURE(columns);
    std::istringstream lines(run_at({"inspect", changed}, columns, true).out);
    std::string title;
    std::getline(lines, title);  // the log's name
    std::getline(lines, title);
    CHECK(title.find("SUMMARY") + 40 <= columns);
    CHECK(title.contains("DIGEST") == (columns >= 88));
    bool marked = false;
    for (std::string line; std::getline(lines, line) && !line.contains("bytes");) {
      marked = marked || line.contains(" ! ");
    }
    CHECK(marked);
  }
}

TEST_CASE("verify: details are aligned on a terminal, and one line a check elsewhere") {
  const std::vector<std::string> words = {
      "verify", kTestdata + "/vectors/ccel-sha384.bin", "--quote", kTestdata + "/quotes/tdx-v4.quote",
      "--ca",   kTestdata + "/quotes/tdx-root.pem",     "--nonce", "00112233445566778899aabbccddeeff"};
  const Run plain = run_at(words, 0);
  const Run shown = run_at(words, 80, true);
  CHECK(plain.status == 0);
  std::istringstream lines(shown.out);
  std::size_t aligned = 0;
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK((display_width(line) <= 80 || line.contains(kTestdata)));
    aligned += line.find_first_not_of(' ') == 36 ? 1 : 0;
  }
  CHECK(aligned > 3);
  std::istringstream checks(plain.out);
  for (std::string line; std::getline(checks, line);) {
    CHECK(line.find_first_not_of(' ') <= 2);
  }
}

TEST_CASE("a pipe gets every summary in full") {
  std::istringstream lines(run_at({"inspect", kLog}, 0).out);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) {
    CHECK(!line.contains("..."));
    CHECK(!line.ends_with(' '));
    longest = std::max(longest, line.size());
  }
  CHECK(longest > 100);
}

TEST_CASE("equal messages are counted, and told in full with -v") {
  const std::string log = kTestdata + "/vectors/agile-sha256-changed.bin";
  CHECK(run_at({"inspect", log, log}, 0).err.contains("[digest-differs]"));
  CHECK(run_at({"inspect", log}, 0).status == 0);
  CHECK(run_at({"inspect", "-q", log}, 0).err.empty());
}

}  // namespace
}  // namespace mrtool::testing
