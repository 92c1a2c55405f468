#include "formats/chain.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "formats/tcg/test_log.hpp"
#include "lib/base/test_files.hpp"
#include "lib/base/workers.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::tcg::testing;
using mrtool::testing::has_corpus;
using mrtool::testing::kCorpus;
using mrtool::testing::kTestdataFolder;
using mrtool::testing::read_test_file;

namespace {

constexpr std::string_view kAcpiTable =
    "4343454c380000000184494e54454c2045444b3220202020020000002020202013000001"
    "0400000000000100000000000090647d00000000";
constexpr std::string_view kCcaTable = kAcpiTable;
constexpr std::uint32_t kAction = 0x80000007;

// Files in memory, in place of a machine.
class FakeHost final : public Host {
 public:
  std::map<std::string, Bytes> files;
  std::map<std::string, std::uint32_t> modes;

  std::string system_path(const std::string& path) const override { return "/root" + path; }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    const auto file = files.find(path);
    if (file == files.end()) {
      return fail(ErrorKind::io, "no such file");
    }
    return make_memory_source(file->second);
  }
  std::unique_ptr<ByteSource> standard_input() override { return make_memory_source(files["-"]); }
  FileKind kind(const std::string& path) override {
    return files.contains(path) ? FileKind::regular : FileKind::absent;
  }
  Result<std::uint32_t> mode(const std::string& path) override { return modes.contains(path) ? modes[path] : 0600; }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> names;
    const std::string prefix = directory + "/";
    for (const auto& [path, content] : files) {
      if (path.starts_with(prefix)) {
        names.push_back(path.substr(prefix.size(), path.find('/', prefix.size()) - prefix.size()));
      }
    }
    const auto rest = std::ranges::unique(names);
    names.erase(rest.begin(), rest.end());
    return names;
  }
  Status write_file(const std::string&, ByteView) override { return fail(ErrorKind::io, "read-only"); }
};

struct Ran {
  std::vector<std::vector<std::string>> data;  // of each log's records
  std::vector<LogSummary> logs;
  std::vector<Error> errors;
  DiagnosticSink diagnostics;
};

std::unique_ptr<Ran> run(FakeHost& host, const std::vector<std::string>& names) {
  auto ran = std::make_unique<Ran>();
  std::vector<LogName> parsed;
  parsed.reserve(names.size());
  for (const std::string& name : names) {
    parsed.push_back(*parse_log_name(name));
  }
  LogChain chain(expand_live(parsed, host), host, ran->diagnostics);
  LogChain::Step step;
  while (chain.next(step)) {
    ran->data.resize(std::max(ran->data.size(), step.log + 1));
    REQUIRE(step.info == &chain.logs()[step.log].info);
    for (const Record& record : step.batch->records) {
      ran->data[step.log].emplace_back(as_text(record.data));
    }
  }
  ran->logs = chain.logs();
  ran->errors = chain.errors();
  ran->data.resize(ran->logs.size());
  return ran;
}

Bytes main_log() {
  return LogBuilder().spec_id().agile(4, kSeparator, "s").agile(5, kAction, "one").agile(5, kAction, "two").take();
}

// All that a chain tells, step by step.
std::string told_by_chain(FakeHost& host, const std::vector<std::string>& names, Workers* workers) {
  std::vector<LogName> parsed;
  parsed.reserve(names.size());
  for (const std::string& name : names) {
    parsed.push_back(*parse_log_name(name));
  }
  DiagnosticSink diagnostics;
  LogChain chain(parsed, host, diagnostics, {.workers = workers});
  LogChain::Step step;
  std::string told;
  while (chain.next(step)) {
    const LogSummary& log = chain.logs()[step.log];
    told += fmt::format("log {}{} {} {} '{}' {} bytes {} records {} said {}\n", step.log, step.first_of_log,
                        log.info.format, log.info.evidence, log.info.dialect, log.bytes, log.records,
                        step.batch->trailing.size(), diagnostics.all().size());
    for (const Record& record : step.batch->records) {
      told += fmt::format("{} at {} {} {}:", record.number, record.offset, to_string(record.reg), record.type);
      told.append(as_text(record.raw)).append(as_text(record.data));
      for (const DigestEntry& digest : record.digests) {
        told.append(to_string(digest.algorithm)).append(as_text(digest.value));
      }
      told += '\n';
    }
  }
  for (const LogSummary& log : chain.logs()) {
    told += fmt::format("{} {} {} {}\n", log.path, log.bytes, log.records, log.partial);
  }
  for (const Error& error : chain.errors()) {
    told +=
        fmt::format("{}: {} {} {}\n", error.file, error.message, error.record.value_or(0), error.offset.value_or(0));
  }
  for (const Diagnostic& one : diagnostics.all()) {
    told +=
        fmt::format("{} {} {} {} {}\n", one.code, one.log.value_or(99), one.record.value_or(0), one.message, one.count);
  }
  return told;
}

