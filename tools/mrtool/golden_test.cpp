// Runs of the tool whose output is kept under testdata/cli/. MRTOOL_BLESS=1 keeps what it prints now.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

struct Case {
  std::vector<std::string> words;
  ProcessOptions options;
};

// One argument a line; "<FILE" is standard input.
Case read_case(const std::filesystem::path& path) {
  Case found;
  std::istringstream lines(read_text(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('<')) {
      found.options.input = kTestdata + "/" + line.substr(1);
    } else {
      found.words.push_back(line);
    }
  }
  return found;
}

TEST_CASE("golden runs") {
  const bool bless = std::getenv("MRTOOL_BLESS") != nullptr;
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(kTestdata + "/cli")) {
    cases.push_back(entry.path());
  }
  std::ranges::sort(cases);
  CHECK(cases.size() > 10);
  for (const std::filesystem::path& path : cases) {
    CAPTURE(path.filename().string());
    const Case golden = read_case(path / "cmd");
    const Finished finished = mrtool(golden.words, golden.options);
    if (bless) {
      write_text(path / "stdout", finished.out);
      write_text(path / "stderr", finished.err);
      write_text(path / "status", std::to_string(finished.status) + "\n");
    }
    CHECK(finished.out == read_text(path / "stdout"));
    CHECK(finished.err == read_text(path / "stderr"));
    CHECK(std::to_string(finished.status) + "\n" == read_text(path / "status"));
  }
}

}  // namespace
}  // namespace mrtool::testing
