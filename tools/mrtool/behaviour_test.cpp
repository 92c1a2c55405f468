// How the process behaves among others: pipes, files, locales, full disks.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "lib/base/text.hpp"
#include "lib/tpm/swtpm_test.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

const std::string kLog = "vm/shimgrub-secureboot/binary_bios_measurements";

TEST_CASE("a reader that goes away ends the run quietly") {
  const Finished finished = shell("mrtool inspect --json --raw " + kLog + " " + kLog + " " + kLog + " | head -n 1");
  CHECK(finished.out == "{\n");
  CHECK(finished.err.empty());
}

TEST_CASE("a full disk is exit 5, with a reason") {
  for (const char* const command : {"inspect", "replay"}) {
    const Finished finished = mrtool({command, kLog}, {.output = "/dev/full"});
    CHECK(finished.status == 5);
    CHECK(finished.err == "mrtool: error: standard output: cannot write: No space left on device\n");
  }
  CHECK(mrtool({"formats"}, {.output = "/dev/full"}).status == 5);
  CHECK(mrtool({"--help"}, {.output = "/dev/full"}).status == 5);
  CHECK(mrtool({"inspect", kLog, "-o", "/dev/full"}).status == 5);
}

TEST_CASE("output does not depend on locale, time zone, terminal width or threads") {
  const Finished plain = mrtool({"inspect", "--details", kLog});
  REQUIRE(plain.status == 0);
  for (const std::string variable : {"LC_ALL=C", "LC_ALL=C.UTF-8", "LC_ALL=de_DE.UTF-8", "TZ=Asia/Tokyo", "COLUMNS=20",
                                     "NO_COLOR=1", "TERM=xterm-256color"}) {
    CHECK(mrtool({"inspect", "--details", kLog}, {.environment = {variable}}).out == plain.out);
  }
  CHECK(mrtool({"inspect", "--details", "--threads", "7", kLog}).out == plain.out);
}

TEST_CASE(
    "replay of an IMA list tries the rules of its digests at once of a pipe, and one by one of a file, to the same "
    "end") {
  const std::string log = "vm/custom-policy/binary_runtime_measurements";
  const std::string log_256 = log + "_sha256";
  const std::string values = "vm/custom-policy/tpm2_pcrread.yaml";
  for (const std::string& list : {log, log_256}) {
    for (const std::string& against :
         {values, "sha256:10=" + std::string(64, '1'), "sha1:10=" + std::string(40, '1') + ""}) {
      CAPTURE(list);
      CAPTURE(against);
      const auto without_path = [](const std::string& text) {
        nlohmann::json document = nlohmann::json::parse(text);
        document.erase("logs");
        return document.dump();
      };
      const std::vector<std::string> words{"replay", "--json", "--register", "10", "--against", against};
      std::vector<std::string> of_pipe = words;
      of_pipe.emplace_back("-");
      std::vector<std::string> of_file = words;
      of_file.push_back(list);
      const Finished pipe = mrtool(of_pipe, {.input = kTestdata + "/" + list});
      const Finished file = mrtool(of_file);
      CHECK(pipe.status == file.status);
      CHECK(without_path(pipe.out) == without_path(file.out));
    }
  }
}

TEST_CASE("a check of digests that finds none to check is inconclusive") {
  const Scratch scratch;
  write_text(scratch / "values", "");
  const Finished finished = mrtool({"replay", "--check-digests", "aael:rtmr3=" + (scratch / "values").string()});
  CHECK(finished.status == 6);
}

TEST_CASE("a check of digests counts those that a text log's reader makes") {
  const Finished finished = shell("printf 'a b c\\n' | mrtool replay --check-digests --json tsm:rtmr3=- --bank sha384");
  REQUIRE(finished.status == 0);
  CHECK(nlohmann::json::parse(finished.out)["digests"]["computed"] == 1);
}