void check_read_ahead(FakeHost& host, const std::vector<std::string>& names) {
  const std::string expected = told_by_chain(host, names, nullptr);
  for (const unsigned threads : {1U, 2U, 3U}) {
    CAPTURE(threads);
    Workers workers(threads);
    const bool same = told_by_chain(host, names, &workers) == expected;
    CHECK(same);
  }
}

}  // namespace

TEST_CASE("a chain that is read ahead tells what it tells when it is not") {
  std::vector<std::filesystem::path> folders{kTestdataFolder};
  if (has_corpus()) {
    folders.push_back(kCorpus);
  }
  for (const std::filesystem::path& folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      constexpr std::uintmax_t kLargest = 1024 * 1024;
      if (!entry.is_regular_file() || entry.file_size() > kLargest) {
        continue;
      }
      CAPTURE(entry.path());
      FakeHost host;
      host.files["log"] = read_test_file(entry.path());
      check_read_ahead(host, {"log"});
    }
  }
}

TEST_CASE("long logs that are read ahead, whole, cut and damaged, and others behind them") {
  constexpr int kRecords = 20'000;
  LogBuilder builder;
  builder.spec_id();
  for (int i = 0; i < kRecords; ++i) {
    builder.agile(static_cast<std::uint32_t>(i % 8), kAction, std::to_string(i));
  }
  FakeHost host;
  host.files["long"] = builder.take();
  host.files["short"] = main_log();
  host.files["cut"] = host.files["long"];
  host.files["cut"].resize(host.files["cut"].size() * 2 / 3);
  host.files["damaged"] = host.files["long"];
  std::ranges::fill(std::span(host.files["damaged"]).subspan(host.files["damaged"].size() / 2, 40), 0xFF);
  check_read_ahead(host, {"long"});
  check_read_ahead(host, {"cut", "long", "damaged", "short", "absent", "long"});
}

TEST_CASE("names of logs") {
  CHECK(parse_log_name("a/b.bin")->path == "a/b.bin");
  CHECK(parse_log_name("tcg2:a:b")->path == "a:b");
  CHECK(parse_log_name("tcg2:a:b")->format == find_format("tcg2"));
  CHECK(parse_log_name("./tcg2:x")->path == "./tcg2:x");
  CHECK(parse_log_name("./tcg2:x")->format == nullptr);
  CHECK(parse_log_name("nosuch:x")->path == "nosuch:x");
  CHECK(parse_log_name("rtmr2=event_log")->path == "event_log");
  CHECK(parse_log_name("rtmr2=event_log")->reg->kind == RegisterKind::rtmr);
  CHECK(parse_log_name("a=b")->path == "a=b");
  CHECK_FALSE(parse_log_name("a=b")->reg);
  CHECK(parse_log_name("ccel:-")->path == "-");
  for (const std::string_view bad : {"", "tcg2:", "rtmr2=", "ccel:rtmr2=x"}) {
    const auto name = parse_log_name(bad);
    REQUIRE_FALSE(name);
    CHECK(name.error().kind == ErrorKind::usage);
  }
}

TEST_CASE("live logs are those that exist, in the order of their numbers") {
  FakeHost host;
  const std::string security = "/root/sys/kernel/security/";
  for (const char* tpm : {"tpm0", "tpm10", "tpm2"}) {
    host.files[security + tpm + "/binary_bios_measurements"] = main_log();
  }
  host.files[security + "tpmx/binary_bios_measurements"] = {};
  host.files[security + "tpm3/ascii_bios_measurements"] = {};
  host.files["/root/sys/firmware/acpi/tables/CCEL"] = *from_hex(kAcpiTable);
  host.files["/root/sys/firmware/acpi/tables/data/CCEL"] = *from_hex(kVectorC);
  const auto names = expand_live({*parse_log_name("x"), *parse_log_name("live")}, host);
  REQUIRE(names.size() == 6);
  CHECK(names[0].path == "x");
  CHECK(names[1].path == security + "tpm0/binary_bios_measurements");
  CHECK(names[3].path == security + "tpm10/binary_bios_measurements");
  CHECK(names[5].format == find_format("ccel"));
  CHECK(names[5].live);

  FakeHost bare;
  CHECK(expand_live({*parse_log_name("live")}, bare).empty());
  const auto ran = run(host, {"live"});
  CHECK(ran->errors.empty());
  REQUIRE(ran->logs.size() == 4);
  CHECK(ran->logs[3].info.platform == Platform::cca);
}

