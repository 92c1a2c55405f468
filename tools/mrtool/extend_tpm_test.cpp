// mrtool extend on a software TPM, from end to end: what the TPM's own tools say of its PCRs, a quote of them, and what
// mrtool replays and verifies of the log that it kept.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/crypto/hash.hpp"
#include "lib/tpm/faulty_tpm_test.hpp"
#include "lib/tpm/swtpm_test.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

constexpr std::string_view kNonce = "00112233445566778899aabbccddeeff00112233";
const std::vector<HashAlgorithm> kBanks{HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384,
                                        HashAlgorithm::sha512};

bool can_run() {
  if (SwTpm::installed() && have_program("tpm2_quote")) {
    return true;
  }
  MESSAGE("skipped: swtpm and tpm2-tools are not installed");
  return false;
}

using Words = std::vector<std::string>;

// A TPM, and a machine's /run for what is kept beside it.
struct Machine {
  SwTpm tpm;
  Scratch root;
  std::string tcti = tpm.tcti();

  Machine() { REQUIRE(tpm.running()); }

  Finished extend(const std::string& reg, Words words) const {
    words.insert(words.begin(), {"extend", reg, "--tcti", tcti, "--root", root.path().string(), "--wait", "100"});
    return mrtool(words);
  }
  void must_extend(const std::string& reg, const Words& words) const {
    const Finished finished = extend(reg, words);
    REQUIRE_MESSAGE(finished.status == 0, finished.err);
  }
  // The one log of PCRs that is kept here; empty: none.
  std::string log() const {
    std::string found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root.path())) {
      if (entry.path().filename() == "event_log.json") {
        CHECK(found.empty());
        found = entry.path().string();
      }
    }
    return found;
  }
  // As tpm2_pcrread says.
  Digest value(int pcr, HashAlgorithm bank) const {
    REQUIRE(tpm.run("tpm2_pcrread " + to_string(bank) + ":" + std::to_string(pcr) + " -o value.bin"));
    return Digest(as_bytes(read_text(tpm.directory() + "/value.bin")));
  }
  bool foreign_extend(int pcr) const {
    std::string digests;
    for (const HashAlgorithm bank : kBanks) {
      digests += (digests.empty() ? "" : ",") + to_string(bank) + "=" + HashEngine().hash(bank, {}).hex();
    }
    return tpm.run("tpm2_pcrextend " + std::to_string(pcr) + ":" + digests);
  }
  Finished replay(const std::string& path) const {
    return mrtool({"replay", path, "--against", "tpm", "--tcti", tpm.tcti()});
  }
  // Of a quote that is made on the spot, which tpm2_checkquote agrees to.
  Finished verify(const std::string& path, const std::string& selection) const {
    const std::string nonce(kNonce);
    REQUIRE(tpm.run("tpm2_createek -c ek.ctx -G rsa -u ek.pub"));
    REQUIRE(tpm.run("tpm2_flushcontext -t"));
    REQUIRE(tpm.run("tpm2_createak -C ek.ctx -c ak.ctx -G ecc256 -g sha256 -s ecdsa -u ak.pub -f tss"));
    REQUIRE(tpm.run("tpm2_flushcontext -t"));
    REQUIRE(tpm.run("tpm2_quote -c ak.ctx -l " + selection + " -q " + nonce +
                    " -m quote.msg -s quote.sig -o quote.pcrs -g sha256"));
    REQUIRE(tpm.run("tpm2_flushcontext -t"));
    REQUIRE(tpm.run("tpm2_checkquote -u ak.pub -m quote.msg -s quote.sig -f quote.pcrs -g sha256 -q " + nonce));
    const std::string at = tpm.directory() + "/";
    return mrtool({"verify", path, "--quote", at + "quote.msg", "--sig", at + "quote.sig", "--pcrs", at + "quote.pcrs",
                   "--key", at + "ak.pub", "--nonce", nonce});
  }
  void check_agrees(const std::string& path, const std::string& selection) const {
    const Finished replayed = replay(path);
    CAPTURE(replayed.out);
    CAPTURE(replayed.err);
    CHECK(replayed.status == 0);
    const Finished verified = verify(path, selection);
    CAPTURE(verified.out);
    CAPTURE(verified.err);
    CHECK(verified.status == 0);
  }
};

// What these events make of a register that was zero.
Digest chain(HashAlgorithm bank, const Words& events) {
  HashEngine engine;
  Digest value = Digest::filled(find_algorithm(bank)->size, 0);
  for (const std::string& event : events) {
    engine.extend(bank, value, engine.hash(bank, as_bytes(event)).view());
  }
  return value;
}