TEST_CASE("no rendering lets control characters out") {
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20 && c != '\n') || c == 0x7F; };
  for (const std::string rendering : {"--text", "--details", "--json", "--ndjson", "--yaml", "--tpm2-yaml"}) {
    CAPTURE(rendering);
    const Finished finished = mrtool({"inspect", "-v", rendering, "vectors/hostile-text.bin"});
    CHECK(finished.status == 0);
    for (const std::string& text : {finished.out, finished.err}) {
      CHECK(std::ranges::none_of(text, is_control));
      CHECK(!text.contains("\u202E"));
      CHECK(!text.contains("\u009B"));
    }
  }
}

TEST_CASE("names on the command line are escaped in messages") {
  const Finished finished = mrtool({"inspect", "no\x1B[31mfile"});
  CHECK(finished.status == 5);
  CHECK(!finished.err.contains('\x1B'));
  CHECK(!mrtool({"inspect", "--\x1B[31m"}).err.contains('\x1B'));
  CHECK(!mrtool({"\x1B[31m"}).err.contains('\x1B'));
}

TEST_CASE("a damaged log is shown up to the damage, marked, and is exit 3") {
  const std::string log = "vectors/agile-sha256-cut.bin";
  const Finished text = mrtool({"inspect", log});
  CHECK(text.status == 3);
  CHECK(text.out.contains("PARTIAL"));
  CHECK(text.out.contains("S_CRTM_VERSION"));
  CHECK(text.err.contains("record 4"));
  CHECK(text.err.contains("offset "));
  const auto document = nlohmann::json::parse(mrtool({"inspect", "--json", log}).out);
  CHECK(document["logs"][0]["partial"] == true);
  CHECK(document["records"].size() == 4);
  CHECK(document["diagnostics"].back()["severity"] == "error");
  const Finished replay = mrtool({"replay", log});
  CHECK(replay.status == 3);
  CHECK(replay.out.contains("PARTIAL"));
}

TEST_CASE("a digest that differs is marked and is no failure of inspect") {
  const Finished finished = mrtool({"inspect", "vectors/agile-sha256-changed.bin"});
  CHECK(finished.status == 0);
  CHECK(finished.out.contains(" ! "));
  CHECK(finished.err.contains("[digest-differs]"));
  CHECK(mrtool({"inspect", "-q", "vectors/agile-sha256-changed.bin"}).err.empty());
}

TEST_CASE("of several logs the readable ones are shown, and the worst status is given") {
  const Finished finished = mrtool({"inspect", "no-such-file", kLog});
  CHECK(finished.status == 5);
  CHECK(finished.out.contains("shimgrub-secureboot"));
  CHECK(finished.err.contains("no-such-file"));
}

TEST_CASE("standard input is read where no log is named, and must not be empty") {
  const Finished piped = mrtool({"inspect", "--json"}, {.input = kTestdata + "/" + kLog});
  CHECK(piped.status == 0);
  CHECK(nlohmann::json::parse(piped.out)["logs"][0]["path"] == "-");
  const Finished empty = mrtool({"inspect"});
  CHECK(empty.status == 2);
  CHECK(empty.out.empty());
  CHECK(empty.err.contains("mrtool inspect live"));
  CHECK(mrtool({"replay"}).status == 2);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"verify"}, {"verify", "--make-policy"}, {"explain", "--against", "sha256:0=" + std::string(64, '0')}}) {
    const Finished finished = mrtool(words);
    CAPTURE(finished.err);
    CHECK(finished.status == 2);
    CHECK(finished.out.empty());
    CHECK(finished.err.contains("live' or a file"));
  }
}

TEST_CASE("standard input is one log, not two") {
  const ProcessOptions input{.input = kTestdata + "/vectors/agile-sha256.bin"};
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"inspect"},
                                             {"replay"},
                                             {"verify", "--trust-registers"},
                                             {"explain", "--against", "sha256:0=" + std::string(64, '0')},
                                             {"convert", "--to", "tcg2"}}) {
    CAPTURE(command.front());
    std::vector<std::string> words = command;
    words.emplace_back("-");
    CHECK(mrtool(words, input).status != 2);
    words.emplace_back("tcg2:-");
    const Finished twice = mrtool(words, input);
    CHECK(twice.status == 2);
    CHECK(twice.err.contains("more than once"));
  }
}

