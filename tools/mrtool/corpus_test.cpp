// The whole tool over real logs: the corpus beside the project where it is there, and the captures in testdata/ always.
// The corpus belongs to other projects, so where it is absent its cases are skipped and counted.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "lib/base/test_files.hpp"
#include "tools/mrtool/process_test.hpp"
#include "tools/mrtool/run.hpp"

using namespace mrtool;
using testing::has_corpus;
using testing::kCorpus;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

const fs::path kSource = MRTOOL_SOURCE_DIR;

struct Ran {
  int status = 0;
  std::string out;
  std::string err;
};

Ran run_tool(std::vector<std::string> arguments) {
  MemoryOutput out;
  MemoryOutput err;
  Environment environment{.out = out, .err = err};
  const int status = run(arguments, environment);
  out.flush();
  err.flush();
  return {.status = status, .out = out.text(), .err = err.text()};
}

std::vector<fs::path> sorted_files(const fs::path& directory) {
  std::vector<fs::path> files;
  if (fs::exists(directory)) {
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.is_regular_file()) {
        files.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

bool is_log(const fs::path& path) {
  const std::string name = path.filename();
  static constexpr std::array kBeside = {".json", ".yaml", ".txt", ".warn"};
  return std::ranges::none_of(kBeside, [&](const char* ending) { return name.ends_with(ending); });
}

// What MANIFEST.md calls broken, or no log at all.
const std::set<std::string> kBroken = {
    "keylime-binary_bios_measurements-bogus.bin",
    "keylime-binary_bios_measurements-empty.bin",
    "go-eventlog-CCEL.acpi-table.bin",
    "trustauthority-CCEL.acpi-table.bin",
};

std::vector<fs::path> firmware_logs() {
  std::vector<fs::path> logs;
  for (const char* kind : {"tcg1", "tcg2", "ccel"}) {
    std::ranges::copy_if(sorted_files(kCorpus / kind), std::back_inserter(logs), is_log);
  }
  for (const fs::path& vm : {kCorpus / "vm", kSource / "testdata" / "vm"}) {
    if (!fs::exists(vm)) {
      continue;
    }
    for (const auto& boot : fs::directory_iterator(vm)) {
      for (const char* place : {"tpm0/binary_bios_measurements", "binary_bios_measurements"}) {
        if (fs::exists(boot.path() / place)) {
          logs.push_back(boot.path() / place);
        }
      }
    }
  }
  return logs;
}

Json read_json(const fs::path& path) {
  std::ifstream in(path);
  return Json::parse(in);
}

// {bank: {register: value}} of a replay, as the tool prints it.
std::map<std::string, std::map<std::string, std::string>> replayed(const fs::path& log, int* status) {
  const Ran ran = run_tool({"replay", "--json", log.string()});
  *status = ran.status;
  std::map<std::string, std::map<std::string, std::string>> values;
  const Json result = Json::parse(ran.out);
  for (const Json& item : result["registers"]) {
    values[item["bank"]][item["register"]] = item["value"];
  }
  return values;
}

std::string initial_value(const std::string& kind, int index, std::size_t hex_digits) {
  const bool dynamic = kind == "pcr" && index >= 17 && index <= 22;
  return std::string(hex_digits, dynamic ? 'f' : '0');
}

}  // namespace

TEST_CASE("every firmware log is inspected and replayed, and what is broken is refused") {
  has_corpus();
  for (const fs::path& log : firmware_logs()) {
    CAPTURE(log.string());
    const int expected = kBroken.contains(log.filename()) ? 3 : 0;
    CHECK(run_tool({"inspect", log.string()}).status == expected);
    CHECK(run_tool({"inspect", "--details", "--raw", log.string()}).status == expected);
    CHECK(run_tool({"inspect", "--yaml", log.string()}).status == expected);
    CHECK(run_tool({"replay", log.string()}).status == expected);
  }
}

TEST_CASE("stated register values are met") {
  if (!has_corpus()) {
    return;
  }
  // The TPM's value of this PCR 5 has two events that the log lacks; the source states exactly that gap.
  const std::set<std::string> kLacksEvents = {"go-attestation-ebs_event_missing.bin"};
  std::size_t compared = 0;
  for (const fs::path& log : firmware_logs()) {
    const fs::path expected_path = log.string() + ".expected.json";
    if (!fs::exists(expected_path)) {
      continue;
    }
    const Json expected = read_json(expected_path).at("expect");
    if (!expected.contains("registers")) {
      continue;
    }
    CAPTURE(log.string());
    int status = 0;
    const auto values = replayed(log, &status);
    CHECK(status == 0);
    for (const auto& [kind, banks] : expected["registers"].items()) {
      for (const auto& [bank, registers] : banks.items()) {
        for (const auto& [index, value] : registers.items()) {
          const std::string name = kind + index;
          CAPTURE(name);
          CAPTURE(bank);
          const std::string stated = value;
          const bool has = values.contains(bank) && values.at(bank).contains(name);
          const std::string got = has ? values.at(bank).at(name) : initial_value(kind, std::stoi(index), stated.size());
          CHECK((got == stated) == !kLacksEvents.contains(log.filename()));
          ++compared;
        }
      }
    }
  }
  CHECK(compared > 300);
}

TEST_CASE("stated digests are shown") {
  if (!has_corpus()) {
    return;
  }
  std::size_t compared = 0;
  for (const fs::path& log : firmware_logs()) {
    const fs::path expected_path = log.string() + ".expected.json";
    if (!fs::exists(expected_path)) {
      continue;
    }
    const Json expected = read_json(expected_path).at("expect");
    if (!expected.contains("contains_digest")) {
      continue;
    }
    CAPTURE(log.string());
    const std::string shown = run_tool({"inspect", "--ndjson", log.string()}).out;
    for (const Json& item : expected["contains_digest"]) {
      const std::string digest = item;
      CHECK(shown.find("\"" + digest + "\"") != std::string::npos);
      ++compared;
    }
  }
  CHECK(compared > 0);
}

TEST_CASE("captured boots: the log explains every PCR that only firmware and boot loaders extend") {
  std::size_t boots = 0;
  for (const auto& boot : fs::directory_iterator(kSource / "testdata" / "vm")) {
    CAPTURE(boot.path().string());
    const Json pcrs = read_json(boot.path() / "pcrs.json");
    int status = 0;
    const auto values = replayed(boot.path() / "binary_bios_measurements", &status);
    CHECK(status == 0);
    for (const auto& [bank, registers] : values) {
      for (const auto& [name, value] : registers) {
        // systemd and IMA extend 9 to 15 of these machines after the log was closed.
        const int index = std::stoi(name.substr(3));
        if (index > 8) {
          continue;
        }
        CAPTURE(bank);
        CAPTURE(name);
        CHECK(value == pcrs[bank][std::to_string(index)].get<std::string>());
      }
    }
    ++boots;
  }
  CHECK(boots >= 6);
}

TEST_CASE("no rendering loses a record") {
  has_corpus();
  const auto count = [](const std::string& text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) {
      ++found;
    }
    return found;
  };
  for (const fs::path& log : firmware_logs()) {
    if (kBroken.contains(log.filename())) {
      continue;
    }
    CAPTURE(log.string());
    const Json document = Json::parse(run_tool({"inspect", "--json", log.string()}).out);
    const std::size_t records = document["records"].size();
    CHECK(document["logs"][0]["records"] == records);
    // A head and a tail line beside the records.
    CHECK(count(run_tool({"inspect", "--ndjson", log.string()}).out, "\n") == records + 2);
    // A head, the titles and a tail line.
    CHECK(count(run_tool({"inspect", log.string()}).out, "\n") >= records + 3);
    CHECK(count(run_tool({"inspect", "--details", log.string()}).out, "\nrecord ") == records);
    CHECK(count(run_tool({"inspect", "--yaml", log.string()}).out, "\n    type_value: ") == records);
    CHECK(count(run_tool({"inspect", "--tpm2-yaml", log.string()}).out, "\n  EventType: ") == records);
    std::size_t bytes = 0;
    for (const Json& record : document["records"]) {
      bytes += record["data_hex"].get<std::string>().size();
    }
    CHECK(bytes > 0);
  }
}

