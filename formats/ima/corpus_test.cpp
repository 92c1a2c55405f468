// Real lists, where the shared corpus lies beside the repository.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "formats/ima/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/content.hpp"

using namespace mrtool;
using namespace mrtool::ima::testing;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

// What is wrong with the framing of some files, and how many entries come before it.
struct Broken {
  std::string_view name;
  std::size_t records;
  std::string_view why;
};
constexpr std::array kBroken = std::to_array<Broken>({
    {"tpm2-tss-sml-ima-ng-sha1.bin", 6, "one byte of a seventh entry"},
    {"tpm2-tss-sml-ima-sha1.bin", 12, "one byte of a thirteenth entry"},
    {"tpm2-tss-sml-ima-sig-sha256.bin", 9, "six bytes of a tenth entry"},
    {"rust-keylime-invalid_ima_log.txt", 0, "a text that is no list"},
});

// Digests that are of no data: which bank the list is of cannot be known.
constexpr std::string_view kUndecided = "keylime-ima-log-unknown.txt";

std::string_view format_of(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".txt") || name.starts_with("ascii") ? "ima-ascii" : "ima";
}

std::vector<fs::path> lists_in(const fs::path& directory) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".json") && name != "violations" && name != "runtime_measurements_count") {
      paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

// Both forms of a list say the same.
void check_other_form(const WholeLog& log, std::string_view format, const Bytes& bytes) {
  const std::string_view other = format == "ima" ? "ima-ascii" : "ima";
  const auto converted = write_whole(other, log, Raw::kept);
  REQUIRE(converted);
  const auto back = read_whole(other, *converted);
  REQUIRE_FALSE(back->error);
  const bool styled = std::ranges::any_of(log.records, [](const Record* record) { return record->framing != 0; });
  if (!styled) {
    CHECK(*write_whole(format, *back, Raw::kept) == bytes);
  }
}

std::unique_ptr<WholeLog> check_list(const fs::path& path) {
  CAPTURE(path.string());
  const Bytes bytes = read_test_file(path);
  const std::string_view format = format_of(path);
  const auto found = detect_format({.prefix = ByteView(bytes).first(std::min<std::size_t>(bytes.size(), kDetectBytes)),
                                    .complete = bytes.size() <= kDetectBytes});
  REQUIRE(found);
  CHECK(found->format->name == format);
  auto log = read_whole(format, bytes);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK(*write_whole(format, *log, Raw::kept) == bytes);
  CHECK(*write_whole(format, *log, Raw::dropped) == bytes);
  check_other_form(*log, format, bytes);
  HashEngine engine;
  for (const Record* record : log->records) {
    const Decoded decoded = decode(*record, log->info);
    CHECK(decoded.problem.empty());
    CHECK_FALSE(decoded.fields.empty());
  }
  return log;
}

std::size_t digests_that_differ(const WholeLog& log) {
  HashEngine engine;
  return static_cast<std::size_t>(std::ranges::count_if(log.records, [&](const Record* record) {
    return std::ranges::any_of(judge(*record, log.info, engine).digests,
                               [](const DigestJudgement& digest) { return digest.check == Check::differs; });
  }));
}

}  // namespace

TEST_CASE("lists of the corpus are recognised, read, and written back in both forms") {
  if (!has_corpus()) {
    return;
  }
  for (const fs::path& path : lists_in(kCorpus / "ima")) {
    const std::string name = path.filename().string();
    CAPTURE(name);
    const auto broken = std::ranges::find(kBroken, name, &Broken::name);
    if (broken != kBroken.end()) {
      const auto log = read_whole(format_of(path), read_test_file(path));
      REQUIRE(log->error);
      CHECK(log->error->kind == ErrorKind::malformed);
      CHECK(log->records.size() == broken->records);
      continue;
    }
    if (name == kUndecided) {
      CHECK(read_whole("ima-ascii", read_test_file(path))->error->kind == ErrorKind::inconclusive);
      const auto named = read_whole("ima-ascii", read_test_file(path), {.bank = HashAlgorithm::sha256});
      CHECK_FALSE(named->error);
      CHECK(named->records.size() == 2);
      continue;
    }
    const auto log = check_list(path);
    const bool made_up = name.starts_with("keylime-");
    if (!made_up) {
      CHECK(digests_that_differ(*log) == 0);
    }
  }
}