TEST_CASE("the attestation agent's later log continues that of the firmware") {
  const Scratch scratch;
  const std::string agent = scratch / "eventlog";
  const auto bytes = from_hex(
      "0400000006000000010000000c00dad5f0e226318ffa9839b75a472c6aa7fdb5834949d0a0a22990cf04d5692440fb00f3aa0609db7e49cd"
      "8d793f670d02200000004c45414118000000646f6d61696e206f7065726174696f6e20636f6e74656e74");
  REQUIRE(bytes);
  const std::string record(as_text(*bytes));
  write_text(agent, record);
  const Finished alone = mrtool({"replay", agent});
  CHECK(alone.out.contains(
      "82d3f7a4203f58dafe0519eb5e9f645339cda127418c62d4b0270d790ab6ff3c38783523613a7a9f610e7ba004788c26"));
  const Finished both = mrtool({"replay", "vectors/ccel-sha384.bin", agent});
  CHECK(both.status == 0);
  CHECK(both.err.empty());
  CHECK(mrtool({"convert", "--to", "ccel", agent}).out == record);
}

TEST_CASE("a directory that is named as a log says what could be meant") {
  const Scratch scratch;
  write_text(scratch / "event_log", "a\n");
  const Finished tree = mrtool({"replay", scratch.path()});
  CHECK(tree.status == 5);
  CHECK(tree.err.contains("its log is " + (scratch / "event_log").string()));
  const Finished other = mrtool({"replay", "vectors"});
  CHECK(other.status == 5);
  CHECK(other.err.contains("--against"));
  CHECK(other.err.contains("live --root"));
}

TEST_CASE("live finds the logs of the machine under --root, and says so when there are none") {
  const Scratch root;
  const auto securityfs = root / "sys/kernel/security/tpm0";
  const Finished none = mrtool({"inspect", "live", "--root", root.path()});
  CHECK(none.status == 5);
  CHECK(none.err.contains("live"));
  std::filesystem::create_directories(securityfs);
  std::filesystem::copy_file(kTestdata + "/vectors/agile-sha256.bin", securityfs / "binary_bios_measurements");
  const Finished one = mrtool({"inspect", "live", "--root", root.path()});
  CHECK(one.status == 0);
  CHECK(one.out.contains("sys/kernel/security/tpm0/binary_bios_measurements"));
}

TEST_CASE("registers: live shows the machine under --root, whose plain files nothing vouches for") {
  const Scratch root;
  const Finished none = mrtool({"registers", "--root", root.path()});
  CHECK(none.status == 5);
  CHECK(none.err.contains((root / "sys/class/tpm").string()));
  CHECK(none.err.contains((root / "dev/tdx_guest").string()));
  const auto tree = root / "sys/devices/virtual/misc/tdx_guest/measurements";
  std::filesystem::create_directories(tree);
  write_text(tree / "rtmr0:sha384", std::string(48, '\x11'));
  write_text(tree / "mrtd:sha384", std::string(48, '\x22'));
  const Finished json = mrtool({"registers", "--json", "--root", root.path()});
  CHECK(json.status == 0);
  CHECK(json.err.contains("not authenticated"));
  const auto document = nlohmann::json::parse(json.out);
  CHECK(document["authenticated"] == "none");
  CHECK(document["kind"] == "live");
  CHECK(document["registers"].size() == 2);
  CHECK(document["registers"][1]["register"] == "rtmr0");
  CHECK(mrtool({"registers", "--root", root.path(), "-q"}).err.empty());
  const Finished text = mrtool({"registers", "live", "--root", root.path()});
  CHECK(text.out.contains("nothing vouches for these values"));
}

