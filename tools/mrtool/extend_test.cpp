// `mrtool extend` from its command line to the register and log that it leaves.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "lib/tpm/swtpm_test.hpp"
#include "tools/mrtool/process_test.hpp"
#include "tools/mrtool/run.hpp"

namespace mrtool::testing {
namespace {

using nlohmann::json;

// Registers in a file, with their log beside it.
class Registers {
 public:
  explicit Registers(std::string reg = "rtmr3") : reg_(std::move(reg)) {}

  std::string file() const { return scratch_ / "registers.json"; }
  std::string log() const {
    return file() + ".mrtool/" + reg_ + (reg_.starts_with("pcr") ? "/event_log.json" : "/event_log");
  }
  std::string log_text() const { return read_text(log()); }
  std::string at(const std::string& name) const { return scratch_ / name; }
  std::vector<std::string> backend() const { return {"--backend", "software:" + file()}; }

  // With the register and backend named.
  Finished extend(std::vector<std::string> words, const ProcessOptions& options = {}) const {
    words.insert(words.begin(), {"extend", reg_});
    const auto named = backend();
    words.insert(words.end(), named.begin(), named.end());
    return mrtool(words, options);
  }
  Finished extend_lines(std::vector<std::string> words, const std::string& lines) const {
    write_text(at("lines"), lines);
    return extend(std::move(words), {.input = at("lines")});
  }
  bool replays() const {
    const Finished compared =
        mrtool({"replay", reg_.starts_with("pcr") ? log() : reg_ + "=" + log(), "--against", file()});
    INFO(compared.out, compared.err);
    CHECK(compared.status == 0);
    return compared.status == 0;
  }
  std::string value(const std::string& bank = "sha384") const {
    const json held = json::parse(read_text(file()));
    for (const json& entry : held["registers"]) {
      if (entry["register"] == reg_ && entry["bank"] == bank) {
        return entry["value"];
      }
    }
    return {};
  }

