// Logs that the kernel's code wrote, with the register's value after every step, where the shared corpus lies beside
// the repository. The registers started at zeros.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lib/base/test_files.hpp"
#include "lib/replay/tsm_test_log.hpp"

using namespace mrtool;
using namespace mrtool::replay_test;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  return std::string(as_text(read_test_file(path)));
}

// Against the register's value; equal, and the value of the plain reading unless the register has to decide.
void check_value(const std::string& text, HashAlgorithm bank, const Digest& value, bool plain_rule_holds) {
  const TsmLog log("rtmr0", bank, text);
  const Outcome outcome = replay_against("rtmr0", bank, value, log);
  if (log.records.empty()) {
    return;  // nothing was measured
  }
  const RegisterResult& result = outcome.at("rtmr0", bank);
  CHECK(outcome.state("rtmr0", bank) == MatchState::equal);
  CHECK(result.value == value);
  CHECK(result.gaps.empty());
  if (result.records != 0) {
    CHECK(result.log_verdict.has_value());
    CHECK((result.log_verdict == LogVerdict::complete || result.log_verdict == LogVerdict::opaque));
    CHECK(outcome.verdict() == ReplayVerdict::equal);
    const Outcome alone = replay_against("rtmr0", bank, std::nullopt, log);
    CHECK((alone.at("rtmr0", bank).value == value || !plain_rule_holds));
  }
}

void check_case(const fs::path& directory) {
  CAPTURE(directory.filename().string());
  const std::string text = read_text(directory / "log");
  const auto bank = tsm::parse_kernel_name(read_text(directory / "hash_algo"));
  REQUIRE(bank);
  const auto document = nlohmann::json::parse(read_text(directory / "steps.json"));
  for (const auto& step : document.at("steps")) {
    CAPTURE(step.at("step").dump());
    check_value(text.substr(0, step.at("log_len").get<std::size_t>()), *bank,
                digest_of(step.at("digest").get<std::string>()), step.at("replay_ok").get<bool>());
  }
  std::string last = read_text(directory / "digest.hex");
  last.erase(last.find_last_not_of(" \n") + 1);
  check_value(text, *bank, digest_of(last), false);
}

}  // namespace

TEST_CASE("every log of the kernel's code explains its register after every step") {
  if (!has_corpus("tsm")) {
    return;
  }
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus / "tsm")) {
    if (entry.is_directory()) {
      check_case(entry.path());
      ++cases;
    }
  }
  CHECK(cases > 0);
}