TEST_CASE("registers and replay reach a TPM by --tcti, and print what tpm2_pcrread does") {
  const Finished unreachable = mrtool({"registers", "tpm", "--tcti", "swtpm:path=/nonexistent/tpm"});
  CHECK(unreachable.status == 5);
  CHECK(
      unreachable.err.starts_with("mrtool: error: tpm: the TPM cannot be reached through swtpm:path=/nonexistent/tpm"));
  CHECK(std::ranges::count(unreachable.err, '\n') == 1);
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm swtpm;
  REQUIRE(swtpm.running());
  REQUIRE(swtpm.run("tpm2_pcrextend 0:sha256=" + std::string(64, '5')));
  REQUIRE(swtpm.run("tpm2_pcrread", "pcrread"));
  const Finished shown = mrtool({"registers", "--tpm2-yaml", "tpm", "--tcti", swtpm.tcti()});
  CHECK(shown.status == 0);
  CHECK(shown.err.empty());
  CHECK(shown.out == read_text(swtpm.directory() + "/pcrread"));
  const Scratch root;
  const Finished live = mrtool({"registers", "--json", "--tcti", swtpm.tcti(), "--root", root.path()});
  CHECK(live.status == 0);
  CHECK(nlohmann::json::parse(live.out)["authenticated"] == "live");
  const Finished replayed = mrtool({"replay", "vectors/agile-sha256.bin", "--json", "--against", "live", "--tcti",
                                    swtpm.tcti(), "--root", root.path()});
  CHECK(replayed.status == 1);
  CHECK(nlohmann::json::parse(replayed.out)["registers"][0]["against"][0]["authenticated"] == "live");
}

TEST_CASE("replay --against live compares with the machine under --root") {
  const Scratch root;
  const auto bank = root / "sys/class/tpm/tpm0/pcr-sha256";
  std::filesystem::create_directories(bank);
  const std::string log = "vectors/agile-sha256.bin";
  const auto replayed = nlohmann::json::parse(mrtool({"replay", "--json", log}).out);
  for (const auto& reg : replayed["registers"]) {
    write_text(bank / reg["register"].get<std::string>().substr(3), reg["value"].get<std::string>() + "\n");
  }
  const std::vector<std::string> words = {"replay", log, "--json", "--against", "live", "--root", root.path()};
  const Finished equal = mrtool(words);
  CHECK(equal.status == 0);
  const auto document = nlohmann::json::parse(equal.out);
  CHECK(document["verdict"] == "equal");
  CHECK(document["registers"][0]["against"][0]["source"] == "live");
  CHECK(document["registers"][0]["against"][0]["authenticated"] == "none");
  write_text(bank / "7", std::string(64, 'a') + "\n");
  CHECK(mrtool(words).status == 1);
}

TEST_CASE("-o replaces a file in one step or not at all") {
  const Scratch scratch;
  const std::string target = scratch / "out.json";
  write_text(target, "before");
  CHECK(mrtool({"inspect", "--json", "-o", target, "no-such-file"}).status == 5);
  CHECK(read_text(target) == "before");
  const Finished finished = mrtool({"inspect", "--json", "-o", target, kLog});
  CHECK(finished.status == 0);
  CHECK(finished.out.empty());
  CHECK(nlohmann::json::parse(read_text(target))["schema"] == "mrtool.inspect/1");
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.path()), {}) == 1);
}

TEST_CASE("-o keeps a file's mode, follows links and writes to devices") {
  const Scratch scratch;
  const std::string target = scratch / "real";
  write_text(target, "");
  std::filesystem::permissions(target, std::filesystem::perms(0640));
  std::filesystem::create_symlink("real", scratch / "link");
  CHECK(mrtool({"formats", "-o", scratch / "link"}).status == 0);
  CHECK(std::filesystem::is_symlink(scratch / "link"));
  CHECK(read_text(target).contains("tcg2"));
  CHECK(std::filesystem::status(target).permissions() == std::filesystem::perms(0640));
  CHECK(mrtool({"formats", "-o", "/dev/null"}).status == 0);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK(mrtool({"formats", "-o", "-"}).out == read_text(target));
}

TEST_CASE("-o into a directory that is not there is exit 5") {
  const Finished finished = mrtool({"formats", "-o", "/nowhere/at/all"});
  CHECK(finished.status == 5);
  CHECK(finished.err.contains("/nowhere/at/all"));
}