 private:
  std::string reg_;
  Scratch scratch_;
};

std::vector<json> documents(const std::string& text) {
  std::vector<json> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    all.push_back(json::parse(line));
  }
  return all;
}

std::string hash_of(const std::string& path, const std::string& bank) {
  return shell(bank + "sum '" + path + "' | cut -d' ' -f1 | tr -d '\\n'").out;
}

bool silent(const Finished& finished) {
  INFO(finished.out, finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.out.empty());
  CHECK(finished.err.empty());
  return finished.status == 0;
}

const std::string kZeros384 = std::string(96, '0');

TEST_CASE("extend: texts are lines of the log, and the log leads to the register") {
  const Registers registers;
  CHECK(silent(registers.extend({"example.org start v1", "example.org deploy", "--event", "and this"})));
  CHECK(registers.log_text() ==
        "SYNC sha384/" + kZeros384 + "\n\nexample.org start v1\nexample.org deploy\nand this\n");
  CHECK(registers.replays());
  CHECK(silent(registers.extend({"another run"})));
  CHECK(registers.log_text().ends_with("and this\n\nanother run\n"));
  CHECK(registers.replays());
}

TEST_CASE("extend: each event is a JSON document, and the values are a chain") {
  const Registers registers;
  const Finished run = registers.extend({"one", "two", "--json"});
  CHECK(run.status == 0);
  const auto told = documents(run.out);
  REQUIRE(told.size() == 2);
  for (const json& document : told) {
    CHECK(document["schema"] == "mrtool.extend/1");
    CHECK(document["register"] == "rtmr3");
    CHECK(document["backend"] == "software");
    CHECK(document["log"]["path"] == registers.log());
    CHECK(document["log"]["format"] == "tsm");
    CHECK(document["recovered"].is_null());
    CHECK(document["banks"].size() == 1);
  }
  CHECK(told[0]["log"]["record"] == 1);  // behind the SYNC
  CHECK(told[1]["log"]["record"] == 2);
  CHECK(told[1]["banks"][0]["before"] == told[0]["banks"][0]["after"]);
  CHECK(told[1]["banks"][0]["after"] == registers.value());
  write_text(registers.at("one"), "one");
  CHECK(told[0]["banks"][0]["digest"] == hash_of(registers.at("one"), "sha384"));
  CHECK(documents(registers.extend({"three", "--ndjson"}).out).size() == 1);
}

TEST_CASE("extend: a line of standard error for each event where it is asked for, and none with --quiet") {
  const Registers registers;
  const Finished told = registers.extend({"one", "-v"});
  CHECK(told.err.starts_with("mrtool: note: rtmr3: record 1 of " + registers.log() + ": sha384 "));
  const Finished json_messages = registers.extend({"two", "-v", "--diagnostics", "json"});
  CHECK(documents(json_messages.err).at(0)["severity"] == "note");
  CHECK(silent(registers.extend({"three", "-q"})));
}

TEST_CASE("extend: the lines of standard input, with and without a last line feed") {
  const Registers registers;
  CHECK(silent(registers.extend_lines({}, "one\n\ntwo\n")));
  CHECK(silent(registers.extend_lines({"--stdin"}, "three")));
  CHECK(registers.log_text() == "SYNC sha384/" + kZeros384 + "\n\none\ntwo\n\nthree\n");
  CHECK(registers.replays());
  constexpr int kMany = 600;  // more than two batches
  std::string many;
  for (int i = 0; i < kMany; ++i) {
    many += fmt::format("example.org event {}\n", i);
  }
  const Finished run = registers.extend_lines({"--ndjson"}, many);
  CHECK(run.status == 0);
  CHECK(documents(run.out).size() == kMany);
  CHECK(registers.log_text().ends_with("three\n\n" + many));
  CHECK(registers.replays());
}

TEST_CASE("extend: nothing on standard input is a mistake unless it was asked for") {
  const Registers registers;
  for (const std::string& nothing : {std::string(), std::string("\n\n")}) {
    const Finished run = registers.extend_lines({}, nothing);
    CHECK(run.status == 2);
    CHECK(run.err.contains("standard input is empty"));
    CHECK(silent(registers.extend_lines({"--stdin"}, nothing)));
  }
  CHECK(!std::filesystem::exists(registers.file()));
}

TEST_CASE("extend: a slow producer's line is measured before it writes the next one") {
  const Registers registers;
  const std::string log = registers.log();
  const Finished run =
      shell(fmt::format("{{ echo one; for i in $(seq 300); do grep -qs one '{0}' && break; sleep 0.1; done;"
                        " grep -qs one '{0}' && echo two; }} | mrtool extend rtmr3 --stdin --backend 'software:{1}'",
                        log, registers.file()));
  CHECK(run.status == 0);
  CHECK(registers.log_text().ends_with("one\ntwo\n"));
}

TEST_CASE("extend: a line that is refused ends the run when those before it are measured") {
  const Registers registers;
  const Finished run = registers.extend_lines({"--json"}, "one\n\ntwo \nthree\n");
  CHECK(run.status == 4);
  CHECK(run.err.contains("line 3 of standard input"));
  CHECK(run.err.contains("--force"));
  CHECK(documents(run.out).size() == 1);
  CHECK(registers.log_text().ends_with("\n\none\n"));
  CHECK(registers.replays());
  const Finished crlf = registers.extend_lines({}, "one\r\n");
  CHECK(crlf.status == 4);
  CHECK(crlf.err.contains("line 1"));
  CHECK(silent(registers.extend_lines({"--force"}, "two \nthree\r\n")));
  CHECK(registers.log_text().ends_with("\n\none\n\ntwo\nthree\n"));
}

TEST_CASE("extend: of events on the command line none is measured when one is refused") {
  const Registers registers;
  for (const std::string& bad :
       std::vector<std::string>{" x", "x\n", "a\nb", "# x", "x\xA0", "SYNC sha384/" + kZeros384}) {
    CAPTURE(bad);
    const Finished run = registers.extend({"good", bad});
    CHECK(run.status == 4);
    CHECK(run.err.contains("is not measured"));
  }
  CHECK(!std::filesystem::exists(registers.file()));
  CHECK(registers.extend({"", "--json"}).status == 4);
}

TEST_CASE("extend: what is forced is what a kernel would have stored") {
  const Registers registers;
  const Finished run = registers.extend({" a\r\nb \n# c", "--force", "--json"});
  CHECK(run.status == 0);
  CHECK(registers.log_text() == "SYNC sha384/" + kZeros384 + "\n\na\nb\n# c\n");
  CHECK(documents(run.out).size() == 2);
  CHECK(registers.replays());
  const auto comment = documents(registers.extend({"# only this", "--force", "--json"}).out);
  REQUIRE(comment.size() == 1);
  CHECK(comment[0]["banks"].empty());
  CHECK(registers.replays());
  CHECK(registers.extend({"# .EXTEND " + kZeros384, "--force"}).status == 4);
}

TEST_CASE("extend: a file's digest is extended as it is, and the log says of what") {
  const Registers registers;
  write_text(registers.at("agent"), std::string(300'000, 'a'));
  const std::string digest = hash_of(registers.at("agent"), "sha384");
  const auto told = documents(registers.extend({"--file", registers.at("agent"), "--json"}).out);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["banks"][0]["digest"] == digest);
  CHECK(registers.log_text().ends_with(fmt::format("\n\n# file: {}\n\n# .EXTEND {}\n", registers.at("agent"), digest)));
  CHECK(registers.replays());
  CHECK(silent(registers.extend({"example.org agent", "--file", registers.at("agent")})));
  CHECK(registers.log_text().contains("# example.org agent\n\n# .EXTEND " + digest));
  CHECK(registers.replays());
  CHECK(registers.extend({"one", "two", "--file", registers.at("agent")}).status == 2);
  CHECK(registers.extend({"--file", registers.at("no-such-file")}).status == 5);
}

TEST_CASE("extend: a digest of another size or bank never gets to the register") {
  const Registers registers;
  CHECK(silent(registers.extend({"--digest", "sha384:" + std::string(96, 'a')})));
  const std::string value = registers.value();
  for (const std::string& bad : {"sha384:" + std::string(94, 'a'), "sha384:" + std::string(98, 'a'),
                                 "sha256:" + std::string(64, 'a'), std::string(96, 'a'), std::string("sha384:")}) {
    CAPTURE(bad);
    CHECK(registers.extend({"--digest", bad}).status == 2);
  }
  CHECK(registers.value() == value);
  CHECK(registers.replays());
}

TEST_CASE("extend: a virtual register is extended in its carrier's log") {
  const Registers registers;
  const std::string digest(64, 'a');
  auto words = registers.backend();
  words.insert(words.begin(), {"extend", "--virtual", "mr_ima", "--on", "rtmr3", "--digest", "sha256:" + digest});
  CHECK(silent(mrtool(words)));
  CHECK(registers.log_text().ends_with("\n\nmr_ima extend sha256/" + digest + "\n"));
  CHECK(registers.replays());
  const Finished replayed = mrtool({"replay", "rtmr3=" + registers.log(), "--json"});
  CHECK(replayed.out.contains("mr:mr_ima"));
  words = registers.backend();
  words.insert(words.begin(), {"extend", "mr:mr_ima@rtmr3", "--digest", "sha256:" + digest});
  CHECK(silent(mrtool(words)));
  CHECK(registers.replays());
  CHECK(mrtool({"extend", "--virtual", "mr_ima", "--digest", "sha256:" + digest}).status == 2);
  CHECK(mrtool({"extend", "--on", "rtmr3", "--digest", "sha256:" + digest}).status == 2);
  CHECK(mrtool({"extend", "--virtual", "mr_ima", "--on", "rtmr3"}).status == 2);
}

TEST_CASE("extend: a PCR's log has events whose digests inspect calls right or beyond it, never wrong") {
  const Registers registers("pcr14");
  write_text(registers.at("agent"), "agent\n");
  CHECK(silent(registers.extend({"example.org deploy"})));
  CHECK(silent(registers.extend({"--file", registers.at("agent")})));
  CHECK(silent(registers.extend({"--event-type", "EV_EVENT_TAG", "--data", "0100000002000000abcd"})));
  CHECK(registers.replays());
  const json shown = json::parse(mrtool({"inspect", "--json", registers.log()}).out);
  std::vector<std::string> checks;
  for (const json& record : shown["records"]) {
    for (const json& digest : record["digests"]) {
      checks.push_back(digest["check"]);
    }
  }
  CHECK(checks == std::vector<std::string>{"matches", "unverifiable", "matches"});
  const Finished wrong = registers.extend({"--digest", "sha256:" + std::string(64, 'a'), "--event-type", "EV_ACTION"});
  CHECK(wrong.status == 4);
  CHECK(wrong.err.contains("EV_ACTION"));
  CHECK(registers.extend({"x", "--event-type", "EV_NO_ACTION", "--force"}).status == 2);
  CHECK(registers.extend({"x", "--event-type", "nothing"}).status == 2);
  CHECK(registers.replays());
}

TEST_CASE("extend: a machine without registers is told of, with what was looked for, and nothing is made") {
  const Scratch scratch;
  const std::vector<std::string> root{"--root", scratch.path()};
  const auto run = [&root](std::vector<std::string> words) {
    words.insert(words.end(), root.begin(), root.end());
    return mrtool(words);
  };
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"extend", "rtmr3", "x"},
                                             {"extend", "pcr14", "x"},
                                             {"extend", "--event", "x"},
                                             {"extend", "rtmr3", "x", "--backend", "measurements"}}) {
    const Finished none = run(words);
    CAPTURE(none.err);
    CHECK(none.status == 5);
    CHECK(none.out.empty());
    CHECK(none.err.contains(scratch.path().string() + "/"));
  }
  CHECK(run({"extend", "rtmr3", "x", "--backend", "software"}).status == 2);
  CHECK(run({"extend", "rtmr3", "x", "--backend", "nothing"}).status == 2);
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("extend: at a terminal, events have to be given or asked for") {
  MemoryOutput out;
  MemoryOutput err;
  Environment environment{.out = out, .err = err};
  environment.input_is_terminal = true;
  const std::vector<std::string> words{"extend", "rtmr3"};
  CHECK(run(words, environment) == 2);
  CHECK(err.text().contains("--stdin"));
}

