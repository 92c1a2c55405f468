// The documents of --tpm2-yaml against those of tpm2-tools: the current release's, which lie beside real logs, and what
// the installed one prints. Equal as YAML data, but for the differences that mrtool-inspect(1) names.
#include "tools/mrtool/render/tpm2_yaml.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/test_files.hpp"
#include "tools/mrtool/process_test.hpp"
#include "tools/mrtool/run.hpp"

namespace mrtool {
namespace {

namespace fs = std::filesystem;
using testing::have_program;
using testing::kCorpus;
using testing::read_text;

const fs::path kTestdata = testing::kTestdata;

std::string run_tool(const std::vector<std::string>& arguments) {
  MemoryOutput out;
  MemoryOutput err;
  Environment environment{.out = out, .err = err};
  CHECK(run(arguments, environment) == 0);
  out.flush();
  return out.text();
}

std::string inspected(const fs::path& log, const std::string& version) {
  return run_tool({"inspect", "--quiet", "--tpm2-yaml", "--eventlog-version", version, log.string()});
}

// Takes a pair of values out of the comparison: true when it has judged them itself.
using Exception = std::function<bool(const std::string& path, const YAML::Node& ours, const YAML::Node& theirs)>;

std::string show(const YAML::Node& node) {
  constexpr std::size_t kShown = 60;
  return node.IsDefined() ? YAML::Dump(node).substr(0, kShown) : "nothing";
}

// The first difference; empty when there is none.
std::string difference(const std::string& path, const YAML::Node& ours, const YAML::Node& theirs,
                       const Exception& exception) {
  if (exception && exception(path, ours, theirs)) {
    return {};
  }
  const bool alike = ours.Type() == theirs.Type() && ours.size() == theirs.size() &&
                     (!ours.IsScalar() || ours.Scalar() == theirs.Scalar());
  if (!alike) {
    return fmt::format("{}: {} instead of {}", path, show(ours), show(theirs));
  }
  std::string found;
  if (ours.IsSequence()) {
    for (std::size_t i = 0; i < ours.size() && found.empty(); ++i) {
      found = difference(fmt::format("{}[{}]", path, i), ours[i], theirs[i], exception);
    }
  } else if (ours.IsMap()) {
    for (auto member = theirs.begin(); member != theirs.end() && found.empty(); ++member) {
      const auto name = member->first.Scalar();
      found = difference(path + "/" + name, ours[name], member->second, exception);
    }
  }
  return found;
}

// The events of a SHA-1 log are no list there, which is no YAML.
std::string with_listed_events(std::string document) {
  if (document.contains("events:\n  PCRIndex")) {
    for (std::size_t at = document.find("\n  PCRIndex"); at != std::string::npos;
         at = document.find("\n  PCRIndex", at)) {
      document[at + 1] = '-';
    }
  }
  return document;
}

std::string version_of(const std::string& document) {
  return document.contains("\nversion: 2\n") ? "2" : "1";
}

struct Golden {
  fs::path log;
  fs::path document;
};

// Beside each log; those named raw are of a tool built without efivar, those named hex of another format.
std::vector<Golden> goldens() {
  std::vector<Golden> found;
  for (const char* const directory : {"tcg1", "tcg2"}) {
    for (const auto& entry : fs::directory_iterator(kCorpus / directory)) {
      const std::string name = entry.path().filename().string();
      for (const std::string ending : {".pretty.yaml", ".tpm2-tools-pretty.yaml", ".yaml"}) {
        const fs::path log =
            entry.path().parent_path() / name.substr(0, name.size() - std::min(name.size(), ending.size()));
        if (name.ends_with(ending) && fs::is_regular_file(log)) {
          found.push_back({.log = log, .document = entry.path()});
          break;
        }
      }
    }
  }
  std::ranges::sort(found, {}, &Golden::log);
  return found;
}

TEST_CASE("documents of the current release" * doctest::skip(!fs::exists(kCorpus))) {
  std::size_t compared = 0;
  for (const Golden& golden : goldens()) {
    CAPTURE(golden.document.string());
    const std::string theirs = with_listed_events(read_text(golden.document));
    const std::string ours = inspected(golden.log, version_of(theirs));
    CHECK(difference("", YAML::Load(ours), YAML::Load(theirs), {}) == "");
    // Apart from tabs, which are escaped here, the documents are the same text.
    CHECK(std::ranges::count(ours, '\n') == std::ranges::count(theirs, '\n'));
    ++compared;
  }
  CHECK(compared == 12);
}

// Release 5.4 puts the quoted lines of a string into a literal block.
std::string text_of_quoted_lines(const std::string& lines) {
  std::string text;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    text += YAML::Load(lines.substr(begin, end - begin)).Scalar() + '\n';
    begin = end + 1;
  }
  return text;
}

// As distributions build it, without efivar.
bool without_efivar(const std::string& path, const YAML::Node& theirs) {
  return path.ends_with("/DevicePath") && theirs.Scalar().find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool changed_since_5_4(const std::string& path, const YAML::Node& ours, const YAML::Node& theirs) {
  if (path.ends_with("/String") && ours.IsScalar()) {
    const std::string text = ours.Scalar().ends_with('\n') ? ours.Scalar() : ours.Scalar() + '\n';
    return text == text_of_quoted_lines(theirs.Scalar());
  }
  return without_efivar(path, theirs);
}

TEST_CASE("documents from virtual machines" * doctest::skip(!fs::exists(kCorpus))) {
  std::size_t compared = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus / "vm")) {
    const fs::path document = entry.path() / "tpm2_eventlog.yaml";
    if (fs::exists(document)) {
      CAPTURE(document.string());
      const std::string theirs = with_listed_events(read_text(document));
      const std::string ours = inspected(entry.path() / "tpm0" / "binary_bios_measurements", version_of(theirs));
      const std::string found = difference("", YAML::Load(ours), YAML::Load(theirs),
                                           [](const std::string& path, const YAML::Node&, const YAML::Node& node) {
                                             return without_efivar(path, node);
                                           });
      CHECK(found == "");
      ++compared;
    }
  }
  CHECK(compared == 7);
}

