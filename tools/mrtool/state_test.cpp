// Logs that grow: a run that goes on from a state comes to what one of the whole log comes to, or is refused.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "tools/mrtool/layered_case_test.hpp"

namespace mrtool::testing {
namespace {

using nlohmann::json;

// A document without what tells that a state was used, and without an order that comes of reading in pieces.
json without_notes(const std::string& text) {
  if (text.empty()) {
    return {};
  }
  json document = json::parse(text);
  const std::string member = document.contains("diagnostics") ? "diagnostics" : "findings";
  std::multiset<std::string> kept;
  const json told = document[member];
  for (const json& one : told) {
    if (one["code"] != "resumed" && one["code"] != "begun-anew" && one["code"] != "state-not-saved") {
      kept.insert(one.dump());
    }
  }
  document[member] = kept;
  return document;
}

bool tells(const std::string& text, std::string_view code) {
  const json document = json::parse(text);
  const json told = document.contains("diagnostics") ? document["diagnostics"] : document["findings"];
  return std::ranges::any_of(told, [code](const json& one) { return one["code"] == code; });
}

// A log in parts, each a record or more, in a file that grows; and the state beside it.
struct Growing {
  Scratch files;
  std::vector<std::string> parts;
  std::string name;  // as the command line has it: a prefix, and PATH in its place

  std::string log() const { return (files / "log").string(); }
  std::string state() const { return (files / "state").string(); }
  bool has_state() const { return std::filesystem::exists(state()); }
  void remove_state() const { std::filesystem::remove(state()); }
  json state_json() const { return json::parse(read_text(state())); }

  void write(std::size_t count) const {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += parts[i];
    }
    write_text(log(), text);
  }
  Finished run(std::string_view command, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {std::string(command), "--json", name + log()};
    words.insert(words.end(), more.begin(), more.end());
    return mrtool(words);
  }
  Finished replay(const std::vector<std::string>& more) const { return run("replay", more); }
};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// The list of a machine whose PCRs 0 to 9 are zeros.
std::vector<ImaTestEntry> ima_entries(std::size_t count) {
  const Digest aggregate = HashEngine().hash(HashAlgorithm::sha256, Bytes(10 * 32));
  std::vector<ImaTestEntry> entries = {{.name = "boot_aggregate", .file_digest = to_bytes(aggregate.view())}};
  while (entries.size() < count) {
    const auto number = static_cast<std::uint8_t>(entries.size());
    entries.push_back({.name = fmt::format("/usr/bin/{}", number % 3), .file_digest = Bytes(32, number % 3)});
  }
  return entries;
}

struct ImaList : Growing {
  std::vector<ImaTestEntry> entries;

  explicit ImaList(std::size_t count) : entries(ima_entries(count)) {
    for (const ImaTestEntry& entry : entries) {
      parts.emplace_back(as_text(entry.entry()));
    }
  }
  std::string value(std::size_t count, HashAlgorithm bank = HashAlgorithm::sha256) const {
    HashEngine engine;
    Digest folded = Digest::filled(find_algorithm(bank)->size, 0);
    for (std::size_t i = 0; i < count; ++i) {
      engine.extend(bank, folded, entries[i].extended_as(bank).view());
    }
    return fmt::format("{}:10={}", to_string(bank), folded.hex());
  }
  std::vector<std::string> against(std::size_t count) const { return {"--against", value(count)}; }
  // What verify takes for the values of a machine.
  std::vector<std::string> machine(std::size_t count) const {
    std::string values = value(count);
    for (int index = 0; index < 10; ++index) {
      values += fmt::format(",sha256:{}={}", index, std::string(64, '0'));
    }
    return {"--trust-registers", "--against", values};
  }
};

struct TsmText : Growing {
  std::vector<Digest> values;  // behind each part

