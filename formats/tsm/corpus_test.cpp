// Logs that the kernel's code wrote, where the shared corpus lies beside the repository. The registers started at zero.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "formats/aael/detect.hpp"
#include "formats/tsm/detect.hpp"
#include "formats/tsm/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/tsm_line.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  return std::string(as_text(read_test_file(path)));
}

// Detected if it holds anything measured; written back both ways; every step's value.
void check_case(const fs::path& directory) {
  CAPTURE(directory.string());
  const std::string text = read_text(directory / "log");
  const auto bank = tsm::parse_kernel_name(read_text(directory / "hash_algo"));
  REQUIRE(bank);
  const ReadOptions options{.bank = *bank};
  const auto log = read_whole("tsm", text, options);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK_FALSE(log->diagnostics.has("V23"));
  CHECK(write_text("tsm", *log, Raw::kept) == text);
  CHECK(write_text("tsm", *log, Raw::dropped) == text);
  if (!text.empty()) {
    const auto found = detect_format({.prefix = as_bytes(text), .complete = true});
    REQUIRE(found);
    CHECK(found->format->name == "tsm");
  }
  const auto document = nlohmann::json::parse(read_text(directory / "steps.json"));
  for (const auto& step : document.at("steps")) {
    const auto part =
        read_whole("tsm", std::string_view(text).substr(0, step.at("log_len").get<std::size_t>()), options);
    CAPTURE(step.dump());
    CHECK_FALSE(part->error);
    CHECK((fold(*part, *bank) == step.at("digest").get<std::string>()) == step.at("replay_ok").get<bool>());
  }
}

}  // namespace

TEST_CASE("every log of the kernel's code is recognised, written back, and folds to the register after every step") {
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

TEST_CASE("no other file of the corpus is taken for a TSM or AAEL log") {
  if (!has_corpus()) {
    return;
  }
  const auto host = make_host("");
  for (const auto& entry : fs::recursive_directory_iterator(kCorpus)) {
    const std::string path = fs::relative(entry.path(), kCorpus).string();
    if (!entry.is_regular_file() || path.starts_with("tsm/") || path.starts_with("aael/")) {
      continue;
    }
    CAPTURE(path);
    auto source = host->open(entry.path().string());
    REQUIRE(source);
    PeekSource peek(*std::move(source));
    const auto bytes = peek.peek(kDetectBytes);
    REQUIRE(bytes);
    const Probe probe{.prefix = *bytes, .complete = peek.at_end_after_peek()};
    CHECK_FALSE(tsm::detect(probe));
    CHECK_FALSE(aael::detect(probe));
  }
}