TEST_CASE("what the installed tpm2_eventlog prints") {
  if (!have_program("tpm2_eventlog")) {
    MESSAGE("skipped: tpm2_eventlog is not installed");
    return;
  }
  for (const std::string& log : testing::sample_logs()) {
    for (const std::string version : {"1", "2"}) {
      CAPTURE(log);
      CAPTURE(version);
      const testing::Finished finished = testing::run_program({"tpm2_eventlog", "--eventlog-version=" + version, log});
      // Logs that it refuses are none to compare with. It starts PCR 0 of the vector at zeros.
      if (finished.status == 0 && log.starts_with("vm/")) {
        const YAML::Node theirs = YAML::Load(with_listed_events(finished.out));
        CHECK(difference("", YAML::Load(inspected(kTestdata / log, version)), theirs, changed_since_5_4) == "");
      }
    }
  }
}

TEST_CASE("the events of a SHA-1 log are a list without numbers") {
  const YAML::Node document = YAML::Load(inspected(kTestdata / "vectors" / "sha1-no-spec-id.bin", "1"));
  REQUIRE(document["events"].IsSequence());
  CHECK(document["events"].size() == 3);
  CHECK(!document["events"][0]["EventNum"]);
  CHECK(document["events"][1]["Digests"][0]["AlgorithmId"].Scalar() == "sha1");
  CHECK(document["pcrs"]["sha1"].size() == 2);
}

TEST_CASE("PCR 0 starts at the startup locality") {
  const YAML::Node document = YAML::Load(inspected(kTestdata / "vectors" / "agile-sha256.bin", "2"));
  CHECK(document["events"][1]["Event"]["StartupLocality"].Scalar() == "3");
  CHECK(document["pcrs"]["sha256"]["0"].Scalar() ==
        "0xd4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b");
}