TEST_CASE("diagnostics as JSON are an object a line") {
  const Finished finished = mrtool({"inspect", "--diagnostics", "json", "-v", "vectors/agile-sha256-cut.bin"});
  std::istringstream lines(finished.err);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CHECK(nlohmann::json::parse(line).contains("severity"));
  }
  CHECK(count >= 1);
  const auto usage = nlohmann::json::parse(mrtool({"inspect", "--diagnostics", "json", "--record", "x"}).err);
  CHECK(usage["code"] == "usage");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"inspect", "--diagnostics", "json", "--nonsense"},
           {"--diagnostics=json", "nonsense"},
           {"replay", "--diagnostics", "json", "--json", "--yaml"},
       }) {
    const Finished wrong = mrtool(words);
    CHECK(wrong.status == 2);
    CHECK(nlohmann::json::parse(wrong.err)["code"] == "usage");
  }
  CHECK(mrtool({"inspect", "--nonsense", "--", "--diagnostics", "json"}).err.starts_with("mrtool: error: "));
}

TEST_CASE("lines of JSON have a head, every record and a tail") {
  std::istringstream lines(mrtool({"inspect", "--ndjson", kLog}).out);
  std::vector<nlohmann::json> documents;
  for (std::string line; std::getline(lines, line);) {
    documents.push_back(nlohmann::json::parse(line));
  }
  REQUIRE(documents.size() == 53);
  CHECK(documents.front()["schema"] == "mrtool.inspect/1");
  CHECK(documents.front()["logs"][0]["format"] == "tcg2");
  CHECK(documents[1]["record"] == 0);
  CHECK(documents.back()["records"] == 51);
  CHECK(documents.back()["partial"] == false);
}

TEST_CASE("lines of JSON say of every record what the document says") {
  namespace fs = std::filesystem;
  constexpr std::uintmax_t kMostBytes = 300'000;
  std::size_t records = 0;
  for (const std::string folder : {"vectors", "vm", "tsm"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kTestdata + "/" + folder)) {
      if (!entry.is_regular_file() || entry.file_size() > kMostBytes) {
        continue;
      }
      CAPTURE(entry.path().string());
      const auto document =
          nlohmann::json::parse(mrtool({"inspect", "--json", entry.path()}).out, nullptr, /*allow_exceptions=*/false);
      if (!document.is_object() || !document.contains("records")) {
        continue;
      }
      std::istringstream lines(mrtool({"inspect", "--ndjson", entry.path()}).out);
      std::string line;
      std::getline(lines, line);  // the head
      for (const auto& record : document["records"]) {
        REQUIRE(std::getline(lines, line));
        CHECK(nlohmann::json::parse(line) == record);
        ++records;
      }
    }
  }
  CHECK(records > 500);
}

TEST_CASE("filters leave records their numbers") {
  const auto document =
      nlohmann::json::parse(mrtool({"inspect", "--json", "--type", "ipl", "--record", "20-", kLog}).out);
  REQUIRE(!document["records"].empty());
  for (const auto& record : document["records"]) {
    CHECK(record["type"] == "EV_IPL");
    CHECK(record["record"] >= 20);
  }
  const auto banks = nlohmann::json::parse(mrtool({"inspect", "--json", "--bank", "sha256", kLog}).out);
  for (const auto& record : banks["records"]) {
    for (const auto& digest : record["digests"]) {
      CHECK(digest["bank"] == "sha256");
    }
  }
  const auto pcrs = nlohmann::json::parse(mrtool({"inspect", "--json", "--register", "pcr4,7", kLog}).out);
  for (const auto& record : pcrs["records"]) {
    CHECK((record["register"] == "pcr4" || record["register"] == "pcr7"));
  }
}

TEST_CASE("--raw shows each record's bytes") {
  const auto document = nlohmann::json::parse(mrtool({"inspect", "--json", "--raw", "vectors/agile-sha256.bin"}).out);
  std::string all;
  for (const auto& record : document["records"]) {
    all += record["raw"].get<std::string>();
  }
  CHECK(all.size() == 2 * 296);
}