TEST_CASE("numbers of entries and violations of the corpus") {
  if (!has_corpus()) {
    return;
  }
  struct Known {
    std::string_view name;
    std::size_t records;
    std::int64_t violations;
  };
  for (const Known& known :
       {Known{"ibmtss-ima-sha1.log", 362, 0}, Known{"ibmtss-imatest.log", 17, 1},
        Known{"guard-oss-h12ssl.binary_measurements.bin", 2365, 2},
        Known{"guard-oss-sr630.binary_measurements.bin", 3696, 154},
        Known{"libcel-binary_runtime_measurements.bin", 58, 0},
        Known{"charra-binary_runtime_measurements.bin", 1650, 0}, Known{"kunpengsecl-ascii_ima.txt", 5553, 0},
        Known{"measured-boot-tools-binary_runtime_measurements.bin", 6, 0}}) {
    CAPTURE(known.name);
    const fs::path path = kCorpus / "ima" / known.name;
    const auto log = read_whole(format_of(path), read_test_file(path));
    CHECK(log->records.size() == known.records);
    if (format_of(path) == "ima") {
      CHECK(std::ranges::count_if(log->records, &Record::violation) == known.violations);
    }
  }
}

TEST_CASE("registers that sources of the corpus state") {
  if (!has_corpus()) {
    return;
  }
  for (const char* name : {"ibmtss-ima-sha1.log", "ibmtss-ima-sha256.log"}) {
    const fs::path path = kCorpus / "ima" / name;
    const auto log = read_whole("ima", read_test_file(path));
    const Bytes expected = read_test_file(path.string() + ".expected.json");
    const auto registers = nlohmann::json::parse(expected)["expect"]["registers"]["pcr"];
    for (const auto& [bank, values] : registers.items()) {
      CHECK(folded(*log, "pcr10", *parse_algorithm(bank)) == values["10"].get<std::string>());
    }
  }
}

TEST_CASE("lists of virtual machines replay to their TPM's registers in every bank") {
  if (!has_corpus()) {
    return;
  }
  for (const auto& machine : fs::directory_iterator(kCorpus / "vm")) {
    if (!fs::is_directory(machine.path() / "ima")) {
      continue;
    }
    const auto registers = nlohmann::json::parse(read_test_file(machine.path() / "pcrs.json"));
    for (const fs::path& path : lists_in(machine.path() / "ima")) {
      const auto log = check_list(path);
      CAPTURE(path.string());
      CHECK(digests_that_differ(*log) == 0);
      for (const auto& [bank, values] : registers.items()) {
        for (const char* index : {"10", "11", "12"}) {
          const std::string reg = fmt::format("pcr{}", index);
          const bool used =
              std::ranges::any_of(log->records, [&](const Record* record) { return to_string(record->reg) == reg; });
          if (used && values.contains(index)) {
            CHECK(folded(*log, reg, *parse_algorithm(bank)) == values[index].get<std::string>());
          }
        }
      }
    }
  }
}

TEST_CASE("evmctl finds the same registers in lists of virtual machines") {
  if (!has_corpus()) {
    return;
  }
  if (std::system("evmctl --help >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: no evmctl here");
    return;
  }
  for (const auto& machine : fs::directory_iterator(kCorpus / "vm")) {
    const fs::path list = machine.path() / "ima" / "binary_runtime_measurements";
    if (!fs::is_regular_file(list)) {
      continue;
    }
    const auto log = read_whole("ima", read_test_file(list));
    const bool one_register =
        std::ranges::all_of(log->records, [](const Record* record) { return record->reg == *parse_register("pcr10"); });
    if (!one_register) {
      continue;
    }
    for (const std::string_view bank : {"sha1", "sha256"}) {
      CAPTURE(list.string());
      const fs::path registers = fs::temp_directory_path() / fmt::format("mrtool-evmctl-{}", bank);
      const std::string value = folded(*log, "pcr10", *parse_algorithm(bank));
      std::ofstream file(registers);
      for (int index = 0; index < 24; ++index) {  // it wants them all
        file << fmt::format("PCR-{:02}: {}\n", index, index == 10 ? value : std::string(value.size(), '0'));
      }
      file.close();
      const std::string command =
          fmt::format("evmctl ima_measurement --ignore-violations --pcrs {},'{}' '{}' >/dev/null 2>&1", bank,
                      registers.string(), list.string());
      CHECK(std::system(command.c_str()) == 0);
      fs::remove(registers);
    }
  }
}

TEST_CASE("no file of another format is taken for an IMA list") {
  if (!has_corpus()) {
    return;
  }
  for (const char* folder : {"aael", "ccel", "cel", "systemd", "tcg1", "tcg2", "tsm", "registers"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kCorpus / folder)) {
      if (!entry.is_regular_file()) {
        continue;
      }
      CAPTURE(entry.path().string());
      const Bytes bytes = read_test_file(entry.path());
      const Probe probe{.prefix = ByteView(bytes).first(std::min<std::size_t>(bytes.size(), kDetectBytes)),
                        .complete = bytes.size() <= kDetectBytes};
      CHECK_FALSE(find_format("ima")->detect(probe));
      CHECK_FALSE(find_format("ima-ascii")->detect(probe));
    }
  }
}