TEST_CASE("extend: what somebody else extended is noticed, said and resynchronised") {
  const Registers registers;
  CHECK(silent(registers.extend({"one"})));
  CHECK(silent(registers.extend({"elsewhere", "--log", registers.at("other")})));
  const Finished run = registers.extend({"two"});
  CHECK(run.status == 0);
  CHECK(run.err.contains("note: Somebody else extended rtmr3"));
  CHECK(registers.log_text().find("SYNC", 1) != std::string::npos);
  CHECK(silent(registers.extend({"three"})));
  const Finished compared = mrtool({"replay", "rtmr3=" + registers.log(), "--against", registers.file()});
  CHECK(compared.status == 6);  // the log proves what is behind the gap
  CHECK(compared.err.contains("GAP"));
}

TEST_CASE("extend: the log's format and place are one option") {
  const Registers registers("pcr11");
  CHECK(silent(registers.extend({"one", "--log", registers.at("a.json")})));
  CHECK(mrtool({"replay", registers.at("a.json"), "--against", registers.file()}).status == 0);
  CHECK(registers.extend({"one", "--log", "tsm:" + registers.at("b")}).status == 2);
  CHECK(registers.extend({"one", "--log", ""}).status == 2);
  CHECK(!std::filesystem::exists(registers.at("b")));
  const Finished systemd =
      registers.extend({"enter-initrd", "--event-type", "phase", "--log", "systemd:" + registers.at("c")});
  CHECK_MESSAGE(silent(systemd), systemd.err);
  CHECK(mrtool({"inspect", registers.at("c")}).out.contains("enter-initrd"));
}