TEST_CASE("live logs of what runs come behind those of firmware, with what their places say of them") {
  FakeHost host;
  const auto put = [&host](const std::string& path, std::string_view text) {
    host.files["/root" + path] = to_bytes(as_bytes(text));
  };
  const std::string ima = "/sys/kernel/security/integrity/ima/";
  const std::string tsm = "/sys/kernel/tsm/measurement-example/";
  put("/run/attestation-agent/eventlog", "INIT sha256/" + std::string(64, '0') + "\n");
  put("/run/log/systemd/tpm2-measure.log", "");
  put("/run/log/systemd/cc-measure.log", "");
  put(tsm + "rtmr1/event_log", "a\n");
  put(tsm + "rtmr1/hash_algo", "sha384");
  put(tsm + "rtmr0/event_log", "");
  put(tsm + "rtmr0/hash_algo", "sha256");
  put(tsm + "static_mr", "a");
  for (const char* bank : {"", "_sha1", "_sha256", "_sha384", "_tpm_alg_1234"}) {
    put(ima + "binary_runtime_measurements" + bank, "");
    put(ima + "ascii_runtime_measurements" + bank, "");
  }
  put(ima + "binary_runtime_measurements_sha384_staged", "");
  put("/sys/kernel/security/ima/binary_runtime_measurements", "");
  put("/sys/firmware/acpi/tables/data/CCEL", "");
  host.files["/root/sys/firmware/acpi/tables/data/CCEL"] = *from_hex(kVectorC);

  std::vector<std::string> found;
  for (const LogName& name : expand_live({*parse_log_name("live")}, host)) {
    CHECK(name.live);
    REQUIRE(name.format != nullptr);
    found.push_back(std::string(name.format->name) + " " + name.path.substr(std::string_view("/root").size()) +
                    (name.reg ? " " + to_string(*name.reg) : ""));
  }
  CHECK(found == std::vector<std::string>{
                     "ccel /sys/firmware/acpi/tables/data/CCEL",
                     "ima " + ima + "binary_runtime_measurements_sha384_staged",
                     "ima " + ima + "binary_runtime_measurements_sha384",
                     "systemd /run/log/systemd/tpm2-measure.log",
                     "systemd /run/log/systemd/cc-measure.log",
                     "tsm " + tsm + "rtmr0/event_log",
                     "tsm " + tsm + "rtmr1/event_log",
                     "aael /run/attestation-agent/eventlog rtmr3",
                 });
  const auto ran = run(host, {"live"});
  CHECK(ran->errors.empty());
  REQUIRE(ran->logs.size() == 8);
  CHECK(ran->logs[6].records == 1);
  CHECK(ran->logs[6].info.algorithms.at(0).algorithm == HashAlgorithm::sha384);
  CHECK(ran->logs[7].records == 1);

  host.files.erase("/root/sys/firmware/acpi/tables/data/CCEL");
  host.files["/root/sys/kernel/security/tpm0/binary_bios_measurements"] = main_log();
  CHECK(to_string(*expand_live({*parse_log_name("live")}, host).back().reg) == "pcr17");
  host.files.erase("/root/sys/kernel/security/tpm0/binary_bios_measurements");
  CHECK_FALSE(expand_live({*parse_log_name("live")}, host).back().reg);
  // The agent's later logs are TCG records under the same name.
  put("/run/attestation-agent/eventlog", "");
  CHECK(expand_live({*parse_log_name("live")}, host).back().format == nullptr);
  host.files["/root/run/attestation-agent/eventlog"] = *from_hex(kAgentRecord);
  const auto later = run(host, {"live"});
  CHECK(later->errors.empty());
  CHECK(later->logs.back().info.format == "ccel");
  CHECK(later->logs.back().records == 1);
}