void check_values(const Machine& machine, int pcr, const Words& events) {
  for (const HashAlgorithm bank : kBanks) {
    CAPTURE(to_string(bank));
    CHECK(machine.value(pcr, bank).hex() == chain(bank, events).hex());
  }
}

int occurrences(const std::string& in, const std::string& what) {
  int count = 0;
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) {
    ++count;
  }
  return count;
}

// How often a log has an event of this text, which it has as hexadecimal digits; and how many marks, which are text.
int count_events(const std::string& path, const std::string& text) {
  return occurrences(read_text(path), to_hex(as_bytes(text)));
}
int count_marks(const std::string& path) {
  return occurrences(read_text(path), "\"SYNC ");
}

nlohmann::json first_line(const std::string& text) {
  return nlohmann::json::parse(text.substr(0, text.find('\n')));
}

}  // namespace

TEST_CASE("a software TPM: extended in all banks, replayed, read by tpm2_pcrread, quoted and verified") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  const Finished extended = machine.extend("pcr11", {"first", "second", "--json"});
  REQUIRE_MESSAGE(extended.status == 0, extended.err);
  CHECK(std::ranges::count(extended.out, '\n') == 2);
  const nlohmann::json result = first_line(extended.out);
  CHECK(result.at("register") == "pcr11");
  CHECK(result.at("backend") == "tpm");
  REQUIRE(result.at("banks").size() == 4);
  for (std::size_t i = 0; i < kBanks.size(); ++i) {
    CHECK(result.at("banks")[i].at("bank") == to_string(kBanks[i]));
    CHECK(result.at("banks")[i].at("after") == chain(kBanks[i], {"first"}).hex());
  }
  machine.must_extend("pcr11", {"third"});
  machine.must_extend("pcr14", {"fourth"});
  check_values(machine, 11, {"first", "second", "third"});
  check_values(machine, 14, {"fourth"});
  REQUIRE_FALSE(machine.log().empty());
  CHECK(result.at("log").at("path") == machine.log());
  machine.check_agrees(machine.log(), "sha256:11,14+sha384:11,14");
  // A byte more or less in the register, and nothing of this holds.
  REQUIRE(machine.foreign_extend(14));
  CHECK(machine.replay(machine.log()).status == 1);
  CHECK(machine.verify(machine.log(), "sha256:11,14").status == 1);
}

TEST_CASE("every log that can be kept beside PCRs leads to where the TPM is") {
  if (!can_run()) {
    return;
  }
  for (const std::string format : {"cel-json", "tcg2", "systemd"}) {
    CAPTURE(format);
    const Machine machine;
    const std::string path = (machine.root / (format + ".log")).string();
    machine.must_extend("pcr11", {"first", "--log", format + ":" + path});
    machine.must_extend("pcr11", {"second", "--log", format + ":" + path});
    check_values(machine, 11, {"first", "second"});
    machine.check_agrees(path, "sha256:11");
  }
}

TEST_CASE("the TPM hashes the event") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  machine.must_extend("pcr11", {"first", "--by-event"});
  machine.must_extend("pcr11", {"second"});
  check_values(machine, 11, {"first", "second"});
  machine.check_agrees(machine.log(), "sha256:11");
  const std::string before = read_text(machine.log());
  const Finished too_long = machine.extend("pcr11", {std::string(1025, 'x'), "--by-event"});
  CHECK(too_long.status == 4);
  CHECK(too_long.err.contains("1024"));
  check_values(machine, 11, {"first", "second"});
  CHECK(read_text(machine.log()) == before);
  const Finished limited = machine.extend("pcr11", {"third", "--by-event", "--bank", "sha256"});
  CHECK(limited.status == 2);
  check_values(machine, 11, {"first", "second"});
  machine.must_extend("pcr11", {"third"});
  machine.check_agrees(machine.log(), "sha256:11");
}

TEST_CASE("a digest for every bank, and nothing for less") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  Words words{"what it is of"};
  for (const HashAlgorithm bank : kBanks) {
    words.insert(words.end(), {"--digest", to_string(bank) + ":" + HashEngine().hash(bank, as_bytes("content")).hex()});
  }
  machine.must_extend("pcr11", words);
  check_values(machine, 11, {"content"});
  machine.check_agrees(machine.log(), "sha256:11+sha384:11");
  words.pop_back();
  words.pop_back();
  const Finished less = machine.extend("pcr11", words);
  CHECK(less.status == 2);
  CHECK(less.err.contains("sha512"));
  check_values(machine, 11, {"content"});
  // A file's content, by its digests.
  write_text(machine.root / "file", "content of a file");
  machine.must_extend("pcr11", {"--file", (machine.root / "file").string()});
  check_values(machine, 11, {"content", "content of a file"});
  machine.check_agrees(machine.log(), "sha256:11+sha384:11");
}