TEST_CASE("extend: a lock that another run has is waited for, as long as was said") {
  if (!have_program("flock")) {
    MESSAGE("skipped: flock is not installed");
    return;
  }
  const Registers registers;
  CHECK(silent(registers.extend({"one"})));
  const std::string lock = registers.file() + ".mrtool/rtmr3/lock";
  const Finished held = shell(fmt::format(
      "exec 9<'{}'; flock 9; mrtool extend rtmr3 two --wait 0 --backend software:{}", lock, registers.file()));
  CHECK(held.status == 5);
  CHECK(held.err.contains("process "));
  CHECK(registers.log_text().ends_with("one\n"));
  const Finished released =
      shell(fmt::format("(exec 9<'{0}'; flock 9; sleep 0.5) & sleep 0.1;"
                        "mrtool extend rtmr3 two --backend software:{1}; status=$?; wait; exit $status",
                        lock, registers.file()));
  CHECK(released.status == 0);
  for (const std::string bad : {"-1", "x", "1.5", "86401", ""}) {
    CHECK(registers.extend({"x", "--wait", bad}).status == 2);
  }
}

TEST_CASE("extend: recovery of what is finished says so, and of nothing nothing") {
  const Registers registers;
  CHECK(silent(registers.extend({"--recover"})));
  CHECK(silent(registers.extend({"one"})));
  CHECK(silent(registers.extend({"--recover"})));
  const auto told = documents(registers.extend({"--recover", "--json"}).out);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["recovered"]["recovery"] == "none");
  CHECK(told[0]["banks"].empty());
  CHECK(told[0]["log"]["record"].is_null());
  CHECK(silent(registers.extend({"two", "--recover"})));
  CHECK(registers.log_text().ends_with("one\n\ntwo\n"));
  const Scratch scratch;
  CHECK(silent(mrtool({"extend", "--recover", "--root", scratch.path()})));
}