TEST_CASE("replay's status follows its verdict") {
  const std::string log = "vectors/sha1-no-spec-id.bin";
  const std::string right = "sha1:0=51c323de0c0c694f4601cdd02beb58ff13629f74";
  const std::string wrong = "sha1:4=51c323de0c0c694f4601cdd02beb58ff13629f74";
  CHECK(mrtool({"replay", log}).status == 0);
  CHECK(mrtool({"replay", log, "--against", right}).status == 0);
  CHECK(mrtool({"replay", log, "--against", right, "--against", wrong}).status == 1);
  // Nothing that is compared is no success.
  CHECK(mrtool({"replay", log, "--against", right, "--register", "pcr4"}).status == 6);
  CHECK(mrtool({"replay", log, "--bank", "sha512"}).status == 6);
  CHECK(mrtool({"replay", log, "--against", "sha1:0=5"}).status == 2);
  CHECK(mrtool({"replay", log, "--against", "0=5"}).status == 2);
  CHECK(mrtool({"replay", log, "--against", "no-such-file"}).status == 5);
  CHECK(mrtool({"replay", "vectors/agile-sha256-cut.bin", "--against", "sha256:0=" + std::string(64, '0')}).status ==
        3);
}

TEST_CASE("--initial overrides where a register starts, and must fit its bank") {
  const std::string zeros(40, '0');
  const std::string log = "vectors/sha1-no-spec-id.bin";
  CHECK(mrtool({"replay", log, "--initial", "sha1:pcr0=" + zeros})
            .out.contains("51c323de0c0c694f4601cdd02beb58ff13629f74"));
  CHECK(!mrtool({"replay", log, "--initial", "sha1:0=" + std::string(40, '1')}).out.contains("51c323de"));
  for (const std::string& wrong : std::vector<std::string>{"sha1:0=00", "sha1:0", "0=" + zeros, "sha9:0=" + zeros,
                                                           "sha1:x=" + zeros, std::string()}) {
    CAPTURE(wrong);
    const Finished finished = mrtool({"replay", log, "--initial", wrong});
    CHECK(finished.status == 2);
    CHECK(finished.err.contains("--initial"));
  }
}

TEST_CASE("--initial that nothing starts at is no success, one that is used is no warning") {
  const std::string log = "vectors/sha1-no-spec-id.bin";
  const std::string right = "sha1:0=51c323de0c0c694f4601cdd02beb58ff13629f74";
  const std::string zeros(40, '0');
  const Finished used = mrtool({"replay", log, "--register", "0", "--against", right, "--initial", "sha1:0=" + zeros,
                                "--initial", "sha1:pcr0=" + zeros});
  CHECK(used.status == 0);
  CHECK(used.err.empty());
  // Used, if by no register that is shown.
  CHECK(mrtool({"replay", log, "--register", "0", "--against", right, "--initial", "sha1:4=" + zeros}).status == 0);
  const Finished unused =
      mrtool({"replay", log, "--register", "0", "--against", right, "--initial", "sha1:11=" + zeros});
  CHECK(unused.status == 6);
  CHECK(unused.err.contains("sha1:pcr11"));
  CHECK(mrtool({"replay", log, "--initial", "sha1:11=" + zeros}).status == 0);
}

TEST_CASE("--initial of a register inside another one is used, with its carrier and without") {
  const Scratch scratch;
  const std::string log = "rtmr3=" + (scratch / "log").string();
  write_text(scratch / "log",
             "SYNC sha384/" + std::string(96, '0') + "\nmr_ima extend sha256/" + std::string(64, '7') + "\n");
  for (const std::string name : {"mr:mr_ima", "mr:mr_ima@rtmr3"}) {
    CAPTURE(name);
    const Finished finished = mrtool({"replay", log, "--initial", "sha256:" + name + "=" + std::string(64, '1')});
    CHECK(finished.err.empty());
    CHECK(finished.out.contains("--initial"));
    CHECK(finished.out.contains("carried by rtmr3"));
  }
}

TEST_CASE("a value that a TSM log proves in part only is told, and is no success") {
  const Scratch scratch;
  const std::string log = "rtmr3=" + (scratch / "log").string();
  write_text(scratch / "log", "SYNC sha384/" + std::string(96, '5') + "\nexample.org deploy image x\n");
  const auto document = nlohmann::json::parse(mrtool({"replay", "--json", log}).out);
  const std::string value = document["registers"][0]["value"];
  CHECK(document["registers"][0]["log_verdict"] == "UNBOUND");
  const Finished finished = mrtool({"replay", log, "--against", "sha384:rtmr3=" + value});
  CHECK(finished.status == 6);
  CHECK(finished.out.contains("log: TAIL-ONLY"));
  CHECK(finished.err.contains("[not-proven]"));
  CHECK(!finished.err.contains("no value"));
}

