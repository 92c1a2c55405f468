// Real logs, where the shared corpus lies beside the repository.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "formats/formats.hpp"
#include "formats/tcg/test_log.hpp"
#include "lib/base/test_files.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

// Files that are no log at all.
constexpr std::array<std::string_view, 4> kNoLogs{
    "keylime-binary_bios_measurements-bogus.bin", "keylime-binary_bios_measurements-empty.bin",
    "go-eventlog-CCEL.acpi-table.bin", "trustauthority-CCEL.acpi-table.bin"};

bool is_log(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".bin") || name.ends_with(".log") || name == "binary_bios_measurements";
}

Row row_of(const FormatRow& format) {
  if (format.name == "tcg") {
    return Row::tcg;
  }
  return format.name == "ccel" ? Row::ccel : Row::tcg2;
}

// Reads, and writes back byte for byte both ways. True when the file is a log.
bool check_file(const fs::path& path, std::string_view expected_format) {
  CAPTURE(path.string());
  const Bytes bytes = read_test_file(path);
  const auto found = detect_format({.prefix = bytes, .complete = true});
  if (!found) {
    return false;
  }
  if (!expected_format.empty()) {
    CHECK(found->format->name == expected_format);
  }
  const auto log = read_whole(row_of(*found->format), bytes);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK_FALSE(log->records.empty());
  CHECK(write_whole(*log, Raw::kept) == bytes);
  CHECK(write_whole(*log, Raw::dropped) == bytes);
  return true;
}

}  // namespace

TEST_CASE("every real log is recognised, read without error and written back") {
  if (!has_corpus()) {
    return;
  }
  for (const auto& [directory, format] : {std::pair("tcg1", "tcg"), {"tcg2", "tcg2"}, {"ccel", "ccel"}}) {
    for (const auto& entry : fs::directory_iterator(kCorpus / directory)) {
      if (!is_log(entry.path())) {
        continue;
      }
      const bool no_log = std::ranges::find(kNoLogs, entry.path().filename().string()) != kNoLogs.end();
      CAPTURE(entry.path().string());
      CHECK(check_file(entry.path(), format) == !no_log);
    }
  }
  for (const auto& machine : fs::directory_iterator(kCorpus / "vm")) {
    const fs::path path = machine.path() / "tpm0" / "binary_bios_measurements";
    if (fs::exists(path) && !fs::is_empty(path)) {
      CAPTURE(path.string());
      CHECK(check_file(path, ""));
    }
  }
}