TEST_CASE("extend: lines that cannot be understood extend nothing") {
  const Registers registers;
  const std::string digest = "sha384:" + std::string(96, 'a');
  for (const auto& words : std::vector<std::vector<std::string>>{{"one", "--stdin"},
                                                                 {"--digest", digest, "--file", "x"},
                                                                 {"--by-event", "--digest", digest},
                                                                 {"--data", "00", "text"},
                                                                 {"--data", "0"},
                                                                 {"--data", "00"},
                                                                 {"x", "--event-type", "EV_IPL"},
                                                                 {"x", "--bank", "md5"}}) {
    CAPTURE(words.front());
    CHECK(registers.extend(words).status == 2);
  }
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"extend", "some text"}, {"extend", "14", "x"}, {"extend", "mrtd", "x"}, {"extend", "sha256:pcr14", "x"}}) {
    const Finished run = mrtool(words);
    CHECK(run.status == 2);
  }
  CHECK(mrtool({"extend", "some text"}).err.contains("--event TEXT"));
  CHECK(!std::filesystem::exists(registers.file()));
}

TEST_CASE("extend: a TPM's PCR in all its banks, with a log that replays to it") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm tpm;
  REQUIRE(tpm.running());
  const Scratch scratch;
  const auto run = [&](std::vector<std::string> words) {
    const std::vector<std::string> where{"--root", scratch.path(), "--tcti", tpm.tcti()};
    words.insert(words.end(), where.begin(), where.end());
    return mrtool(words);
  };
  CHECK(silent(run({"extend", "pcr14", "one", "two"})));
  CHECK(silent(run({"extend", "pcr14", "hashed by the TPM", "--by-event"})));
  write_text(scratch / "agent", "agent\n");
  CHECK(silent(run({"extend", "pcr16", "--file", scratch / "agent"})));
  const auto told = documents(run({"extend", "pcr14", "three", "--json"}).out);
  REQUIRE(told.size() == 1);
  const std::string log = told[0]["log"]["path"];
  CHECK(log.starts_with((scratch / "run/mrtool/tpm-").string()));
  CHECK(told[0]["banks"].size() >= 2);
  const Finished compared =
      mrtool({"replay", log, "--register", "pcr14,pcr16", "--against", "tpm", "--tcti", tpm.tcti()});
  CHECK_MESSAGE(compared.status == 0, compared.out, compared.err);
  const Finished lacking = run({"extend", "pcr14", "--digest", "sha256:" + std::string(64, 'a')});
  CHECK(lacking.status == 2);
  CHECK(lacking.err.contains("--bank sha256"));
  CHECK(silent(run({"extend", "pcr14", "--digest", "sha256:" + std::string(64, 'a'), "--bank", "sha256"})));
  CHECK(silent(run({"extend", "pcr14", "--recover"})));
  CHECK(mrtool({"replay", log, "--register", "sha256:14", "--against", "tpm", "--tcti", tpm.tcti()}).status == 0);
  CHECK(run({"extend", "pcr14", std::string(1025, 'a'), "--by-event"}).status == 4);
  const Finished none = run({"extend", "--event", "x"});
  CHECK(none.status == 2);
}

}  // namespace
}  // namespace mrtool::testing
