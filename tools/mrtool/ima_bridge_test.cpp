// mrtool ima-bridge, from the list to what verify says of it.
#include <doctest/doctest.h>

#include "lib/tpm/swtpm_test.hpp"
#include "tools/mrtool/ima_bridge_case_test.hpp"

namespace mrtool::testing {
namespace {

constexpr std::array kWays{"virtual", "records", "direct"};
constexpr int kPatience = 60;  // seconds

// A register of IMA's own begins at zeros.
BridgeCase& in_way(BridgeCase& made, const std::string& way) {
  made.way = way;
  if (way == "direct") {
    made.set_register(std::string(96, '0'));
  }
  return made;
}

ImaTestEntry file(const std::string& name) {
  return {.name = name};
}

TEST_CASE("verify accepts what was carried in each of the three ways, and nothing else") {
  for (const std::string way : kWays) {
    CAPTURE(way);
    BridgeCase made;
    made.reg = way == "direct" ? "rtmr2" : "rtmr3";
    in_way(made, way);
    if (way != "direct") {
      made.set_register(made.td.before.hex());
    }
    const Finished finished = made.once();
    CHECK(finished.status == 0);
    CHECK(finished.out.empty());
    CHECK(finished.err.empty());
    CHECK(made.carried() == made.expected());
    CHECK(made.log_agrees());

    made.write_evidence();
    const std::string log = made.reg + "=" + made.path("runtime.log");
    const std::string list = made.path("ima.bin");
    std::vector<std::string> logs = {made.path("ccel.bin"), log};
    if (way == "virtual") {
      logs.push_back("mr:mr_ima=" + list);
    } else if (way == "direct") {
      // Opaque, but the register's. Nothing in the log names its bank, as the file beside a kept one does.
      write_text(made.path("hash_algo"), "sha384");
      CHECK(made.verify({log}) == 0);
      logs = {made.reg + "=" + list};  // the list alone explains it
    }
    CHECK(made.verify(logs) == 0);

    // A log that differs in a digit, and one that lacks a line.
    std::string damaged = made.log();
    const auto digit = damaged.rfind('\n') - 1;
    damaged[digit] = damaged[digit] == '0' ? '1' : '0';
    write_text(made.path("runtime.log"), damaged);
    CHECK(made.verify({made.path("ccel.bin"), log}) == 1);
    const std::string whole = made.log();
    write_text(made.path("runtime.log"), whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1));
    CHECK(made.verify({made.path("ccel.bin"), log}) == 1);
    write_text(made.path("runtime.log"), whole);
    // A list with another file in it.
    std::vector<ImaTestEntry> other = made.list();
    other[1].file_digest[0] ^= 1;
    write_text(list, list_of(other));
    CHECK(made.verify(logs) == (way == "records" ? 0 : 1));  // the records are the list
    write_text(list, list_of(made.list()));
    // A register that the quote has otherwise.
    made.td.quote.rtmr[static_cast<std::size_t>(made.reg.back() - '0')][0] ^= 1;
    write_text(made.path("quote.bin"), std::string(as_text(make_quote(made.td.quote, made.td.authority))));
    CHECK(made.verify(logs) == 1);
  }
}

TEST_CASE("violations are carried as IMA extends them, and verify finds them") {
  for (const std::string way : kWays) {
    CAPTURE(way);
    BridgeCase made;
    in_way(made, way);
    made.list().push_back({.name = std::string(BridgeCase::kViolation), .file_digest = Bytes(32)});
    // The list shows zeros in the place of a violation's digest.
    std::string list = list_of(made.list());
    const std::size_t entry = list.size() - made.list().back().entry().size();
    std::fill_n(list.begin() + static_cast<std::ptrdiff_t>(entry) + 4, 20, '\0');
    write_text(made.path("ima.bin"), list);
    CHECK(mrtool(made.words()).status == 0);
    CHECK(made.carried() == made.expected());
    CHECK(made.log_agrees());
    made.write_evidence();
    write_text(made.path("ima.bin"), list);
    if (way == "virtual") {
      CHECK(made.verify({made.path("ccel.bin"), "rtmr3=" + made.path("runtime.log"),
                         "mr:mr_ima=" + made.path("ima.bin")}) == 1);
    } else if (way == "records") {
      CHECK(made.verify({made.path("ccel.bin"), "rtmr3=" + made.path("runtime.log")}) == 1);
    } else {
      CHECK(made.verify({"rtmr3=" + made.path("ima.bin")}) == 1);
    }
  }
}

TEST_CASE("each run carries what is new, once") {
  for (const std::string way : kWays) {
    CAPTURE(way);
    BridgeCase made;
    in_way(made, way);
    for (int round = 0; round < 3; ++round) {
      CHECK(made.once().status == 0);
      CHECK(made.carried() == made.expected());
      const std::string value = made.value();
      CHECK(made.once().status == 0);  // nothing is new
      CHECK(made.value() == value);
      made.list().push_back(file("/usr/bin/" + std::to_string(round)));
    }
    CHECK(made.log_agrees());
  }
}

TEST_CASE("each entry has a result in JSON") {
  BridgeCase made;
  const Finished finished = made.once({"--json"});
  CHECK(finished.status == 0);
  const auto results = lines_of(finished.out);
  REQUIRE(results.size() == 3);
  std::string before = made.td.before.hex();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto result = nlohmann::json::parse(results[i]);
    CHECK(result.at("schema") == "mrtool.extend/1");
    CHECK(result.at("register") == "rtmr3");
    CHECK(result.at("log").at("record") == i + 1);  // behind the SYNC
    CHECK((i == 0 || result.at("banks").at(0).at("before") == before));
    before = result.at("banks").at(0).at("after");
  }
  CHECK(before == made.value());
}