TEST_CASE("the registers of a CCEL go by the index that its records have") {
  const std::string document = inspected(kTestdata / "vectors" / "ccel-sha384.bin", "1");
  const YAML::Node banks = YAML::Load(document)["pcrs"];
  for (const char* const index : {"1", "2", "3", "4"}) {
    CHECK(banks["sha384"][index]);
  }
  CHECK(banks["sha384"].size() == 4);
}

TEST_CASE("every document is YAML, whatever the log holds") {
  for (const std::string& log : testing::sample_logs()) {
    for (const std::string version : {"1", "2"}) {
      CAPTURE(log);
      MemoryOutput out;
      MemoryOutput err;
      Environment environment{.out = out, .err = err};
      run(std::vector<std::string>{"inspect", "--tpm2-yaml", "--eventlog-version", version, kTestdata / log},
          environment);
      out.flush();
      CHECK(YAML::Load(out.text())["events"].IsSequence());
    }
  }
}

RegisterResult result(std::uint32_t index, HashAlgorithm bank, std::uint8_t byte) {
  RegisterResult made;
  made.reg.kind = RegisterKind::pcr;
  made.reg.index = index;
  made.bank = bank;
  made.value = Digest::filled(find_algorithm(bank)->size, byte);
  made.records = 1;
  return made;
}

TEST_CASE("in tpm2_pcrread's shape PCRs without records hold their initial value") {
  const std::vector<RegisterResult> results{result(0, HashAlgorithm::sha1, 0xAB), result(2, HashAlgorithm::sha256, 1)};
  std::string out;
  write_tpm2_pcrread_yaml(out, results, [](const Register& reg, HashAlgorithm bank) {
    return bank == HashAlgorithm::sha1 ? reg.index == 0 || reg.index == 10 || reg.index == 17 : reg.index == 2;
  });
  CHECK(out ==
        "  sha1:\n"
        "    0 : 0xABABABABABABABABABABABABABABABABABABABAB\n"
        "    10: 0x0000000000000000000000000000000000000000\n"
        "    17: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n"
        "  sha256:\n"
        "    2 : 0x0101010101010101010101010101010101010101010101010101010101010101\n");
}

TEST_CASE("a plain diff with tpm2_pcrread shows only the PCRs that other logs explain") {
  const fs::path machine = kTestdata / "vm" / "direct-ima-ng";
  const std::string ours =
      run_tool({"replay", "--tpm2-yaml", "--register", "0-9,11-23", machine / "binary_bios_measurements"});
  std::string theirs = read_text(machine / "tpm2_pcrread.yaml");
  for (std::size_t at = theirs.find("    10: "); at != std::string::npos; at = theirs.find("    10: ")) {
    theirs.erase(at, theirs.find('\n', at) + 1 - at);
  }
  CHECK(ours == theirs);
}

TEST_CASE("registers that records only mention are listed with their initial value") {
  std::string out;
  Tpm2EventlogYaml yaml(out, EventlogVersion::v1);
  LogInfo info;
  info.format = "tcg2";
  yaml.begin(info);
  Record record;
  record.content = ContentType::pcclient;
  record.type = 3;
  record.reg.kind = RegisterKind::pcr;
  const std::vector<std::uint8_t> zeros(20);
  const std::vector<DigestEntry> digests{{.algorithm = HashAlgorithm::sha1, .value = zeros}};
  record.digests = digests;
  const std::uint8_t locality = 3;
  record.asserts = Assertion{.kind = AssertionKind::initial, .bank = {}, .value = Digest(ByteView(&locality, 1))};
  const RecordView view{.record = &record, .info = &info, .digests = {0}};
  yaml.record(view);
  yaml.finish({});
  CHECK(out.ends_with("pcrs:\n  sha1:\n    0  : 0x0000000000000000000000000000000000000003\n"));
}

}  // namespace
}  // namespace mrtool