TEST_CASE("live logs that mrtool keeps come behind those that it found there") {
  FakeHost host;
  const auto put = [&host](const std::string& path, std::string_view text = "") {
    host.files["/root" + path] = to_bytes(as_bytes(text));
  };
  const std::string pcr_log =
      "[\n{\"recnum\": 0, \"pcr\": 16, \"digests\": [], \"content_type\": \"linux_tsm\", \"content\": {\"event\": \"# "
      "a\"}}\n]\n";
  put("/sys/kernel/tsm/example/rtmr0/event_log", "a\n");
  put("/sys/kernel/tsm/example/rtmr0/hash_algo", "sha384");
  put("/run/mrtool/tsm/example/rtmr0/event_log", "twin\n");
  put("/run/mrtool/tsm/tdx_guest/rtmr3/event_log", "b\n");
  put("/run/mrtool/tsm/tdx_guest/rtmr3/hash_algo", "sha384");
  put("/run/mrtool/tsm/example/rtmr1:sha256/event_log", "c\n");
  put("/run/mrtool/tsm/example/rtmr1:sha256/hash_algo", "sha256");
  put("/run/mrtool/tsm/example/rtmr2/lock");
  put("/run/mrtool/tpm/event_log.json", pcr_log);
  put("/run/mrtool/tpm-01234567/event_log.json", pcr_log);
  put("/run/mrtool/tpm/journal");
  put("/run/attestation-agent/eventlog", "INIT sha256/" + std::string(64, '0') + "\n");
  const auto found = [&host] {
    std::vector<std::string> paths;
    for (const LogName& name : expand_live({*parse_log_name("live")}, host)) {
      CHECK(name.live);
      paths.push_back(std::string(name.format->name) + " " + name.path.substr(std::string_view("/root").size()));
    }
    return paths;
  };
  CHECK(found() == std::vector<std::string>{
                       "tsm /sys/kernel/tsm/example/rtmr0/event_log",
                       "tsm /run/mrtool/tsm/example/rtmr1:sha256/event_log",
                       "tsm /run/mrtool/tsm/tdx_guest/rtmr3/event_log",
                       "cel-json /run/mrtool/tpm/event_log.json",
                       "aael /run/attestation-agent/eventlog",
                   });
  host.files.erase("/root/run/attestation-agent/eventlog");
  const auto ran = run(host, {"live"});
  CHECK(ran->errors.empty());
  REQUIRE(ran->logs.size() == 4);
  CHECK(ran->logs[1].info.algorithms.at(0).algorithm == HashAlgorithm::sha256);
  CHECK(ran->logs[3].records == 1);
  host.files.erase("/root/run/mrtool/tpm/event_log.json");
  CHECK(found().back() == "cel-json /run/mrtool/tpm-01234567/event_log.json");
}

TEST_CASE("a log of systemd's with the sticky bit is known to be incomplete; other logs have no such mark") {
  FakeHost host;
  host.files["systemd.log"] =
      to_bytes(as_bytes("\x1e{\"pcr\":1,\"digests\":[],\"content_type\":\"systemd\",\"content\":{}}\n"));
  host.files["tcg.bin"] = main_log();
  CHECK_FALSE(run(host, {"systemd.log"})->diagnostics.has("log-incomplete"));
  host.modes = {{"systemd.log", 01600}, {"tcg.bin", 01600}};
  const auto dirty = run(host, {"tcg.bin", "systemd.log"});
  CHECK(dirty->diagnostics.count("log-incomplete") == 1);
  for (const Diagnostic& said : dirty->diagnostics.all()) {
    if (said.code == "log-incomplete") {
      CHECK(said.severity == Severity::warning);
      CHECK(said.log == 1);
    }
  }
  host.files["-"] = host.files["systemd.log"];
  host.modes["-"] = 01600;
  CHECK_FALSE(run(host, {"systemd:-"})->diagnostics.has("log-incomplete"));
}

TEST_CASE("the live IMA list is the one there is, when there is but one") {
  for (const char* place : {"/root/sys/kernel/security/ima/", "/root/sys/kernel/security/integrity/ima/"}) {
    FakeHost host;
    const std::string list = std::string(place) + "binary_runtime_measurements";
    host.files[list] = {};
    host.files[list + "_staged"] = {};
    host.files[std::string(place) + "violations"] = {};
    const auto names = expand_live({*parse_log_name("live")}, host);
    REQUIRE(names.size() == 2);
    CHECK(names[0].path == list + "_staged");
    CHECK(names[1].path == list);
    host.files.erase(list);
    CHECK(expand_live({*parse_log_name("live")}, host).empty());
  }
}