TEST_CASE("a list that is not the one that was carried is an error, and extends nothing") {
  for (const std::string way : kWays) {
    CAPTURE(way);
    BridgeCase made;
    in_way(made, way);
    REQUIRE(made.once().status == 0);
    const std::string value = made.value();
    const std::vector<ImaTestEntry> list = made.list();
    made.list()[1].name = "/usr/bin/other";
    made.list().push_back(file("/usr/bin/more"));
    const Finished changed = made.once();
    CHECK(changed.status == 1);
    CHECK(changed.err.contains("record 1"));
    CHECK(changed.err.contains("/usr/bin/other"));
    made.list() = {list[0], list[1]};
    const Finished shorter = made.once();
    CHECK(shorter.status == 1);
    CHECK(shorter.err.contains("expected the 3 entries"));
    made.list() = {list[1], list[2], file("/usr/bin/more")};
    CHECK(made.once().status == 1);
    CHECK(made.value() == value);
    made.list() = list;
    CHECK(made.once().status == 0);
    CHECK(made.value() == value);
  }
}

TEST_CASE("others may extend a shared register in between, and a register of IMA's own is none then") {
  for (const std::string way : kWays) {
    for (const bool logged : {true, false}) {
      CAPTURE(way);
      CAPTURE(logged);
      BridgeCase made;
      in_way(made, way);
      REQUIRE(made.once().status == 0);
      if (logged) {
        REQUIRE(mrtool({"extend", made.reg, "example.org deploy", "--backend", "software:" + made.path("regs.json")})
                    .status == 0);
      } else {
        made.extend_behind_its_back();
      }
      const std::string value = made.value();
      made.list().push_back(file("/usr/bin/more"));
      const Finished finished = made.once();
      if (way == "direct") {
        CHECK(finished.status == 1);
        CHECK(finished.err.contains("not a register of IMA's own"));
        CHECK(made.value() == value);
      } else {
        CHECK(finished.status == 0);
        CHECK(made.carried() == made.expected());
        CHECK(made.log_agrees());
        made.write_evidence();
        std::vector<std::string> logs = {made.path("ccel.bin"), "rtmr3=" + made.path("runtime.log")};
        if (way == "virtual") {
          logs.push_back("mr:mr_ima=" + made.path("ima.bin"));
        }
        CHECK(made.verify(logs) == (logged ? 0 : 6));  // what nobody logged is a gap
      }
    }
  }
}

TEST_CASE("a register of IMA's own has to begin at its initial value") {
  BridgeCase made;
  in_way(made, "direct");
  made.set_register(std::string(96, '1'));
  CHECK(made.once().status == 1);
  CHECK(made.value() == std::string(96, '1'));
}

TEST_CASE("after the machine was started anew, the list is carried from its start") {
  for (const std::string way : kWays) {
    CAPTURE(way);
    BridgeCase made;
    in_way(made, way);
    REQUIRE(made.once().status == 0);
    const std::string log = made.log();
    // The log outlived the register, and what the journal knew is gone.
    std::filesystem::remove(made.path("regs.json.mrtool/rtmr3/journal"));
    made.set_register(std::string(96, '0'));
    made.list()[1].name = "/usr/bin/dash";
    CHECK(made.once().status == 0);
    CHECK(made.carried() == made.expected());
    CHECK(read_text(made.log_path() + ".old") == log);
    CHECK(made.log_agrees());
  }
}

