// Which logs of the corpus are broken, in what, and what becomes of them: broken framing or a required field that is
// missing is refused, at a record and offset; a payload alone that is broken is shown, with an error (T44); what
// breaks a format and is tolerated, with a warning. All others are read without any of these, and no digest differs.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "formats/chain.hpp"
#include "formats/test_mutation.hpp"
#include "lib/base/test_files.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

namespace fs = std::filesystem;

struct Broken {
  std::string_view file;
  std::string_view found;  // as found() says it
  std::string_view what;
};

constexpr auto kBroken = std::to_array<Broken>({
    {"aael/aael-unit-sha384.txt", "shown: T26", "INIT states 49 bytes for a register of 48"},
    {"ccel/go-eventlog-CCEL.acpi-table.bin", "malformed", "the ACPI table that says where a log is, without the log"},
    {"ccel/trustauthority-CCEL.acpi-table.bin", "malformed", "the same"},
    // Objects of bad records, which cel/json_test takes one by one.
    {"cel/libcel-bad_cel.json", "malformed, record 0, offset 0", "an object without an index"},
    {"cel/libcel-bad_digests.json", "malformed, record 0, offset 0", "an object without an index"},
    {"cel/libcel-bad_event.json", "malformed, record 0, offset 0", "an object without an index"},
    {"cel/libcel-bad_pcclient.json", "malformed, record 0, offset 0", "an object without an index"},
    {"cel/libcel-cel_multi.json", "shown: T40 T42 T43", "commas too many, a number that skips some, no digests"},
    {"cel/libcel-cel_version.json", "shown: T40 T42", "commas too many, a number that skips some"},
    {"cel/libcel-ima_template.json", "shown: T40 T43", "a number that skips some, no digests"},
    {"cel/libcel-pcclient.json", "shown: T40 T43", "a number that skips some, no digests"},
    {"cel/libcel-tlv-tpml_event_celmgt.bin", "malformed", "the content of a record without the record"},
    {"cel/libcel-tlv-tpms_event_ima_template.bin", "malformed", "the same"},
    {"cel/libcel-tlv-tpms_event_pcclient_std.bin", "malformed", "the same"},
    {"ima/intel-secl-ascii_runtime_measurements.txt", "shown: T30", "no blanks before signatures that are missing"},
    {"ima/keylime-ima-log-unknown.txt", "inconclusive, record 0, offset 0", "digests of no data: any bank could be it"},
    {"ima/rust-keylime-invalid_ima_log.txt", "malformed", "a text that is no list"},
    {"ima/tpm2-tss-sml-ima-ng-sha1.bin", "malformed, record 6, offset 558", "one byte of a seventh entry"},
    {"ima/tpm2-tss-sml-ima-sha1.bin", "malformed, record 12, offset 916", "one byte of a thirteenth entry"},
    {"ima/tpm2-tss-sml-ima-sig-sha256.bin", "malformed, record 9, offset 987", "six bytes of a tenth entry"},
    {"systemd/libcel-systemd-seq.json", "shown: T50", "records without digests"},
    {"systemd/libcel-systemd.json", "shown: T43", "no digests"},
    {"systemd/libcel-systemd_bad_bootid.json", "shown: T43 T44", "the boot id is not of 32 digits; no digests"},
    {"systemd/libcel-systemd_bad_event_type.json", "shown: T43 T44", "255 is the number of no event type; no digests"},
    {"systemd/libcel-systemd_bad_event_type_json_type.json", "shown: T43 T44", "the event type is a list; no digests"},
    // libcel refuses these two. systemd may leave the event type out, and has more of them with every release.
    {"systemd/libcel-systemd_bad_event_type_str.json", "shown: T43", "an event type that is not known; no digests"},
    {"systemd/libcel-systemd_missing_event_type.json", "shown: T43", "no event type; no digests"},
    {"tcg2/keylime-binary_bios_measurements-bogus.bin", "malformed", "34 bytes of text"},
    {"tcg2/keylime-binary_bios_measurements-empty.bin", "malformed", "an empty file"},
    {"tcg2/tpm2-tools-specid-vendordata.bin", "shown: T02", "vendor bytes behind the end of the spec-ID event"},
});

// Companions of logs, which are none themselves.
bool is_log(const fs::path& path) {
  const std::string name = path.filename().string();
  static constexpr std::array kEndings{".expected.json", ".dump.json", "-dump.json",        ".yaml",
                                       ".warn",          ".md",        "expected-pcrs.txt", ".formatted.txt"};
  return std::ranges::none_of(kEndings, [&](const char* ending) { return name.ends_with(ending); });
}

std::vector<LogName> logs_of_corpus() {
  std::vector<LogName> logs;
  const auto add = [&logs](const fs::path& path, std::string_view format = {}) {
    if (fs::exists(path) && !fs::is_empty(path)) {
      logs.push_back({.format = find_format(format), .reg = {}, .path = path.string()});
    }
  };
  for (const char* folder : {"aael", "ccel", "cel", "ima", "systemd", "tcg1", "tcg2"}) {
    for (const auto& entry : fs::directory_iterator(kCorpus / folder)) {
      if (is_log(entry.path())) {
        logs.push_back({.format = nullptr, .reg = {}, .path = entry.path().string()});
      }
    }
  }
  for (const auto& entry : fs::directory_iterator(kCorpus / "tsm")) {
    add(entry.path() / "log", "tsm");
  }
  for (const auto& machine : fs::directory_iterator(kCorpus / "vm")) {
    add(machine.path() / "tpm0" / "binary_bios_measurements");
    if (fs::is_directory(machine.path() / "ima")) {
      for (const auto& list : fs::directory_iterator(machine.path() / "ima")) {
        if (list.path().filename().string().contains("runtime_measurements") &&
            !list.path().filename().string().ends_with("count")) {
          add(list.path());
        }
      }
    }
  }
  return logs;
}

// "" where nothing is wrong.
std::string found(const LogName& name) {
  const auto host = make_host("");
  DiagnosticSink diagnostics;
  LogChain chain({name}, *host, diagnostics);
  LogChain::Step step;
  std::set<std::string> findings;
  HashEngine engine;
  while (chain.next(step)) {
    for (const Record& record : step.batch->records) {
      if (std::ranges::any_of(judge(record, *step.info, engine).digests,
                              [](const DigestJudgement& digest) { return digest.check == Check::differs; })) {
        findings.insert("digest-differs");
      }
    }
  }
  if (!chain.errors().empty()) {
    const Error& error = chain.errors()[0];
    const std::string place = error.record ? fmt::format(", record {}, offset {}", *error.record, *error.offset) : "";
    return fmt::format("{}{}", row_of(error.kind).name, place);
  }
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == Severity::error || diagnostic.code.starts_with('T')) {
      findings.insert(diagnostic.code);
    }
  }
  return findings.empty() ? "" : fmt::format("shown: {}", fmt::join(findings, " "));
}

}  // namespace

TEST_CASE("every broken log of the corpus is refused, or shown with what is wrong in it; no other is") {
  if (!has_corpus()) {
    return;
  }
  std::map<std::string, std::string> expected;
  for (const Broken& broken : kBroken) {
    expected.emplace(broken.file, broken.found);
  }
  for (const LogName& log : logs_of_corpus()) {
    const std::string file = fs::relative(log.path, kCorpus).string();
    CAPTURE(file);
    const auto known = expected.extract(file);
    CHECK(found(log) == (known ? known.mapped() : ""));
  }
  CHECK(expected.empty());
}