TEST_CASE("a live log that is empty is no log; a named one has no records; a guessed one is malformed") {
  FakeHost host;
  host.files["/root/sys/kernel/security/tpm0/binary_bios_measurements"] = {};
  const auto live = run(host, {"live"});
  CHECK(live->errors.empty());
  REQUIRE(live->logs.size() == 1);
  CHECK(live->logs[0].note.contains("empty"));
  CHECK(live->diagnostics.has("live-log-empty"));
  CHECK_FALSE(live->logs[0].partial);

  host.files["x"] = {};
  const auto named = run(host, {"tcg2:x"});
  CHECK(named->errors.empty());
  CHECK(named->logs[0].info.format == "tcg2");
  CHECK(named->logs[0].info.evidence == "named");

  const auto guessed = run(host, {"x"});
  REQUIRE(guessed->errors.size() == 1);
  CHECK(guessed->errors[0].kind == ErrorKind::malformed);
  CHECK(guessed->errors[0].file == "x");
  CHECK(guessed->errors[0].message.contains("empty"));
  CHECK(guessed->logs[0].partial);
}

TEST_CASE("several logs, one of them missing and one damaged") {
  FakeHost host;
  host.files["a"] = *from_hex(kVectorA);
  host.files["cut"] = *from_hex(kVectorA);
  host.files["cut"].resize(290);
  host.files["-"] = *from_hex(kVectorB);
  const auto ran = run(host, {"a", "absent", "cut", "-"});
  REQUIRE(ran->logs.size() == 4);
  REQUIRE(ran->errors.size() == 2);
  CHECK(ran->errors[0].kind == ErrorKind::io);
  CHECK(ran->errors[0].file == "absent");
  CHECK(ran->errors[1].kind == ErrorKind::malformed);
  CHECK(ran->errors[1].file == "cut");
  CHECK(ran->errors[1].record == 4);
  CHECK(ran->logs[0].records == 5);
  CHECK(ran->logs[0].bytes == 296);
  CHECK_FALSE(ran->logs[0].partial);
  CHECK(ran->logs[1].partial);
  CHECK(ran->logs[1].info.format.empty());
  CHECK(ran->logs[2].records == 4);
  CHECK(ran->logs[2].partial);
  CHECK(ran->logs[3].info.format == "tcg");
  CHECK(ran->diagnostics.all().back().log == 3);
}

TEST_CASE("a format that is named wins over what the bytes look like") {
  FakeHost host;
  host.files["c"] = *from_hex(kVectorC);
  const auto ran = run(host, {"tcg2:c"});
  CHECK(ran->errors.empty());
  CHECK(ran->logs[0].info.platform == Platform::tpm);
}

TEST_CASE("a register before a log that names its registers is a usage error") {
  FakeHost host;
  host.files["a"] = *from_hex(kVectorA);
  const auto ran = run(host, {"pcr1=a"});
  REQUIRE(ran->errors.size() == 1);
  CHECK(ran->errors[0].kind == ErrorKind::usage);
}

TEST_CASE("an ACPI table tells the platform of the log behind it and is no log") {
  FakeHost host;
  host.files["table"] = *from_hex(kCcaTable);
  host.files["c"] = *from_hex(kVectorC);
  host.files["a"] = *from_hex(kVectorA);
  const auto ran = run(host, {"table", "c"});
  CHECK(ran->errors.empty());
  REQUIRE(ran->logs.size() == 1);
  CHECK(ran->logs[0].path == "c");
  CHECK(ran->logs[0].info.platform == Platform::cca);
  // Only the log directly behind it.
  const auto second = run(host, {"table", "c", "c"});
  CHECK(second->logs[1].info.platform == Platform::tdx);
  // It says that the indices are those of CC registers.
  const auto forced = run(host, {"table", "a"});
  CHECK(forced->logs[0].info.format == "ccel");
}

TEST_CASE("an ACPI table without its log is malformed") {
  FakeHost host;
  host.files["table"] = *from_hex(kCcaTable);
  host.files["a"] = *from_hex(kVectorA);
  const auto alone = run(host, {"table"});
  REQUIRE(alone->errors.size() == 1);
  CHECK(alone->errors[0].kind == ErrorKind::malformed);
  CHECK(alone->errors[0].file == "table");
  CHECK(alone->errors[0].message.contains("give both"));
  CHECK(alone->logs.size() == 1);
  CHECK(run(host, {"a", "table"})->errors.size() == 1);
  CHECK(run(host, {"table", "tcg2:a"})->errors.size() == 1);
  CHECK(run(host, {"table", "table", "a"})->errors.size() == 1);
  CHECK(run(host, {"table", "absent"})->errors.size() == 1);
  CHECK(run(host, {"table", "rtmr1=a"})->errors.size() == 1);
}