TEST_CASE("a bridge follows its list until it is told to stop") {
  for (const int signal : {SIGTERM, SIGINT}) {
    CAPTURE(signal);
    BridgeCase made;
    made.write_list();
    Background bridge(made.words({"--interval", "0.02"}), made.path("err"));
    const auto caught_up = [&made] { return made.carried() == made.expected(); };
    CHECK(within_seconds(kPatience, caught_up));
    for (int i = 0; i < 5; ++i) {
      // In two parts, so that an entry is met unfinished.
      const std::string entry(as_text(file("/usr/bin/" + std::to_string(i)).entry()));
      std::ofstream list(made.path("ima.bin"), std::ios::binary | std::ios::app);
      list << entry.substr(0, 40) << std::flush;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      list << entry.substr(40) << std::flush;
      made.list().push_back(file("/usr/bin/" + std::to_string(i)));
      CHECK(within_seconds(kPatience, caught_up));
    }
    CHECK(bridge.end(signal) == 0);
    CHECK(read_text(made.path("err")).empty());
    CHECK(made.log_agrees());
    CHECK(made.once().status == 0);
    CHECK(caught_up());
  }
}

TEST_CASE("a followed list that shrinks or is replaced ends the bridge, and a longer copy does not") {
  BridgeCase made;
  made.write_list();
  Background bridge(made.words({"--interval", "0.02"}), made.path("err"));
  const auto caught_up = [&made] { return made.carried() == made.expected(); };
  CHECK(within_seconds(kPatience, caught_up));
  made.list().push_back(file("/usr/bin/more"));
  write_text(made.path("new"), list_of(made.list()));
  std::filesystem::rename(made.path("new"), made.path("ima.bin"));
  CHECK(within_seconds(kPatience, caught_up));
  const std::string value = made.value();
  made.list().erase(made.list().begin());
  made.list().push_back(file("/usr/bin/yet/more"));
  write_text(made.path("new"), list_of(made.list()));
  std::filesystem::rename(made.path("new"), made.path("ima.bin"));
  CHECK(bridge.wait() == 1);
  CHECK(read_text(made.path("err")).contains("expected a file that only grows"));
  CHECK(made.value() == value);
}

TEST_CASE("one bridge at a time carries to a register") {
  BridgeCase made;
  made.write_list();
  Background bridge(made.words({}), made.path("err"));
  CHECK(within_seconds(kPatience, [&made] { return made.carried() == made.expected(); }));
  const Finished second = mrtool(made.words({"--once", "--wait", "0"}));
  CHECK(second.status == 5);
  CHECK(second.err.contains("another bridge carries entries to rtmr3"));
  CHECK(second.err.contains("process "));
  CHECK(bridge.end(SIGTERM) == 0);
  CHECK(mrtool(made.words({"--once", "--wait", "0"})).status == 0);
  CHECK(made.carried() == made.expected());
}

TEST_CASE("a list may be ASCII, come from standard input, be in pieces, or be this machine's") {
  BridgeCase made;
  made.write_list();
  SUBCASE("ASCII") {
    write_text(made.path("ascii"), mrtool({"convert", made.path("ima.bin"), "--to", "ima-ascii"}).out);
    std::filesystem::rename(made.path("ascii"), made.path("ima.bin"));
    CHECK(mrtool(made.words()).status == 0);
  }
  SUBCASE("standard input") {
    std::vector<std::string> words = made.words();
    std::ranges::replace(words, made.path("ima.bin"), std::string("-"));
    CHECK(mrtool(words, {.input = made.path("ima.bin")}).status == 0);
    std::erase(words, "--once");
    CHECK(mrtool(words, {.input = made.path("ima.bin")}).status == 2);
  }
  SUBCASE("in pieces") {
    write_text(made.path("saved"), list_of({made.list()[0], made.list()[1]}));
    write_text(made.path("ima.bin"), list_of({made.list()[2]}));
    std::vector<std::string> words = made.words();
    words.insert(std::ranges::find(words, made.path("ima.bin")), made.path("saved"));
    CHECK(mrtool(words).status == 0);
  }
  SUBCASE("this machine's") {
    const std::filesystem::path place = made.td.files / "root/sys/kernel/security/integrity/ima";
    std::filesystem::create_directories(place);
    std::vector<std::string> words = made.words();
    std::erase(words, made.path("ima.bin"));
    words.insert(words.end(), {"--root", made.path("root")});
    const Finished none = mrtool(words);
    CHECK(none.status == 5);
    CHECK(none.err.contains("/sys/kernel/security/integrity/ima"));
    write_text(place / "binary_runtime_measurements_staged", list_of({made.list()[0]}));
    write_text(place / "binary_runtime_measurements", list_of({made.list()[1], made.list()[2]}));
    CHECK(mrtool(words).status == 0);
  }
  CHECK(made.carried() == made.expected());
}