TEST_CASE("a log without its register is lined up, and a value for it says how to name it") {
  const Scratch scratch;
  const std::string log = scratch / "log";
  write_text(log, "SYNC sha384/" + std::string(96, '0') + "\nexample.org deploy image x\n");
  std::istringstream lines(mrtool({"inspect", log}).out);
  std::string line;
  std::getline(lines, line);  // the log's name
  std::getline(lines, line);
  const std::size_t type = line.find("TYPE");
  for (const std::string word : {"SYNC", "record"}) {
    std::getline(lines, line);
    CHECK(line.find(word) == type);
  }
  std::istringstream values(mrtool({"replay", log}).out);
  std::getline(values, line);
  const std::size_t bank = line.find("BANK");
  std::getline(values, line);
  CHECK(line.find("sha384") == bank);
  const Finished finished = mrtool({"replay", log, "--against", "sha384:rtmr3=" + std::string(96, '1')});
  CHECK(finished.status == 6);
  CHECK(finished.err.contains("rtmr3=PATH"));
}

TEST_CASE("a hint names the registers that no log is about, only where nothing else differs") {
  const std::string values = "vm/direct-ima-ng/tpm2_pcrread.yaml";
  const std::string log = "vm/direct-ima-ng/binary_bios_measurements";
  CHECK(mrtool({"replay", log, "--against", values}).err.contains("[log-not-given]"));
  CHECK(!mrtool({"replay", log, "--against", values, "--register", "0-9"}).err.contains("[log-not-given]"));
  const Finished two =
      mrtool({"replay", log, "--register", "sha1:9-11", "--against", "sha1:9=9dc95361e1a56dc375f74158dfd2de0f78bc749c",
              "--against", "sha1:10=" + std::string(40, '1'), "--against", "sha1:11=" + std::string(40, '1')});
  CHECK(two.status == 1);
  CHECK(two.err.contains("(pcr10, pcr11)"));
  const Finished other = mrtool({"replay", log, "--register", "0,10", "--against", "sha1:0=" + std::string(40, '1'),
                                 "--against", "sha1:10=" + std::string(40, '1')});
  CHECK(other.status == 1);
  CHECK(!other.err.contains("[log-not-given]"));
}

TEST_CASE("a selection that takes nothing is a warning in every rendering of inspect") {
  for (const std::string rendering : {"--text", "--json", "--ndjson", "--tpm2-yaml"}) {
    CAPTURE(rendering);
    const Finished finished = mrtool({"inspect", rendering, "--register", "23", kLog, kLog});
    CHECK(finished.status == 0);
    CHECK(finished.err == "mrtool: warning: no record is of what --register selects [nothing-selected]\n");
  }
  CHECK(mrtool({"inspect", "--text", "--register", "0", kLog}).err.empty());
}

TEST_CASE("every captured boot leads to the registers that its TPM had") {
  for (const std::string boot : {"custom-policy", "direct-ima-ng", "ima-sig-signed", "legacy-ima-sha1",
                                 "sdboot-default", "seabios-tpm12", "shimgrub-secureboot"}) {
    CAPTURE(boot);
    const auto pcrs = nlohmann::json::parse(read_text(kTestdata + "/vm/" + boot + "/pcrs.json"));
    const Finished finished = mrtool({"replay", "--json", "vm/" + boot + "/binary_bios_measurements"});
    CHECK(finished.status == 0);
    const auto document = nlohmann::json::parse(finished.out);
    CHECK(document["registers"].size() >= 8);
    for (const auto& entry : document["registers"]) {
      const std::string number = entry["register"].get<std::string>().substr(3);
      CHECK(entry["value"] == pcrs[entry["bank"].get<std::string>()][number]);
    }
  }
}

}  // namespace
}  // namespace mrtool::testing