TEST_CASE("a changed byte that was measured is noticed") {
  const fs::path boot = kSource / "testdata" / "vm" / "sdboot-default";
  std::ifstream in(boot / "binary_bios_measurements", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const std::string values = boot / "pcrs.json";
  const std::string register_list = "sha256:0-8";
  const Json document = Json::parse(run_tool({"inspect", "--json", boot / "binary_bios_measurements"}).out);
  const fs::path changed = fs::temp_directory_path() / fmt::format("mrtool-changed-{}.bin", ::getpid());
  std::size_t digests = 0;
  std::size_t contents = 0;
  for (const Json& record : document["records"]) {
    if (!record["extends"].get<bool>()) {
      continue;
    }
    const auto offset = record["offset"].get<std::size_t>();
    const auto length = record["length"].get<std::size_t>();
    const std::size_t data = record["data_hex"].get<std::string>().size() / 2;
    constexpr std::size_t kDigestAt = 14;  // index, type, count, algorithm
    constexpr std::size_t kDigestBytes = 32;
    const bool covered = record["digests"][0]["recipe"] == "exact";
    for (std::size_t i = 0; i < length; ++i) {
      const bool in_digest = i >= kDigestAt && i < kDigestAt + kDigestBytes;
      const bool in_data = i >= length - data && covered;
      if (!in_digest && !in_data) {
        continue;
      }
      std::string other = bytes;
      other[offset + i] = static_cast<char>(other[offset + i] ^ 0x20);
      std::ofstream(changed, std::ios::binary | std::ios::trunc) << other;
      CAPTURE(offset + i);
      if (in_digest && record["index"].get<int>() <= 8) {
        CHECK(run_tool({"replay", changed, "--register", register_list, "--against", values}).status == 1);
        ++digests;
      }
      if (in_data) {
        // What the data is taken for can change with it, so that the digest may become one that can't be checked.
        const Json now = Json::parse(run_tool({"inspect", "--json", changed}).out);
        CHECK(now["records"][record["record"].get<std::size_t>()]["digests"][0]["check"] != "matches");
        ++contents;
      }
    }
  }
  fs::remove(changed);
  CHECK(digests > 500);
  CHECK(contents > 500);
}

TEST_CASE("the ACPI table is described where it is refused") {
  if (!has_corpus()) {
    return;
  }
  const Ran ran = run_tool({"inspect", kCorpus / "ccel" / "go-eventlog-CCEL.acpi-table.bin"});
  CHECK(ran.status == 3);
  CHECK(ran.out.empty());
  CHECK(ran.err.find("TDX") != std::string::npos);
  CHECK(ran.err.find("65536") != std::string::npos);
}

TEST_CASE("every truncation of a log is damage and marked, but at a record border or inside a fill") {
  // One log a kind: SHA-1, crypto-agile, CCEL with a fill, and where the corpus is here CCEL of a real guest and
  // Windows.
  std::vector<fs::path> logs = {
      kSource / "testdata" / "vm" / "seabios-tpm12" / "binary_bios_measurements",
      kSource / "testdata" / "vm" / "sdboot-default" / "binary_bios_measurements",
      kSource / "testdata" / "vectors" / "ccel-sha384.bin",
  };
  if (has_corpus()) {
    logs.push_back(kCorpus / "ccel" / "trustee-CCEL_AAEL_alibabacloud.bin");
    logs.push_back(kCorpus / "tcg1" / "guard-oss-windows_event_log.bin");
  }
  const fs::path cut = fs::temp_directory_path() / fmt::format("mrtool-cut-{}.bin", ::getpid());
  for (const fs::path& log : logs) {
    CAPTURE(log.string());
    std::ifstream in(log, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    REQUIRE(!bytes.empty());
    std::set<std::size_t> borders;
    std::size_t end_of_records = 0;
    const Json whole = Json::parse(run_tool({"inspect", "--json", log.string()}).out);
    for (const Json& record : whole["records"]) {
      borders.insert(record["offset"].get<std::size_t>());
      end_of_records = record["offset"].get<std::size_t>() + record["length"].get<std::size_t>();
    }
    borders.insert(end_of_records);
    borders.erase(0);
    std::size_t wrong = 0;
    // Written once and then cut down: rewriting a file waits for the disk each time.
    std::ofstream(cut, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    // Sanitized builds, which are slow, try every seventh length.
    constexpr std::size_t kStride = testing::kSanitized ? 7 : 1;
    for (std::size_t length = (bytes.size() - 1) / kStride * kStride + kStride; length >= kStride;) {
      length -= kStride;
      fs::resize_file(cut, length);
      const bool clean = borders.contains(length) || length >= end_of_records + 8;
      const Ran ran = run_tool({"replay", "--json", cut.string()});
      const Json result = Json::parse(ran.out, nullptr, false);
      const bool marked = !result.is_discarded() && result.contains("logs") && result["logs"].size() == 1 &&
                          result["logs"][0]["partial"] == true;
      const bool right = clean ? ran.status == 0 && !marked : ran.status == 3 && (marked || result.is_discarded());
      if (!right && ++wrong <= 3) {
        CAPTURE(length);
        CAPTURE(ran.status);
        CAPTURE(ran.err);
        CHECK(right);
      }
    }
    CHECK(wrong == 0);
  }
  fs::remove(cut);
}