TEST_CASE("what is whole of a damaged list is carried, and the damage told") {
  BridgeCase made;
  const std::string list = list_of(made.list());
  write_text(made.path("ima.bin"), list + list.substr(0, 50));
  const Finished cut = mrtool(made.words());
  CHECK(cut.status == 3);
  CHECK(cut.err.contains("ima.bin"));
  CHECK(made.carried() == made.expected());
  write_text(made.path("ima.bin"), list);
  CHECK(mrtool(made.words()).status == 0);
  CHECK(made.carried() == made.expected());
  write_text(made.path("ima.bin"), read_text(kTestdata + "/vectors/agile-sha256.bin"));
  CHECK(mrtool(made.words()).status == 3);
  CHECK(made.carried() == made.expected());
}

TEST_CASE("the bank of the digests that are carried can be named") {
  BridgeCase made;
  CHECK(made.once({"--bank", "sha512"}).status == 0);
  const auto lines = lines_of(made.log());
  REQUIRE(lines.size() == 4);
  CHECK(lines[1] == "mr_ima extend sha512/" + made.list()[0].extended_as(HashAlgorithm::sha512).hex());
  made.write_evidence();
  CHECK(made.verify(
            {made.path("ccel.bin"), "rtmr3=" + made.path("runtime.log"), "mr:mr_ima=" + made.path("ima.bin")}) == 0);
  CHECK(made.once().status == 0);  // the bank is the log's
  CHECK(lines_of(made.log()) == lines);
}

// A PCR, whose log is of records with a digest in each bank.
TEST_CASE("a PCR carries a list in each of the three ways") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  for (const std::string way : kWays) {
    CAPTURE(way);
    const SwTpm tpm;
    REQUIRE(tpm.running());
    BridgeCase made;
    std::filesystem::create_directory(made.td.files / "root");
    made.list()[0].file_digest = to_bytes(HashEngine().hash(HashAlgorithm::sha256, Bytes(320)).view());
    const auto carry = [&] {
      made.write_list();
      return mrtool({"ima-bridge", "--root", made.path("root"), "--tcti", tpm.tcti(), "--on", "pcr14", "--as", way,
                     "--log", made.path("log.json"), "--once", "--json", made.path("ima.bin")});
    };
    const Finished first = carry();
    CAPTURE(first.err);
    CHECK(first.status == 0);
    CHECK(lines_of(first.out).size() == 3);
    made.list().push_back(file("/usr/bin/more"));
    const Finished second = carry();
    CAPTURE(second.err);
    CHECK(second.status == 0);
    CHECK(lines_of(second.out).size() == 1);
    CHECK(lines_of(carry().out).empty());
    std::vector<std::string> words = {"verify", made.path("log.json"), "--against", "tpm", "--tcti", tpm.tcti()};
    if (way == "virtual") {
      words.push_back("mr:mr_ima=" + made.path("ima.bin"));
    }
    const Finished verified = mrtool(words);
    CAPTURE(verified.out);
    CAPTURE(verified.err);
    CHECK(verified.status == 0);
    if (way == "direct") {
      CHECK(mrtool({"verify", "pcr14=" + made.path("ima.bin"), "--against", "tpm", "--tcti", tpm.tcti()}).status == 0);
    }
  }
}

TEST_CASE("command lines of ima-bridge that say nothing are usage errors") {
  BridgeCase made;
  made.write_list();
  const std::vector<std::vector<std::string>> bad = {{"--once", "--follow"},
                                                     {"--interval", "x"},
                                                     {"--interval", "0"},
                                                     {"--interval", "nan"},
                                                     {"--virtual", "two words"},
                                                     {"--as", "other"},
                                                     {"--as", "direct", "--virtual", "mr_ima"},
                                                     {"--bank", "sha256,sha384"},
                                                     {"--on", "nothing"},
                                                     {"--wait", "x"},
                                                     {"--log", ""}};
  for (const std::vector<std::string>& more : bad) {
    CAPTURE(more.front());
    std::vector<std::string> words = {"ima-bridge", made.path("ima.bin")};
    words.insert(words.end(), more.begin(), more.end());
    CHECK(mrtool(words).status == 2);
  }
}

}  // namespace
}  // namespace mrtool::testing