TEST_CASE("only the banks that are named are extended, and verified") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  machine.must_extend("pcr11", {"event", "--bank", "sha256"});
  CHECK(machine.value(11, HashAlgorithm::sha256) == chain(HashAlgorithm::sha256, {"event"}));
  CHECK(machine.value(11, HashAlgorithm::sha1) == chain(HashAlgorithm::sha1, {}));
  const Finished verified = machine.verify(machine.log(), "sha256:11");
  CHECK_MESSAGE(verified.status == 0, verified.out);
  const Finished absent = machine.extend("pcr11", {"event", "--bank", "sha3_256"});
  CHECK(absent.status == 5);
  CHECK(absent.err.contains("sha1, sha256, sha384, sha512"));
}

TEST_CASE("somebody else extends the PCR in between: noticed, marked in the log, and a gap for verify") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  machine.must_extend("pcr11", {"first"});
  REQUIRE(machine.foreign_extend(11));
  const Finished second = machine.extend("pcr11", {"second"});
  CHECK(second.status == 0);
  CHECK(second.err.contains("pcr11"));
  CHECK(count_events(machine.log(), "first") == 1);
  CHECK(count_events(machine.log(), "second") == 1);
  // One a bank, and the register was not extended by any.
  CHECK(count_marks(machine.log()) == 4);
  HashEngine engine;
  Digest expected = chain(HashAlgorithm::sha256, {"first"});
  engine.extend(HashAlgorithm::sha256, expected, engine.hash(HashAlgorithm::sha256, {}).view());
  engine.extend(HashAlgorithm::sha256, expected, engine.hash(HashAlgorithm::sha256, as_bytes("second")).view());
  CHECK(machine.value(11, HashAlgorithm::sha256) == expected);
  const Finished verified = machine.verify(machine.log(), "sha256:11");
  CAPTURE(verified.out);
  CHECK(verified.status == 6);
  CHECK(verified.out.contains("gap"));
  CHECK(machine.replay(machine.log()).status == 6);
  // It goes on without another mark.
  machine.must_extend("pcr11", {"third"});
  CHECK(count_marks(machine.log()) == 4);
  CHECK(machine.verify(machine.log(), "sha256:11").status == 6);
}

TEST_CASE("killed while the TPM extends: each event is there once or not at all, and log and PCR agree again") {
  if (!can_run() || !FaultyTpm::can_be_used()) {
    return;
  }
  for (const bool after : {false, true}) {
    for (const int number : {1, 2, 3}) {
      CAPTURE(after);
      CAPTURE(number);
      Machine machine;
      const FaultyTpm faulty(machine.tpm);
      machine.tcti = faulty.tcti();
      machine.must_extend("pcr11", {"before"});
      faulty.set((after ? "kill-after " : "kill-before ") + std::to_string(number));
      REQUIRE(machine.extend("pcr11", {"one", "two", "three"}).status == 128 + SIGKILL);
      faulty.set("none");
      const Finished recovered = machine.extend("pcr11", {"--recover", "--json"});
      REQUIRE_MESSAGE(recovered.status == 0, recovered.err);
      const int extended = after ? number : number - 1;
      const nlohmann::json report = first_line(recovered.out).at("recovered");
      CHECK(report.at("recovery") == (extended == 0 ? "nothing" : extended == 3 ? "all" : "some"));
      CHECK(report.at("extended") == extended);
      CHECK(report.at("lost") == 3 - extended);
      Words events{"before", "one", "two", "three"};
      events.resize(static_cast<std::size_t>(extended) + 1);
      check_values(machine, 11, events);
      for (const std::string& event : events) {
        CHECK(count_events(machine.log(), event) == 1);
      }
      const Finished replayed = machine.replay(machine.log());
      CHECK_MESSAGE(replayed.status == 0, replayed.out);
      machine.must_extend("pcr11", {"behind"});
      events.emplace_back("behind");
      check_values(machine, 11, events);
      const Finished verified = machine.verify(machine.log(), "sha256:11");
      CHECK_MESSAGE(verified.status == 0, verified.out);
    }
  }
}

TEST_CASE("killed while the TPM extends, and somebody else extends before the next run: unknown, and said") {
  if (!can_run() || !FaultyTpm::can_be_used()) {
    return;
  }
  Machine machine;
  const FaultyTpm faulty(machine.tpm);
  machine.tcti = faulty.tcti();
  machine.must_extend("pcr11", {"before"});
  faulty.set("kill-after 1");
  REQUIRE(machine.extend("pcr11", {"event"}).status == 128 + SIGKILL);
  faulty.set("none");
  REQUIRE(machine.foreign_extend(11));
  const Finished recovered = machine.extend("pcr11", {"--recover", "--json"});
  CHECK(recovered.status == 6);
  CHECK(first_line(recovered.out).at("recovered").at("recovery") == "unknown");
  machine.must_extend("pcr11", {"behind"});
  CHECK(machine.verify(machine.log(), "sha256:11").status == 6);
}