  TsmText() {
    name = "rtmr3=";
    Digest value = Digest::filled(48, 0);
    const auto line = [&](const std::string& text) {
      value = fold_lines({text}, value);
      add(text + "\n", value);
    };
    const Digest extended = HashEngine().hash(HashAlgorithm::sha384, as_bytes("x"));
    const std::string direct = "# .EXTEND " + extended.hex();
    line("SYNC sha384/" + value.hex());
    add("\n# a comment\n", value);
    line("mr_ima extend sha256/" + std::string(64, 'a'));
    add(direct + "\n", value);  // which fails
    line("SYNC sha384/" + value.hex());
    HashEngine().extend(HashAlgorithm::sha384, value, extended.view());
    add(direct + "\n", value);
    value = fold_lines({"SYNC sha384/" + value.hex()}, value);
    const Digest stated = HashEngine().hash(HashAlgorithm::sha384, as_bytes("gap"));
    parts.back() += "SYNC sha384/" + values.back().hex() + "\n";
    values.back() = value;
    value = stated;
    line("SYNC sha384/" + stated.hex());
    line("mr_ima extend sha256/" + std::string(64, 'b'));
    add(direct + "\n", value);
  }
  std::vector<std::string> against(std::size_t count) const {
    return {"--against", "sha384:rtmr3=" + values[count - 1].hex()};
  }