TEST_CASE("a final-events table continues its log without the records that both have") {
  FakeHost host;
  host.files["m"] = main_log();
  host.files["f"] = LogBuilder()
                        .final_events_header(3)
                        .agile(5, kAction, "one")
                        .agile(5, kAction, "two")
                        .agile(5, kAction, "x")
                        .take();
  const auto ran = run(host, {"m", "f"});
  CHECK(ran->errors.empty());
  REQUIRE(ran->logs.size() == 2);
  CHECK(ran->data[1] == std::vector<std::string>{"x"});
  CHECK(ran->logs[1].records == 1);
  CHECK(ran->logs[1].info.format == "tcg2");
  CHECK(ran->logs[1].info.algorithms == ran->logs[0].info.algorithms);
  CHECK(ran->diagnostics.has("V16"));
}

TEST_CASE("a final-events table with nothing in common, all in common, and with identical records in a row") {
  FakeHost host;
  host.files["m"] = main_log();
  host.files["none"] = LogBuilder().final_events_header(1).agile(5, kAction, "x").take();
  host.files["all"] = LogBuilder().final_events_header(1).agile(5, kAction, "two").take();
  CHECK(run(host, {"m", "none"})->data[1].size() == 1);
  const auto all = run(host, {"m", "all"});
  CHECK(all->data[1].empty());
  CHECK(all->errors.empty());
  host.files["mm"] = LogBuilder().spec_id().agile(5, 4, "s").agile(5, 4, "s").take();
  host.files["ss"] = LogBuilder().final_events_header(3).agile(5, 4, "s").agile(5, 4, "s").agile(5, 4, "s").take();
  CHECK(run(host, {"mm", "ss"})->data[1].size() == 1);
}

TEST_CASE("a final-events table is framed by its log's algorithm sizes") {
  FakeHost host;
  const std::vector<TestDigest> odd{{0x7777, 11}, {}};
  host.files["m"] = LogBuilder().spec_id(odd).agile(5, kAction, "one", odd).take();
  host.files["f"] =
      LogBuilder().final_events_header(2).agile(5, kAction, "one", {odd[1], odd[0]}).agile(5, kAction, "x", odd).take();
  const auto ran = run(host, {"m", "f"});
  CHECK(ran->errors.empty());
  CHECK(ran->data[1].size() == 2);
}

TEST_CASE("a damaged final-events table gives its good records; its log may be damaged too") {
  FakeHost host;
  host.files["m"] = main_log();
  host.files["f"] = LogBuilder().final_events_header(4).agile(5, kAction, "two").agile(5, kAction, "x").take();
  const auto ran = run(host, {"m", "f"});
  REQUIRE(ran->errors.size() == 1);
  CHECK(ran->errors[0].file == "f");
  CHECK(ran->data[1] == std::vector<std::string>{"x"});
  CHECK(ran->logs[1].partial);
  host.files["m"].pop_back();
  CHECK(run(host, {"m", "f"})->errors.size() == 2);
}

TEST_CASE("a final-events table is read alone, but not behind another log than its own") {
  FakeHost host;
  host.files["m"] = main_log();
  host.files["b"] = *from_hex(kVectorB);
  host.files["f"] = LogBuilder().final_events_header(1).agile(5, kAction, "x").take();
  CHECK(run(host, {"f"})->data[0].size() == 1);
  const auto apart = run(host, {"m", "b", "f"});
  REQUIRE(apart->errors.size() == 1);
  CHECK(apart->errors[0].kind == ErrorKind::usage);
  CHECK(run(host, {"m", "f", "f"})->errors.size() == 1);
}

TEST_CASE("the overlap is found across batches of a long log") {
  FakeHost host;
  LogBuilder main;
  LogBuilder table;
  main.spec_id();
  table.final_events_header(6001);
  for (std::uint32_t i = 0; i < 12000; ++i) {
    const std::string data = std::to_string(i);
    main.agile(5, kAction, data);
    if (i >= 6000) {
      table.agile(5, kAction, data);
    }
  }
  table.agile(5, kAction, "last");
  host.files["m"] = main.take();
  host.files["f"] = table.take();
  const auto ran = run(host, {"m", "f"});
  CHECK(ran->errors.empty());
  CHECK(ran->logs[0].records == 12001);
  CHECK(ran->data[1] == std::vector<std::string>{"last"});
}