TEST_CASE("the TPM goes away in the middle: what the log has is what the PCR has") {
  if (!can_run() || !FaultyTpm::can_be_used()) {
    return;
  }
  for (const std::string fault : {"gone-before", "gone-after"}) {
    CAPTURE(fault);
    Machine machine;
    const FaultyTpm faulty(machine.tpm);
    machine.tcti = faulty.tcti();
    machine.must_extend("pcr11", {"before"});
    faulty.set(fault + " 2");
    const Finished finished = machine.extend("pcr11", {"one", "two", "three"});
    CAPTURE(finished.err);
    // Where the TPM has extended, reading it says so, and the run goes on.
    const bool after = fault == "gone-after";
    CHECK(finished.status == (after ? 0 : 5));
    faulty.set("none");
    machine.must_extend("pcr11", {"behind"});
    Words events{"before", "one", "two", "three", "behind"};
    std::erase_if(events, [&](const std::string& event) {
      const int count = count_events(machine.log(), event);
      CHECK(count <= 1);
      return count == 0;
    });
    CHECK(events == (after ? Words{"before", "one", "two", "three", "behind"} : Words{"before", "one", "behind"}));
    check_values(machine, 11, events);
    const Finished replayed = machine.replay(machine.log());
    CHECK_MESSAGE(replayed.status == 0, replayed.out);
  }
}

TEST_CASE("processes that extend two PCRs of one TPM at once: everything is logged once, and the log leads there") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  constexpr int kProcesses = 4;
  constexpr int kEvents = 6;
  const std::string common = " --tcti '" + machine.tcti + "' --root '" + machine.root.path().string() + "' --wait 300";
  const Finished all = shell(fmt::format(
      "for p in $(seq {0}); do (for n in $(seq {1}); do mrtool extend pcr1$((p % 2)) \"event $p.$n.\"{2} || "
      "echo failed; done) & done; wait",
      kProcesses, kEvents, common));
  CAPTURE(all.err);
  CHECK(all.status == 0);
  CHECK(all.out.empty());
  for (int process = 1; process <= kProcesses; ++process) {
    for (int number = 1; number <= kEvents; ++number) {
      CHECK(count_events(machine.log(), fmt::format("event {}.{}.", process, number)) == 1);
    }
  }
  CHECK(count_marks(machine.log()) == 0);
  machine.check_agrees(machine.log(), "sha256:10,11");
}

TEST_CASE("a PCR that the operating system cannot extend: told, and others are extended as before") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  const Finished refused = machine.extend("pcr17", {"event"});
  CHECK(refused.status == 5);
  CHECK(refused.err.contains("TPM_RC_LOCALITY"));
  CHECK(refused.err.contains("17 to 22"));
  machine.must_extend("pcr11", {"event"});
  check_values(machine, 11, {"event"});
  CHECK(count_events(machine.log(), "event") == 1);
  const Finished verified = machine.verify(machine.log(), "sha256:11");
  CHECK_MESSAGE(verified.status == 0, verified.out);
}

TEST_CASE("no TPM, one that is a file, one that was not started, one that has gone") {
  const Scratch root;
  const Finished none = mrtool({"extend", "pcr11", "event", "--root", root.path().string()});
  CHECK(none.status == 5);
  CHECK(none.err.contains((root / "dev/tpmrm0").string()));
  CHECK(none.err.contains((root / "dev/tpm0").string()));
  CHECK_FALSE(std::filesystem::exists(root / "run"));
  std::filesystem::create_directories(root / "dev");
  write_text(root / "dev/tpm0", "content");
  const Finished file = mrtool({"extend", "pcr11", "event", "--root", root.path().string()});
  CHECK(file.status == 5);
  CHECK(file.err.contains("expected a TPM's device"));
  CHECK(read_text(root / "dev/tpm0") == "content");
  if (!can_run()) {
    return;
  }
  SwTpm tpm(SwTpm::Startup::none);
  const Words words{"extend", "pcr11", "event", "--root", root.path().string(), "--tcti", tpm.tcti()};
  const Finished idle = mrtool(words);
  CHECK(idle.status == 5);
  CHECK(idle.err.contains("has not been started"));
  tpm.stop();
  const Finished gone = mrtool(words);
  CHECK(gone.status == 5);
  CHECK(gone.err.contains(tpm.tcti()));
}

}  // namespace mrtool::testing