 private:
  void add(const std::string& text, const Digest& value) {
    parts.push_back(text);
    values.push_back(value);
  }
};

// From every state that can be kept of a front of the log, for each of these options: how many states there were.
template <class Saving>
std::size_t check_every_cut(const Growing& log, std::string_view command,
                            const std::vector<std::vector<std::string>>& asked, const Saving& saving) {
  std::vector<Finished> whole;
  log.write(log.parts.size());
  for (const auto& more : asked) {
    whole.push_back(log.run(command, more));
  }
  std::size_t states = 0;
  for (std::size_t cut = 1; cut <= log.parts.size(); ++cut) {
    log.remove_state();
    log.write(cut);
    log.run(command, with(saving(cut), {"--save-state", log.state()}));
    if (!log.has_state()) {
      continue;
    }
    ++states;
    log.write(log.parts.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      CAPTURE(cut);
      CAPTURE(i);
      const Finished resumed = log.run(command, with(asked[i], {"--from-state", log.state()}));
      CAPTURE(resumed.err);
      CHECK(resumed.status == whole[i].status);
      CHECK(without_notes(resumed.out) == without_notes(whole[i].out));
      CHECK((tells(resumed.out, "resumed") != tells(resumed.out, "begun-anew")));
    }
  }
  return states;
}

TEST_CASE("replay: of an IMA list, a run from any state says what the whole list says, for every verdict") {
  const ImaList list(7);
  const auto anything = [](std::size_t) { return std::vector<std::string>(); };
  CHECK(check_every_cut(list, "replay", {{}, {"--register", "pcr10"}}, anything) == 7);
  const std::string wrong = "sha256:10=" + std::string(64, 'a');
  const auto vouched = [&list](std::size_t cut) { return list.against(cut); };
  CHECK(check_every_cut(list, "replay",
                        {{},
                         list.against(7),
                         list.against(4),
                         list.against(1),
                         {"--against", wrong},
                         {"--against", list.value(7) + "," + list.value(5, HashAlgorithm::sha1)},
                         {"--against", list.value(7) + ",sha256:7=" + std::string(64, '0')}},
                        vouched) == 7);
}

TEST_CASE("replay: of the ASCII form too") {
  ImaList list(6);
  list.write(6);
  const Finished ascii = mrtool({"convert", "--to", "ima-ascii", list.log()});
  REQUIRE(ascii.status == 0);
  list.parts.clear();
  for (std::size_t start = 0; start < ascii.out.size();) {
    const std::size_t end = ascii.out.find('\n', start) + 1;
    list.parts.push_back(ascii.out.substr(start, end - start));
    start = end;
  }
  REQUIRE(list.parts.size() == 6);
  const auto vouched = [&list](std::size_t cut) { return list.against(cut); };
  CHECK(check_every_cut(list, "replay", {{}, list.against(6), list.against(3)}, vouched) == 6);
}

TEST_CASE("replay: of a TSM log with gaps and extends that failed, a run from any state says what the whole log says") {
  const TsmText log;
  const std::string wrong = "sha384:rtmr3=" + std::string(96, 'a');
  const std::string carried = "sha256:mr:mr_ima=" + std::string(64, 'c');
  const std::vector<std::vector<std::string>> asked = {
      {}, log.against(9), log.against(8), log.against(6), log.against(2), {"--against", wrong}, {"--against", carried}};
  const auto anything = [](std::size_t) { return std::vector<std::string>(); };
  CHECK(check_every_cut(log, "replay", asked, anything) == 9);
  const auto vouched = [&log](std::size_t cut) { return log.against(cut); };
  CHECK(check_every_cut(log, "replay", asked, vouched) >= 6);
}

TEST_CASE("verify: a run from any state says what the whole list says, for every verdict") {
  ImaList list(7);
  list.entries[5].file_digest = Bytes(32, 9);  // known to no policy
  list.parts[5] = as_text(list.entries[5].entry());
  write_text(list.files / "policy.yaml",
             "schema: mrtool.policy/1\nrules:\n"
             "  - {name: one, select: {register: pcr10, content: ima, where: {name: /usr/bin/1}}, expect: one}\n"
             "  - {name: warned, select: {register: pcr10, content: ima, where: {name: /usr/bin/2}}, expect: none, "
             "severity: warn}\n"
             "  - {name: only, select: {register: pcr10, content: ima}, expect: only, digests: {from: known.txt}}\n");
  std::string known;
  for (const std::size_t entry : {0U, 1U, 2U, 3U}) {
    known += to_hex(list.entries[entry].file_digest) + "  x\n";
  }
  write_text(list.files / "known.txt", known);
  const std::vector<std::string> policy = {"--policy", (list.files / "policy.yaml").string()};
  const auto plain = [&list](std::size_t cut) { return list.machine(cut); };
  CHECK(check_every_cut(list, "verify", {list.machine(7), list.machine(4), list.machine(1)}, plain) == 7);
  const auto judged = [&](std::size_t cut) { return with(list.machine(cut), policy); };
  // Without a second entry the first rule is not met, and behind the sixth the last is broken.
  CHECK(check_every_cut(list, "verify", {judged(7), judged(5), judged(3), judged(1)}, judged) == 4);
}

TEST_CASE("verify: a state of a TSM log") {
  TsmText log;
  log.parts.resize(5);
  const auto vouched = [&log](std::size_t cut) { return with(log.against(cut), {"--trust-registers"}); };
  CHECK(check_every_cut(log, "verify", {vouched(5), vouched(3), vouched(1)}, vouched) >= 3);
}

TEST_CASE("the state ends behind the last record that the values vouch for") {
  const ImaList list(6);
  list.write(6);
  for (const std::string_view command : {"replay", "verify"}) {
    CAPTURE(command);
    list.remove_state();
    const auto values = [&](std::size_t count) {
      return command == "replay" ? list.against(count) : list.machine(count);
    };
    const std::vector<std::string> resume = {"--resume", list.state()};
    CHECK(list.run(command, with(values(4), resume)).status == 0);
    CHECK(list.state_json()["log"]["records"] == "4");
    CHECK(list.state_json()["log"]["bytes"] == std::to_string(list.parts[0].size() + list.parts[1].size() * 3));
    // The same values again: nothing has changed.
    const std::string before = read_text(list.state());
    CHECK(list.run(command, with(values(4), resume)).status == 0);
    CHECK(read_text(list.state()) == before);
    CHECK(list.run(command, with(values(6), resume)).status == 0);
    CHECK(list.state_json()["log"]["records"] == "6");
    // Values that are older than the state: as of the whole log, and the state goes back with them.
    CHECK(list.run(command, with(values(2), resume)).status == 0);
    CHECK(list.state_json()["log"]["records"] == "2");
  }
}

TEST_CASE("without values the state ends with the log, of a TSM log before extends that may have failed") {
  const ImaList list(3);
  list.write(3);
  CHECK(list.replay({"--save-state", list.state()}).status == 0);
  CHECK(list.state_json()["log"]["records"] == "3");
  TsmText log;
  log.write(4);
  CHECK(log.replay({"--save-state", log.state()}).status == 0);
  CHECK(log.state_json()["log"]["records"] == "3");
}

TEST_CASE("no state is kept of a run that did not end well") {
  const ImaList list(4);
  const std::vector<std::string> save = {"--save-state", list.state()};
  list.write(4);
  CHECK(list.replay(with({"--against", "sha256:10=" + std::string(64, 'a')}, save)).status == 1);
  CHECK(list.run("verify", save).status == 6);
  CHECK(list.run("verify", with(list.machine(3), with({"--require", "sha384:10"}, save))).status == 6);
  CHECK_FALSE(list.has_state());
  write_text(list.log(), list.parts[0] + list.parts[1].substr(0, 30));
  CHECK(list.replay(save).status == 3);
  CHECK(list.run("verify", with(list.machine(1), save)).status == 3);
  CHECK_FALSE(list.has_state());
}

TEST_CASE("a last record that is there in part leaves the state as it was, and good for the next run") {
  const ImaList list(4);
  list.write(2);
  const std::vector<std::string> resume = {"--resume", list.state()};
  CHECK(list.replay(resume).status == 0);
  const std::string before = read_text(list.state());
  write_text(list.log(), read_text(list.log()) + list.parts[2].substr(0, 20));
  CHECK(list.replay(resume).status == 3);
  CHECK(read_text(list.state()) == before);
  list.write(4);
  const Finished finished = list.replay(resume);
  CHECK(finished.status == 0);
  CHECK(tells(finished.out, "resumed"));
  CHECK(list.state_json()["log"]["records"] == "4");
}

TEST_CASE(
    "a record in part right behind the state: what the state holds is shown, as of a whole log that is cut there") {
  const ImaList list(4);
  TsmText text;
  text.parts.resize(3);
  for (const Growing* log : {static_cast<const Growing*>(&list), static_cast<const Growing*>(&text)}) {
    for (const bool selects : {false, true}) {
      log->remove_state();
      log->write(log->parts.size() - 1);
      const std::vector<std::string> words =
          selects ? std::vector<std::string>{"--register", log->name.empty() ? "pcr10" : "rtmr3"}
                  : std::vector<std::string>{};
      const std::vector<std::string> resume = with(words, {"--resume", log->state()});
      REQUIRE(log->replay(resume).status == 0);
      write_text(log->log(), read_text(log->log()) + log->parts.back().substr(0, 20));
      const Finished resumed = log->replay(resume);
      const Finished whole = log->replay(words);
      CHECK(resumed.status == 3);
      CHECK(whole.status == 3);
      json expected = json::parse(whole.out);
      CHECK_FALSE(expected["registers"].empty());
      CHECK(expected["verdict"] == "inconclusive");
      json given = json::parse(resumed.out);
      std::erase_if(given["diagnostics"].get_ref<json::array_t&>(),
                    [](const json& one) { return one["code"] == "resumed" || one["code"] == "state-not-saved"; });
      CHECK(given == expected);
    }
  }
  // The value is the state's, and yet nobody knows what the record says.
  list.remove_state();
  list.write(3);
  const std::vector<std::string> resume = with(list.against(3), {"--resume", list.state()});
  REQUIRE(list.replay(resume).status == 0);
  write_text(list.log(), read_text(list.log()) + list.parts[3].substr(0, 20));
  const Finished compared = list.replay(resume);
  CHECK(compared.status == 3);
  CHECK(json::parse(compared.out)["verdict"] == "inconclusive");
}

TEST_CASE("a state that was not saved is told of, with why") {
  const ImaList list(4);
  list.write(4);
  const std::vector<std::string> save = {"--save-state", list.state(), "-v"};
  const Finished differs = list.replay(with({"--against", "sha256:10=" + std::string(64, 'a')}, save));
  CHECK(differs.err.contains("no state was saved to " + list.state() + ": the verdict is differs [state-not-saved]"));
  CHECK(tells(differs.out, "state-not-saved"));
  CHECK(tells(list.run("verify", save).out, "state-not-saved"));
  CHECK_FALSE(tells(list.run("verify", {}).out, "state-not-saved"));
  const std::string whole = read_text(list.log());
  write_text(list.log(), whole.substr(0, whole.size() - 1));
  CHECK(list.replay(save).err.contains("the log could not be read to its end [state-not-saved]"));
  list.write(4);
  CHECK_FALSE(tells(list.replay(save).out, "state-not-saved"));
  CHECK(list.has_state());
}

TEST_CASE("a state that could not be trusted where it is to go is refused before anything is read") {
  const ImaList list(3);
  list.write(3);
  const std::string open = (list.files / "open").string();
  std::filesystem::create_directory(open);
  REQUIRE(::chmod(open.c_str(), 0777) == 0);
  for (const std::string command : {"replay", "verify"}) {
    for (const std::string option : {"--save-state", "--resume"}) {
      const Finished refused = list.run(command, {option, open + "/state"});
      CHECK(refused.status == 5);
      CHECK(refused.out.empty());
      CHECK_MESSAGE(refused.err.contains("keep it in one that this user alone can write"), refused.err);
      CHECK(refused.err.contains("[state-untrusted]"));
      CHECK(std::filesystem::is_empty(open));
    }
  }
  REQUIRE(::chmod(open.c_str(), 0755) == 0);
  CHECK(list.replay({"--resume", open + "/state"}).status == 0);
}

TEST_CASE("a run without values does not take the place of a state that values have vouched for") {
  const ImaList list(4);
  list.write(4);
  REQUIRE(list.replay(with(list.against(3), {"--save-state", list.state()})).status == 0);
  const std::string before = read_text(list.state());
  for (const std::vector<std::string>& saving :
       {std::vector<std::string>{"--save-state", list.state()}, std::vector<std::string>{"--resume", list.state()},
        std::vector<std::string>{"--from-state", list.state(), "--save-state", list.state()}}) {
    const Finished refused = list.replay(saving);
    CHECK(refused.status == 6);
    CHECK(refused.out.empty());
    CHECK(refused.err.contains("[state-other-options]"));
    CHECK(read_text(list.state()) == before);
  }
  CHECK(list.replay({"--from-state", list.state()}).status == 0);
  CHECK(list.replay({"--from-state", list.state(), "--save-state", list.state() + "2"}).status == 0);
  CHECK(list.replay(with(list.against(4), {"--resume", list.state()})).status == 0);
  CHECK(list.state_json()["log"]["records"] == "4");
}

// The commands of a page's first example that has this line.
std::string commands_of(const std::string& page, const std::string& line) {
  std::string text = read_text(MRTOOL_SOURCE_DIR "/man/" + page);
  for (const auto& [escaped, plain] : std::vector<std::pair<std::string, std::string>>{{"\\-", "-"}, {"\\e", "\\"}}) {
    for (std::size_t at = text.find(escaped); at != std::string::npos; at = text.find(escaped, at)) {
      text.replace(at, escaped.size(), plain);
    }
  }
  const std::size_t begin = text.find(line);
  REQUIRE(begin != std::string::npos);
  return text.substr(begin, text.find(".EE\n", begin) - begin);
}

TEST_CASE("what the pages have cron do leaves no result of a run before, however this one ends") {
  const ImaList list(4);
  const std::string directory = list.files.path().string();
  const auto run_recipe = [&](const std::string& command, const std::string& before) {
    std::string script = commands_of("mrtool-" + command + ".1", "cd \"/var/lib/verifier/$1\"");
    const std::string place = "/var/lib/verifier/$1";
    script.replace(script.find(place), place.size(), directory);
    write_text(list.files / "recipe", before + script);
    (void)shell("sh '" + (list.files / "recipe").string() + "' host7");
    const std::string result = read_text(list.files / "result.json");
    return std::pair(read_text(list.files / "status"), result.empty() ? "" : json::parse(result)["verdict"]);
  };
  const auto list_of = [&](std::size_t count) {
    list.write(count);
    std::filesystem::rename(list.log(), list.files / "ima.bin");
  };
  list_of(4);
  write_text(list.files / "pcrs.yaml", "sha256:\n  10: 0x" + list.value(3).substr(10) + "\n");
  CHECK(run_recipe("replay", "") == std::pair<std::string, json>("0\n", "equal"));
  CHECK(std::filesystem::exists(list.files / "ima.state"));
  list_of(2);
  CHECK(run_recipe("replay", "") == std::pair<std::string, json>("6\n", ""));
  std::filesystem::remove(list.files / "ima.state");
  CHECK(run_recipe("replay", "") == std::pair<std::string, json>("1\n", "differs"));

  // What verify is given there takes a TPM: here it is told what it does.
  write_text(list.files / "nonce", "00");
  CHECK(run_recipe("verify", "mrtool() { echo '{\"verdict\": \"pass\"}' >result.json; return 0; }\n") ==
        std::pair<std::string, json>("0\n", "pass"));
  CHECK(run_recipe("verify", "mrtool() { return 6; }\n") == std::pair<std::string, json>("6\n", ""));
}

TEST_CASE("a log that begins otherwise is refused, with what to do, and the state stays") {
  const ImaList list(4);
  for (const std::string_view command : {"replay", "verify"}) {
    list.remove_state();
    list.write(3);
    const std::vector<std::string> words = with(list.machine(3), {"--resume", list.state()});
    const std::vector<std::string> more = command == "verify" ? words : std::vector(words.end() - 2, words.end());
    REQUIRE(list.run(command, more).status == 0);
    const std::string before = read_text(list.state());
    const auto refused = [&](std::string_view why) {
      const Finished finished = list.run(command, more);
      CHECK(finished.status == 6);
      CHECK(finished.out.empty());
      CHECK_MESSAGE(finished.err.contains(why), finished.err);
      CHECK(finished.err.contains("remove the state"));
      CHECK(read_text(list.state()) == before);
    };
    write_text(list.log(), list.parts[0] + list.parts[2] + list.parts[1]);
    refused("are not those of the log");
    refused("[state-other-log]");
    write_text(list.log(), list.parts[0]);
    refused("or more, and this one has");
    refused("[state-log-shorter]");
    // What does not tell its format yet is of the state's.
    for (const std::string& begun : {std::string(), list.parts[0].substr(0, 10)}) {
      write_text(list.log(), begun);
      refused("[state-log-shorter]");
    }
    write_text(list.log(), std::string(1000, 'x'));
    refused("[state-other-log]");
  }
}

TEST_CASE("a state of another run is refused, and which option differs is told") {
  const ImaList list(3);
  list.write(3);
  const auto refused = [&list](std::string_view command, const std::vector<std::string>& more, std::string_view why) {
    const Finished finished = list.run(command, with(more, {"--from-state", list.state()}));
    CAPTURE(finished.err);
    CHECK(finished.status == 6);
    CHECK(finished.out.empty());
    CHECK(finished.err.contains(why));
    CHECK(finished.err.contains("[state-other-options]"));
  };
  const std::string initial = "sha256:pcr10=" + std::string(64, 'a');
  REQUIRE(list.replay({"--save-state", list.state()}).status == 0);
  refused("replay", {"--initial", initial}, "of --initial");
  refused("replay", {"--bank", "sha256"}, "of --bank");
  refused("replay", list.against(3), "compared no values");
  refused("verify", list.machine(3), "made by mrtool replay");
  ImaList named(3);
  named.name = "rtmr3=";
  named.write(3);
  std::filesystem::copy(list.state(), named.state());
  std::filesystem::permissions(named.state(), std::filesystem::perms::owner_read);
  const Finished other = named.replay({"--from-state", named.state()});
  CHECK(other.status == 6);
  CHECK(other.err.contains("of register"));

  write_text(list.files / "policy.yaml",
             "schema: mrtool.policy/1\nrules:\n  - {name: a, select: {register: pcr10, content: ima, where: {name: "
             "/usr/bin/1}}, expect: one}\n");
  const std::vector<std::string> policy = {"--policy", (list.files / "policy.yaml").string()};
  list.remove_state();
  REQUIRE(list.run("verify", with(list.machine(3), with(policy, {"--save-state", list.state()}))).status == 0);
  refused("replay", list.against(3), "made by mrtool verify");
  refused("verify", list.machine(3), "of --policy");
  refused("verify", with(list.machine(3), with(policy, {"--allow-sha1"})), "of --allow-sha1");
  refused("verify", with(list.machine(3), with(policy, {"--tolerate", "ima-violations"})), "of --tolerate");
  refused("verify", with(list.machine(3), with(policy, {"--tolerant"})), "of --tolerant");
  refused("verify", with(list.machine(3), with(policy, {"--require", "sha256:10"})), "of --require");
  refused("verify", with(list.machine(3), with(policy, {"--initial", initial})), "of --initial");
  CHECK(list.run("verify", with(list.machine(3), with(policy, {"--from-state", list.state()}))).status == 0);
  write_text(list.files / "policy.yaml",
             "schema: mrtool.policy/1\nrules:\n  - {name: b, select: {register: pcr10, content: ima, where: {name: "
             "/usr/bin/1}}, expect: one}\n");
  refused("verify", with(list.machine(3), policy), "the files of --policy");
}

TEST_CASE("verify: registers of the boot that are quoted otherwise now are held against the state's boot_aggregate") {
  const ImaList list(4);
  list.write(3);
  REQUIRE(list.run("verify", with(list.machine(3), {"--save-state", list.state()})).status == 0);
  list.write(4);
  std::vector<std::string> rebooted = list.machine(4);
  const std::size_t pcr3 = rebooted[2].find("sha256:3=") + 9;
  rebooted[2].replace(pcr3, 2, "ff");
  const Finished finished = list.run("verify", with(rebooted, {"--from-state", list.state()}));
  CHECK(finished.status == 6);
  CHECK(json::parse(finished.out)["verdict"] == "inconclusive");
}

TEST_CASE("verify: what is wrong behind the state is found, and what is not quoted does not pass") {
  ImaList list(5);
  list.write(3);
  REQUIRE(list.run("verify", with(list.machine(3), {"--save-state", list.state()})).status == 0);
  list.write(5);
  const std::vector<std::string> from = {"--from-state", list.state()};
  CHECK(list.run("verify", with(list.machine(5), from)).status == 0);
  CHECK(list.run("verify", from).status == 6);
  std::vector<std::string> untrusted = list.machine(5);
  untrusted.erase(untrusted.begin());
  CHECK(list.run("verify", with(untrusted, {"--from-state", list.state()})).status == 6);
  // An entry whose digest is not of its data, and one that was taken out.
  std::string changed = list.parts[4];
  changed.back() = 'x';
  write_text(list.log(), list.parts[0] + list.parts[1] + list.parts[2] + list.parts[3] + changed);
  CHECK(list.run("verify", with(list.machine(5), from)).status == 1);
  write_text(list.log(), list.parts[0] + list.parts[1] + list.parts[2] + list.parts[4]);
  CHECK(list.run("verify", with(list.machine(5), from)).status == 1);
}

TEST_CASE("a state that is damaged, or that others could have written, is refused") {
  const ImaList list(2);
  list.write(2);
  REQUIRE(list.replay({"--save-state", list.state()}).status == 0);
  struct stat status = {};
  REQUIRE(::stat(list.state().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  const std::vector<std::string> from = {"--from-state", list.state()};
  const std::string text = read_text(list.state());
  constexpr std::size_t kStep = 97;
  for (std::size_t at = 0; at < text.size(); at += kStep) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    write_text(list.state(), changed);
    const Finished damaged = list.replay(from);
    CHECK(damaged.status == 3);
    CHECK(damaged.err.contains("[state-damaged]"));
  }
  write_text(list.state(), text);
  CHECK(list.replay(from).status == 0);
  REQUIRE(::chmod(list.state().c_str(), 0660) == 0);
  const Finished open = list.replay(from);
  CHECK(open.status == 5);
  CHECK(open.err.contains("chmod go-w"));
  CHECK(open.err.contains("[state-untrusted]"));
  CHECK(list.replay({"--resume", list.state()}).status == 5);
  list.remove_state();
  CHECK(list.replay(from).status == 5);
  CHECK(list.replay({"--resume", list.state()}).status == 0);
}

TEST_CASE("a file that is no state is not replaced by one") {
  const Scratch scratch;
  const std::string log = "vm/custom-policy/binary_runtime_measurements";
  const std::string copy = (scratch / "copy").string();
  write_text(copy, read_text(kTestdata + "/" + log));
  for (const std::string option : {"--save-state", "--resume"}) {
    CAPTURE(option);
    const Finished finished = mrtool({"replay", "--bank", "sha1", log, option, copy});
    CHECK(finished.status != 0);
    CHECK(read_text(copy) == read_text(kTestdata + "/" + log));
  }
}

TEST_CASE("other formats, several logs and contradicting options are refused") {
  const ImaList list(2);
  list.write(2);
  const std::string state = list.state();
  for (const std::string_view command : {"replay", "verify"}) {
    for (const std::string option : {"--save-state", "--resume"}) {
      const std::string name(command);
      const Finished firmware = mrtool({name, "vectors/agile-sha256.bin", option, state});
      CHECK(firmware.status == 4);
      CHECK(firmware.out.empty());
      CHECK(firmware.err.contains("an IMA list or a TSM text log"));
      const Finished several = mrtool({name, list.log(), list.log(), option, state});
      CHECK(several.status == 4);
      CHECK(several.err.contains("a state is of one log"));
      CHECK(mrtool({name, list.log(), option, state, "--from-state", state}).status == (option == "--resume" ? 2 : 5));
    }
    CHECK_FALSE(list.has_state());
  }
  CHECK(mrtool({"verify", "--make-policy", list.log(), "--resume", state}).status == 2);
}

TEST_CASE("a log from a pipe is read on, and the state moves with it") {
  const ImaList list(4);
  const std::string line = fmt::format("cat {} | mrtool replay --json - {} {} --resume {}", list.log(), "--against",
                                       list.value(3), list.state());
  list.write(3);
  CHECK(shell(line).status == 0);
  CHECK(list.state_json()["log"]["records"] == "3");
  list.write(4);
  const Finished finished = shell(line);
  CHECK(finished.status == 0);
  CHECK(tells(finished.out, "resumed"));
  CHECK(json::parse(finished.out)["logs"][0]["records"] == 4);
  CHECK(json::parse(finished.out)["registers"][1]["against"][0]["state"] == "log-ahead");
}

}  // namespace
}  // namespace mrtool::testing
