// --batch: many appraisals in one run, each as if it were alone.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tools/mrtool/process_test.hpp"
#include "tools/mrtool/run.hpp"

namespace mrtool::testing {
namespace {

using nlohmann::json;

const std::string kGood = "vectors/agile-sha256.bin";
const std::string kCut = "vectors/agile-sha256-cut.bin";
const std::string kSha1 = "vectors/sha1-no-spec-id.bin";
const std::string kSha1Equal = "sha1:0=51c323de0c0c694f4601cdd02beb58ff13629f74";
const std::string kSha1Differs = "sha1:0=" + std::string(40, '1');

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<json> documents_of(const std::string& text) {
  std::vector<json> documents;
  for (const std::string& line : lines_of(text)) {
    documents.push_back(json::parse(line));
  }
  return documents;
}

// A run with this text as its list.
Finished run_list(const std::string& list, std::vector<std::string> words) {
  const Scratch scratch;
  write_text(scratch / "list", list);
  words.insert(words.begin() + 1, {"--batch", (scratch / "list").string()});
  return mrtool(words);
}

std::string list_of(const std::vector<std::string>& entries) {
  std::string list;
  for (const std::string& entry : entries) {
    list += entry + "\n";
  }
  return list;
}

// Every file below testdata that may be a log, and some that are none.
std::vector<std::string> all_files() {
  std::vector<std::string> files;
  for (const std::string folder : {"vectors", "vm", "tsm", "quotes"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kTestdata + "/" + folder)) {
      if (entry.is_regular_file()) {
        files.push_back(std::filesystem::relative(entry.path(), kTestdata).string());
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

// A list in which members end in every way.
std::vector<std::string> mixed_entries() {
  return {
      kGood,
      kCut,
      "no-such-file",
      "{\"logs\": \"" + kSha1 + "\", \"against\": \"" + kSha1Equal + "\"}",
      "{\"logs\": [\"" + kSha1 + "\"], \"against\": [\"" + kSha1Differs + "\"], \"path\": \"machine-4\"}",
      "{\"logs\": [\"" + kGood + "\"], \"register\": \"pcr23\"}",
      "{\"logs\": []}",
      "{\"logs\": \"a\", \"aginst\": \"b\"}",
      "{bad",
      "vectors",
      "policies/secure-boot.yaml",
      "vm/shimgrub-secureboot/binary_bios_measurements",
      "pcr4=" + kGood,
  };
}
const std::vector<int> kMixedStatus = {0, 3, 5, 0, 1, 6, 2, 2, 2, 5, 3, 0, 2};

TEST_CASE("a batch has a line a member in the list's order, with the status of each, and ends with the worst") {
  const std::vector<std::string> entries = mixed_entries();
  const Finished finished = run_list(list_of(entries), {"replay"});
  CHECK(finished.status == 2);
  CHECK(finished.err.empty());
  const std::vector<json> documents = documents_of(finished.out);
  REQUIRE(documents.size() == entries.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    CAPTURE(entries[i]);
    CHECK(documents[i]["status"] == kMixedStatus[i]);
    CHECK(documents[i]["schema"] == "mrtool.replay/1");
    const bool told = !documents[i]["diagnostics"].empty() || documents[i]["verdict"] == "differs";
    CHECK((kMixedStatus[i] == 0 || told));
  }
  CHECK(documents[0]["path"] == kGood);
  CHECK(documents[4]["path"] == "machine-4");
  CHECK(documents[6]["path"].is_null());
  CHECK(documents[7]["path"] == "a");
  CHECK(documents[7]["diagnostics"][0]["message"] ==
        "line 8 of the list: there is no key 'aginst'; did you mean 'against'?");
  CHECK(documents[12]["path"] == kGood);
  CHECK(finished.out.starts_with(R"({"schema":"mrtool.replay/1","path":")" + kGood + R"(","status":0,)"));
}

TEST_CASE("a batch is the same at every number of threads, and without order has the same lines") {
  std::vector<std::string> entries;
  for (int i = 0; i < 12; ++i) {
    std::ranges::copy(mixed_entries(), std::back_inserter(entries));
    std::ranges::copy(sample_logs(), std::back_inserter(entries));
  }
  const std::string list = list_of(entries);
  for (const std::string command : {"replay", "verify"}) {
    const std::string one = run_list(list, {command, "--threads", "1"}).out;
    CHECK(lines_of(one).size() == entries.size());
    CHECK(run_list(list, {command, "--threads", "2"}).out == one);
    CHECK(run_list(list, {command, "--threads", "7"}).out == one);
    std::vector<std::string> sorted = lines_of(one);
    std::vector<std::string> unordered = lines_of(run_list(list, {command, "--threads", "7", "--unordered"}).out);
    std::ranges::sort(sorted);
    std::ranges::sort(unordered);
    CHECK(unordered == sorted);
  }
}

TEST_CASE("each file of testdata gives in a batch what it gives alone") {
  const std::vector<std::string> files = all_files();
  CHECK(files.size() > 50);
  for (const std::string command : {"replay", "verify"}) {
    CAPTURE(command);
    const std::vector<json> members = documents_of(run_list(list_of(files), {command}).out);
    REQUIRE(members.size() == files.size());
    std::size_t good = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
      CAPTURE(files[i]);
      const Finished alone = mrtool({command, "--json", files[i]});
      json member = members[i];
      CHECK(member["path"] == files[i]);
      CHECK(member["status"] == alone.status);
      good += member["registers"].empty() ? 0 : 1;
      for (const std::string name : {"path", "status", "line", "entry"}) {
        member.erase(name);
      }
      if (command == "verify") {
        member.erase("diagnostics");
      }
      CHECK(member == json::parse(alone.out));
    }
    CHECK(good > 10);
  }
}

TEST_CASE("the command line holds for every member, whose own options are added or count instead") {
  const std::string list = list_of({
      kSha1,
      "{\"logs\": \"" + kSha1 + "\", \"against\": \"" + kSha1Differs + "\"}",
      "{\"logs\": \"" + kSha1 + "\", \"bank\": \"sha256\"}",
  });
  const Finished finished = run_list(list, {"replay", "--against", kSha1Equal, "--register", "pcr0"});
  const std::vector<json> documents = documents_of(finished.out);
  REQUIRE(documents.size() == 3);
  CHECK(documents[0]["verdict"] == "equal");
  CHECK(documents[0]["registers"].size() == 1);
  CHECK(documents[1]["verdict"] == "differs");
  CHECK(documents[1]["registers"][0]["against"].size() == 2);
  CHECK(documents[2]["verdict"] == "inconclusive");
  CHECK(finished.status == 1);
}

TEST_CASE("a member brings its own evidence, and takes back what the command line says of it") {
  const std::string head = R"({"logs": "vectors/ccel-sha384.bin", "quote": "quotes/tdx-v4.quote")";
  const std::string list = list_of({
      head + R"(, "nonce": "00112233445566778899aabbccddeeff", "path": "right"})",
      head + R"(, "nonce": "00112233445566778899aabbccddeefe", "path": "wrong"})",
      head + R"(, "path": "common"})",
      head + R"(, "ca": "quotes/tdx-root.pem", "no-nonce": true, "path": "both"})",
      head + R"(, "at": "1999-01-01", "nonce": "00112233445566778899aabbccddeeff", "path": "then"})",
      R"({"logs": "vectors/ccel-sha384.bin", "path": "none"})",
  });
  const std::vector<json> documents = documents_of(
      run_list(list, {"verify", "--ca", "quotes/tdx-root.pem", "--nonce", "ff", "--at", "2026-11-24"}).out);
  std::vector<int> status;
  std::ranges::transform(documents, std::back_inserter(status), [](const json& one) { return one["status"]; });
  CHECK(status == std::vector<int>{0, 1, 1, 2, 1, 2});

  const std::string trusting = R"({"logs": ")" + kSha1 + R"(", "trust-registers": false, "allow-sha1": true})";
  const std::vector<json> trusted =
      documents_of(run_list(kSha1 + "\n" + trusting + "\n", {"verify", "--trust-registers", "--allow-sha1", "--require",
                                                             "sha1:0", "--against", kSha1Equal})
                       .out);
  REQUIRE(trusted.size() == 2);
  CHECK(trusted[0]["status"] == 0);
  CHECK(trusted[1]["status"] == 6);
}

TEST_CASE("what no member may say is refused in its line") {
  struct Case {
    std::string entry;
    std::string message;
  };
  for (const Case& refused : std::vector<Case>{
           {R"({"logs": "a", "output": "x"})", "--output is the batch's, not a member's"},
           {R"({"logs": "a", "threads": "2"})", "--threads is the batch's, not a member's"},
           {R"({"logs": "a", "root": "/"})", "--root is the batch's, not a member's"},
           {R"({"logs": "a", "json": true})", "--json is the batch's, not a member's"},
           {R"({"logs": "a", "batch": "b"})", "--batch is the batch's, not a member's"},
           {R"({"logs": "a", "make-policy": true})", "--make-policy is the batch's, not a member's"},
           {R"({"logs": "a", "backend": "b"})", "verify has no option --backend"},
           {R"({"logs": "a", "nonce": ["1", "2"]})", "'nonce' takes a string, without NUL"},
           {R"({"logs": "a", "nonce": 17})", "'nonce' takes a string, without NUL"},
           {R"({"logs": "a", "against": []})", "'against' takes a string or a list of strings, without NUL"},
           {R"({"logs": "a", "against": "b\u0000c"})", "'against' takes a string or a list of strings, without NUL"},
           {R"({"logs": "a", "tolerant": "yes"})", "'tolerant' takes true or false"},
           {R"({"logs": "a\u0000b"})", "'logs' takes a string or a list of strings"},
           {R"({"logs": ["a", 1]})", "'logs' takes a string or a list of strings"},
           {R"({"logs": "a", "path": 5})", "'path' takes a string"},
           {R"({"path": "m"})", "expected 'logs'"},
           {R"({"logs": "a", "logs": "b"})", "this is no JSON object"},
           {R"({"logs": "a"} x)", "this is no JSON object"},
           {"-", "a member's log is not read from standard input"},
           {"ima:-", "a member's log is not read from standard input"},
           {R"({"logs": ["a", "-"]})", "a member's log is not read from standard input"},
       }) {
    CAPTURE(refused.entry);
    const Finished finished = run_list(refused.entry + "\n", {"verify"});
    CHECK(finished.status == 2);
    const std::vector<json> documents = documents_of(finished.out);
    REQUIRE(documents.size() == 1);
    CHECK(documents[0]["status"] == 2);
    CHECK(documents[0]["verdict"] == "inconclusive");
    const std::string message = documents[0]["diagnostics"][0]["message"];
    CHECK(message.starts_with("line 1 of the list: " + refused.message));
  }
}

TEST_CASE("lines of any bytes and length are entries that fail, and the next one is read") {
  using namespace std::string_literals;
  const Scratch scratch;
  std::filesystem::copy(kTestdata + "/" + kGood, scratch / "with space");
  const std::string list = std::string(1'000'000, 'x') + "\n" + kGood + "\0/etc/passwd\n"s + "\xFF\xFE\x1B[2J\n" +
                           std::string(100'000, '{') + "\n" + std::string(60'000, '[') +
                           "\n{\"logs\":" + std::string(60'000, '[') + "\n\r\n\n   \n" +
                           (scratch / "with space").string() + "\r\n" + kGood;
  const Finished finished = run_list(list, {"replay"});
  const std::vector<json> documents = documents_of(finished.out);
  std::vector<int> status;
  std::ranges::transform(documents, std::back_inserter(status), [](const json& one) { return one["status"]; });
  CHECK(status == std::vector<int>{2, 2, 5, 2, 5, 2, 0, 0});
  CHECK(documents[2]["path"]["hex"] == "fffe1b5b324a");
  CHECK(!finished.out.contains('\x1B'));
  CHECK(finished.status == 2);
}

TEST_CASE("a list comes from standard input, and none of it is inconclusive") {
  const Scratch scratch;
  write_text(scratch / "list", list_of({kGood, kSha1}));
  CHECK(documents_of(mrtool({"replay", "--batch", "-"}, {.input = (scratch / "list").string()}).out).size() == 2);
  for (const std::string empty : {"", "\n", "\r\n \n"}) {
    const Finished finished = run_list(empty, {"verify"});
    CHECK(finished.status == 6);
    CHECK(finished.out.empty());
    CHECK(finished.err == "mrtool: error: the list names no log\n");
  }
  CHECK(mrtool({"replay", "--batch", "/dev/null"}).status == 6);
}

TEST_CASE(
    "a member that is a pipe, the one that the list comes through among them, is refused and takes nothing away") {
  const Scratch scratch;
  REQUIRE(::mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  std::string good;
  for (int i = 0; i < 2000; ++i) {
    good += kGood + "\n";
  }
  for (const std::string& entry :
       {(scratch / "pipe").string(), std::string("tsm:rtmr3=/dev/stdin"), std::string("/proc/self/fd/0"),
        R"({"logs":")" + kGood + R"(","against":"/dev/stdin"})"}) {
    CAPTURE(entry);
    write_text(scratch / "list", entry + "\n" + good);
    const Finished finished = shell("cat " + (scratch / "list").string() + " | timeout 60 mrtool replay --batch -");
    CHECK(finished.status == 5);
    const std::vector<std::string> lines = lines_of(finished.out);
    REQUIRE(lines.size() == 2001);
    CHECK(json::parse(lines.front())["status"] == 5);
    CHECK(json::parse(lines.back())["status"] == 0);
  }
}

TEST_CASE("the verdict of a log that was not read whole is inconclusive") {
  const Finished finished = run_list(list_of({kCut, "no-such-file", kGood}), {"replay"});
  std::vector<std::string> verdicts;
  for (const json& document : documents_of(finished.out)) {
    verdicts.push_back(document["verdict"]);
  }
  CHECK(verdicts == std::vector<std::string>{"inconclusive", "inconclusive", "computed"});
}

TEST_CASE("a list that cannot be read ends the run") {
  const Finished missing = mrtool({"replay", "--batch", "no-such-list"});
  CHECK(missing.status == 5);
  CHECK(missing.err == "mrtool: error: no-such-list: cannot be opened: No such file or directory\n");
  const Finished directory = mrtool({"replay", "--batch", "vectors"});
  CHECK(directory.status == 5);
  CHECK(directory.err.contains("vectors: cannot be read: Is a directory"));
}

TEST_CASE("what does not go with a batch, and what none of its members could use, is told once") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"replay", kGood},
           {"replay", "--text"},
           {"replay", "--yaml"},
           {"replay", "--tpm2-yaml"},
           {"verify", "--make-policy"},
           {"replay", "--initial", "sha256:0=00"},
           {"replay", "--register", "nothing"},
           {"verify", "--tolerate", "T99999"},
           {"verify", "--require", "nothing"},
       }) {
    const Finished finished = run_list(kGood + "\n", words);
    CAPTURE(finished.err);
    CHECK(finished.status == 2);
    CHECK(finished.out.empty());
    CHECK(lines_of(finished.err).size() == 1);
  }
  CHECK(mrtool({"replay", "--unordered", kGood}).err.contains("--unordered goes with --batch"));
  CHECK(run_list(kGood + "\n", {"verify", "--policy", "no-such-policy"}).status == 5);
  CHECK(run_list(kGood + "\n", {"replay", "--against", "no-such-values"}).status == 5);
  CHECK(mrtool({"inspect", "--batch", "-"}).status == 2);
}

TEST_CASE("a batch writes JSON, asked for or not, and says what to do where it has no place for an option") {
  const std::string list = list_of({kGood, kSha1});
  for (const std::string command : {"replay", "verify"}) {
    CHECK(run_list(list, {command, "--json"}).out == run_list(list, {command}).out);
    const Finished yaml = run_list(list, {command, "--yaml"});
    CHECK(yaml.status == 2);
    CHECK(yaml.err.contains("--batch writes a JSON object a line, and --yaml would have no effect"));
    for (const std::string option : {"--save-state", "--from-state", "--resume"}) {
      const Finished state = run_list(list, {command, option, "state"});
      CHECK(state.status == 2);
      CHECK(state.err.contains("a state is of one log, and --batch has many: give each its own in the list"));
      CHECK(state.err.contains("\"" + option.substr(2) + "\": \"FILE\"}, instead of " + option));
    }
  }
  const Scratch scratch;
  const std::string log = "vm/custom-policy/binary_runtime_measurements";
  const std::string state = (scratch / "state").string();
  const std::string growing = R"({"logs": ")" + log + R"(", "resume": ")" + state + "\"}\n";
  CHECK(run_list(growing, {"replay"}).status == 0);
  CHECK(std::filesystem::exists(state));
  // What refuses a state is told in the member's line as alone.
  CHECK(run_list(growing, {"replay", "--bank", "sha256"}).out.contains(R"("code":"state-other-options")"));
}

TEST_CASE("a member says which line of the list it is, and what that holds") {
  const std::string list = "\n" + kGood + "\n\n{bad\r\n" + std::string(100'000, 'x') + "\n\xFF\n" + kSha1;
  const std::vector<json> documents = documents_of(run_list(list, {"replay"}).out);
  REQUIRE(documents.size() == 5);
  std::vector<int> lines;
  std::ranges::transform(documents, std::back_inserter(lines), [](const json& one) { return one["line"]; });
  CHECK(lines == std::vector<int>{2, 4, 5, 6, 7});
  CHECK(documents[0]["entry"] == kGood);
  CHECK(documents[1]["entry"] == "{bad");
  CHECK(documents[2]["entry"].is_null());
  CHECK(documents[3]["entry"]["hex"] == "ff");
  CHECK(documents[4]["entry"] == kSha1);
}

TEST_CASE("a file that cannot be read is named by who gave it") {
  const std::string list = kGood + "\n";
  const Finished key = run_list(list, {"verify", "--ima-key", "no-such-key"});
  CHECK(key.status == 5);
  CHECK(key.err == "mrtool: error: --ima-key no-such-key: cannot be opened: No such file or directory\n");
  CHECK(mrtool({"verify", "--ima-key", "no-such-key", kGood}).err == key.err);
  for (const std::string option :
       {"policy", "ima-key", "key", "quote", "resume", "save-state", "from-state", "output"}) {
    CAPTURE(option);
    const Finished empty = mrtool({"verify", "--" + option, "", kGood});
    CHECK(empty.status == 2);
    CHECK(empty.err.contains("--" + option + " names no file: its value is empty"));
  }
  const Finished member = run_list(R"({"logs": ")" + kGood + R"(", "policy": ""})", {"verify"});
  CHECK(member.out.contains("line 1 of the list: --policy names no file: its value is empty"));
}

TEST_CASE("a shared policy and values are those that each member would have read") {
  const std::vector<std::string> common = {"--against", "vm/shimgrub-secureboot/tpm2_pcrread.yaml", "--trust-registers",
                                           "--policy", "policies/secure-boot.yaml"};
  const std::string log = "vm/shimgrub-secureboot/binary_bios_measurements";
  std::vector<std::string> alone = {"verify", "--json", log};
  std::vector<std::string> batch = {"verify", "--threads", "2"};
  alone.insert(alone.end(), common.begin(), common.end());
  batch.insert(batch.end(), common.begin(), common.end());
  const json expected = json::parse(mrtool(alone).out);
  CHECK(expected["verdict"] == "pass");
  std::string list;
  for (int i = 0; i < 50; ++i) {
    list += log + "\n";
  }
  const std::vector<json> documents = documents_of(run_list(list, batch).out);
  CHECK(documents.size() == 50);
  for (json document : documents) {
    for (const std::string name : {"path", "status", "line", "entry", "diagnostics"}) {
      document.erase(name);
    }
    CHECK(document == expected);
  }
}

TEST_CASE("-o takes the results in one step, whatever became of the members") {
  const Scratch scratch;
  const std::string file = (scratch / "results").string();
  const Finished finished = run_list(list_of({kCut, kGood}), {"replay", "-o", file});
  CHECK(finished.status == 3);
  CHECK(finished.out.empty());
  CHECK(documents_of(read_text(file)).size() == 2);
  CHECK(mrtool({"replay", "--batch", "vectors", "-o", file}).status == 5);
  CHECK(documents_of(read_text(file)).size() == 2);
  CHECK(mrtool({"replay", "--batch", "no-such-list", "-o", file}).status == 5);
  CHECK(documents_of(read_text(file)).size() == 2);
}

TEST_CASE("a run that is ended leaves nothing of -o") {
  const Scratch scratch;
  const int unnamed = ::open(scratch.path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (unnamed < 0) {
    MESSAGE("skipped: this file system has no files without a name");
    return;
  }
  ::close(unnamed);
  const std::string there = "cd '" + scratch.path().string() + "'; mkfifo list; exec 3<>list; ";
  for (const std::string signal : {"TERM", "KILL"}) {
    const Finished ended = shell(there +
                                 "echo x >list; mrtool replay --batch list -o results & pid=$!; sleep 0.5; "
                                 "kill -" +
                                 signal + " $pid && wait $pid; rm list; ls");
    CHECK(ended.out.empty());
  }
}

TEST_CASE("a disk that is full is told, and ends the run") {
  const Scratch scratch;
  std::string list;
  for (int i = 0; i < 200; ++i) {
    list += kGood + "\n";
  }
  write_text(scratch / "list", list);
  const Finished finished = mrtool({"replay", "--batch", (scratch / "list").string()}, {.output = "/dev/full"});
  CHECK(finished.status == 5);
  CHECK(finished.err == "mrtool: error: standard output: cannot write: No space left on device\n");
}

TEST_CASE("members that fail are told on standard error when asked for, a line each") {
  const Finished finished = run_list(list_of({kGood, kCut, "no-such-file", kSha1}), {"replay", "-v"});
  const std::vector<std::string> lines = lines_of(finished.err);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("mrtool: error: " + kCut + ": record 4"));
  CHECK(lines[1] == "mrtool: error: no-such-file: cannot be opened: No such file or directory");
  const Finished as_json = run_list(list_of({kCut}), {"replay", "-v", "--diagnostics", "json"});
  CHECK(json::parse(as_json.err)["severity"] == "error");
}

struct Shown {
  int status = 0;
  std::string out;
  std::string err;
};

Shown run_at_terminal(const std::vector<std::string>& words, bool output_too = false) {
  MemoryOutput out;
  MemoryOutput err;
  Environment environment{.out = out, .err = err};
  environment.error_is_terminal = true;
  environment.output_is_terminal = output_too;
  const int status = run(words, environment);
  return {.status = status, .out = out.text(), .err = err.text()};
}

TEST_CASE("a terminal sees how far a batch is, nothing of it at the end, and how its members ended") {
  const Scratch scratch;
  std::string list;
  for (int i = 0; i < 5; ++i) {
    list += kTestdata + "/" + kSha1 + "\n";
  }
  list += "{\"logs\": \"" + kTestdata + "/" + kSha1 + "\", \"against\": \"" + kSha1Differs + "\"}\n";
  list += kTestdata + "/" + kCut + "\n{}\nno-such-file\n";
  write_text(scratch / "list", list);
  const std::string path = (scratch / "list").string();
  const std::string summary = "9 logs: 5 equal, 1 differs, 1 not understood, 1 malformed, 1 unreadable\n";

  const Shown shown = run_at_terminal({"replay", "--batch", path, "--against", kSha1Equal});
  CHECK(shown.status == 2);
  CHECK(documents_of(shown.out).size() == 9);
  CHECK(shown.err.starts_with("\r\x1B[K["));
  CHECK(shown.err.contains("] 0 of 9"));
  CHECK(shown.err.ends_with("\r\x1B[K" + summary));

  const Shown verbose = run_at_terminal({"replay", "--batch", path, "--against", kSha1Equal, "-v", "--color", "never"});
  CHECK(verbose.err.contains("\r\x1B[Kmrtool: error: "));
  CHECK(verbose.err.ends_with(summary));

  CHECK(run_at_terminal({"replay", "--batch", path, "-q"}).err.empty());
  // The results themselves show it.
  CHECK(run_at_terminal({"replay", "--batch", path, "--against", kSha1Equal}, true).err == summary);
}

TEST_CASE("a list of no known length is counted as it goes") {
  const Scratch scratch;
  const std::string fifo = (scratch / "list").string();
  const std::string log = kTestdata + "/" + kGood;
  CHECK(shell("mkfifo '" + fifo + "'; (echo '" + log + "'; echo '" + log + "') >'" + fifo + "' &").status == 0);
  const Shown shown = run_at_terminal({"replay", "--batch", fifo});
  CHECK(shown.status == 0);
  CHECK(shown.err.starts_with("\r\x1B[K0\r\x1B[K"));
  CHECK(shown.err.ends_with("2 logs: 2 computed\n"));
}

TEST_CASE("results are written while the list waits for more") {
  if (!have_program("bash") || !have_program("timeout")) {
    MESSAGE("skipped: bash or timeout is not installed");
    return;
  }
  for (const std::string threads : {"1", "2"}) {
    CAPTURE(threads);
    const Finished finished = shell(
        "timeout 60 bash -c '"
        "coproc M { mrtool replay --threads " +
        threads +
        " --batch -; };"
        "for log in " +
        kGood + " " + kSha1 + "; do echo $log >&${M[1]}; read -r line <&${M[0]}; echo $line; done'");
    CHECK(finished.status == 0);
    const std::vector<json> documents = documents_of(finished.out);
    REQUIRE(documents.size() == 2);
    CHECK(documents[0]["path"] == kGood);
    CHECK(documents[1]["path"] == kSha1);
  }
}

TEST_CASE("a reader that goes away ends a batch whose list has no end") {
  if (!have_program("bash") || !have_program("timeout")) {
    MESSAGE("skipped: bash or timeout is not installed");
    return;
  }
  const Finished finished = shell("timeout 60 bash -c 'yes " + kGood +
                                  " | mrtool replay --batch - | head -n 1 >/dev/null; echo ${PIPESTATUS[@]}'");
  CHECK(finished.out == "141 141 0\n");
  CHECK(finished.err.empty());
}

TEST_CASE("memory does not grow with the list") {
  if (!have_program("bash") || !have_program("timeout")) {
    MESSAGE("skipped: bash or timeout is not installed");
    return;
  }
  // Its peak, in KiB, once it has written its results and waits for more of the list. A sanitizer that keeps what was
  // freed would count all of it.
  const auto peak_of = [](const std::string& entries) {
    const Finished finished = shell(
        "ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1 timeout 100 bash -c 'coproc M { exec mrtool replay --threads "
        "2 --batch -; }; pid=$M_PID;"
        "exec {list}>&${M[1]} {results}<&${M[0]};"
        "yes vm/custom-policy/binary_runtime_measurements | head -n " +
        entries +
        " >&$list &"
        "head -n " +
        entries + " <&$results >/dev/null; grep VmHWM: /proc/$pid/status; kill $pid'");
    const std::size_t digits = finished.out.find_first_of("0123456789");
    REQUIRE(digits != std::string::npos);
    return std::stol(finished.out.substr(digits));
  };
  const long few = peak_of("20");
  const long many = peak_of("2000");
  constexpr long kMayGrow = kSanitized ? 24 * 1024 : 4 * 1024;
  CHECK(many <= few + kMayGrow);
  CHECK((kSanitized || many < 24 * 1024));
}

// The commands of a section of the page, with the hyphens and quotes of a shell.
std::string commands_of(const std::string& heading) {
  std::string page = read_text(MRTOOL_SOURCE_DIR "/man/mrtool-fleets.7");
  for (const auto& [escaped, plain] :
       std::vector<std::pair<std::string, std::string>>{{"\\-", "-"}, {"\\(aq", "'"}, {"\\(ga", "`"}}) {
    for (std::size_t at = page.find(escaped); at != std::string::npos; at = page.find(escaped, at)) {
      page.replace(at, escaped.size(), plain);
    }
  }
  const std::size_t section = page.find(heading + "\n");
  REQUIRE(section != std::string::npos);
  const std::size_t begin = page.find(".EX\n", section) + 4;
  return page.substr(begin, page.find(".EE\n", begin) - begin);
}

TEST_CASE("the ways of spreading a list that the page tells give what one run gives") {
  const Scratch scratch;
  std::vector<std::string> entries;
  for (int i = 0; i < 20; ++i) {
    for (const std::string& log : {kGood, kSha1, kCut, std::string("no-such-file")}) {
      entries.push_back(kTestdata + "/" + log);
    }
  }
  write_text(scratch / "fleet.list", list_of(entries));
  write_text(scratch / "machines", ":\n");
  const auto run_in = [&scratch](const std::string& commands) {
    return shell("cd '" + scratch.path().string() + "'\n" + commands);
  };
  // Each part counts its own lines.
  const auto sorted = [](std::vector<std::string> lines) {
    for (std::string& line : lines) {
      const std::size_t number = line.find("\"line\":");
      REQUIRE(number != std::string::npos);
      line.erase(number, line.find(',', number) - number);
    }
    std::ranges::sort(lines);
    return lines;
  };
  const auto results = [&] {
    std::vector<std::string> lines = lines_of(read_text(scratch / "results.ndjson"));
    CHECK(run_in("rm -f results.ndjson part.*").status == 0);
    return sorted(std::move(lines));
  };
  const auto expected = [&](const std::string& command) {
    return sorted(lines_of(mrtool({command, "--batch", (scratch / "fleet.list").string()}).out));
  };

  (void)run_in(commands_of(".SS xargs and split"));
  CHECK(results() == expected("replay"));

  if (have_program("parallel")) {
    (void)run_in(commands_of(".SS GNU parallel"));
    CHECK(results() == expected("replay"));
  } else {
    MESSAGE("skipped: GNU parallel is not installed");
  }

  // Spark cuts words as a shell would, and starts what they name.
  const auto spark = [&](const std::string& heading, const std::string& begin, const std::string& end) {
    const std::string program = commands_of(heading);
    const std::size_t from = program.find(begin) + begin.size();
    const std::string command = program.substr(from, program.find(end, from) - from);
    write_text(scratch / "spark.sh", command + "\n");
    return run_in("sh ./spark.sh <fleet.list >results.ndjson").status;
  };
  CHECK(spark("In Python it looks at no status unless asked to:", "pipe(\"", "\")") == 5);
  CHECK(results() == expected("replay"));
  CHECK(spark("In Scala every status but 0 ends the job, so that a shell has to hide it:", "\"sh\", \"-c\", \"",
              "\")") == 0);
  CHECK(results() == expected("replay"));

  const std::string tasks =
      "sbatch() { for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do"
      "  SLURM_ARRAY_TASK_ID=$i SLURM_CPUS_PER_TASK=1 sh ./batch.sh || return 1; done; }\n";
  CHECK(run_in(tasks + commands_of(".SS Slurm") + "[ $? -eq 0 ] && cat part.*.ndjson >results.ndjson").status == 0);
  CHECK(results() == expected("verify"));

  std::string pod = commands_of(".SS Kubernetes");
  pod = pod.substr(pod.find('\'') + 1, pod.rfind('\'') - pod.find('\'') - 1);
  pod.replace(pod.find("/fleet"), 6, scratch.path().string());
  CHECK(run_in("split -n l/16 -d -a 3 fleet.list part.\nfor i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do\n"
               "export JOB_COMPLETION_INDEX=$i; " +
               pod + " || exit 1; done; cat part.*.ndjson >results.ndjson")
            .status == 0);
  CHECK(results() == expected("verify"));

  if (!have_program("jq")) {
    MESSAGE("skipped: jq is not installed");
    return;
  }
}

TEST_CASE("the ways of putting results together that the page tells") {
  if (!have_program("jq")) {
    MESSAGE("skipped: jq is not installed");
    return;
  }
  const Scratch scratch;
  const std::string here = kTestdata + "/";
  const auto run_in = [&scratch](const std::string& commands) {
    return shell("cd '" + scratch.path().string() + "'\n" + commands);
  };
  const std::string member = R"({"logs":"no-such-file","path":"machine-2","bank":"sha1"})";
  write_text(scratch / "fleet.list",
             list_of({here + kSha1, here + kCut, "", member,
                      "{\"logs\":\"" + here + kSha1 + "\",\"against\":\"" + kSha1Differs + "\"}", "{}", "\xFF"}));
  CHECK(run_in("mrtool replay --batch fleet.list >results.ndjson").status == 2);
  const Finished told = run_in(commands_of(".SH PUTTING RESULTS TOGETHER"));
  CHECK(told.status == 0);
  CHECK(told.err.empty());
  CHECK(told.out.contains("4 inconclusive\n"));
  CHECK(told.out.contains("1 differs\n"));
  CHECK(told.out.contains(here + kSha1 + "\tsha1\tpcr0\n"));
  CHECK(told.out.contains("machine-2\t5\tinconclusive\tcannot be opened: No such file or directory\n"));
  CHECK(
      told.out.contains("null\t2\tinconclusive\tline 6 of the list: expected 'logs', which names the member's logs\n"));

  // Looked at again once it is there, with its own options; not UTF-8, and so no entry.
  std::filesystem::copy(kTestdata + "/" + kSha1, scratch / "no-such-file");
  const Finished again = run_in(commands_of("by the same command line as before:"));
  const std::vector<json> documents = documents_of(again.out);
  REQUIRE(documents.size() == 2);
  CHECK(documents[0]["path"] == "machine-2");
  CHECK(documents[0]["entry"] == member);
  CHECK(documents[0]["status"] == 0);
  CHECK(documents[1]["status"] == 2);

  const std::string values = " --against " + here + "vm/shimgrub-secureboot/tpm2_pcrread.yaml --trust-registers";
  write_text(scratch / "fleet.list", list_of({here + "vm/shimgrub-secureboot/binary_bios_measurements", here + kGood}));
  CHECK(run_in("mrtool verify --batch fleet.list" + values + " >results.ndjson").status == 1);
  const Finished judged = run_in(commands_of(".SH PUTTING RESULTS TOGETHER"));
  CHECK(judged.status == 0);
  CHECK(judged.err.empty());
  CHECK(judged.out.contains("1 pass\n"));
  CHECK(judged.out.contains("1 fail\n"));
  CHECK(judged.out.contains(here + kGood + "\t1\tfail\t"));
  const Finished layers = run_in(commands_of("also tell which layer it was:"));
  CHECK(layers.err.empty());
  CHECK(layers.out.contains(here + kGood + "\tregisters\tvalues\tfail\n"));
}

}  // namespace
}  // namespace mrtool::testing
