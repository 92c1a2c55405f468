// mrtool verify and replay on logs that are kept beside PCRs: what their marks, and systemd's dirty bit, do to the
// verdict.
#include <sys/stat.h>

#include "formats/cel/kept_log.hpp"
#include "formats/formats.hpp"
#include "formats/systemd/kept_log.hpp"
#include "formats/tcg/kept_log.hpp"
#include "formats/test_kept_log.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

const std::vector<HashAlgorithm> kBanks{HashAlgorithm::sha256};
const Register kReg = *parse_register("pcr8");

// A firmware's log of PCR 8, and one that is kept behind it.
struct Case {
  explicit Case(std::unique_ptr<extend::KeptLog> kept_log = cel::make_kept_log(), bool behind_firmware = true)
      : log(std::move(kept_log)), kept(*log, kBanks) {
    firmware.measure(firmware.event(ContentType::tsm, "firmware"), kReg);
    if (behind_firmware) {
      kept.extend("firmware", kReg);
    }
  }

  void measure(std::string_view text) { kept.measure(kept.event(ContentType::tsm, text), kReg); }
  std::string write(const std::string& name, std::string_view text) const {
    write_text(scratch / name, std::string(text));
    return (scratch / name).string();
  }
  // Of the logs that are kept, with or without the firmware's before them.
  Finished run(const std::string& command, bool with_firmware) const {
    std::vector<std::string> words{command};
    if (with_firmware) {
      words.push_back("tcg2:" + write("firmware.bin", firmware.text()));
    }
    words.push_back(write("kept.log", kept.text()));
    words.insert(words.end(), {"--against", "sha256:8=" + kept_value().hex()});
    if (command == "verify") {
      words.emplace_back("--trust-registers");
    }
    return mrtool(words);
  }
  Digest kept_value() const { return const_cast<KeptFile&>(kept).present(kReg)[0].digest; }

  Scratch scratch;
  std::unique_ptr<extend::KeptLog> firmware_log = tcg::make_kept_log(kBanks);
  KeptFile firmware{*firmware_log, kBanks};
  std::unique_ptr<extend::KeptLog> log;
  KeptFile kept;
};

TEST_CASE("a mark that states what the firmware's log leads to: nothing is missing") {
  Case made;
  made.measure("one");
  made.measure("two");
  CHECK(made.kept.end.records == 3);
  const Finished verified = made.run("verify", true);
  CAPTURE(verified.out);
  CHECK(verified.status == 0);
  CHECK(made.run("replay", true).status == 0);
}

TEST_CASE("the same log without the firmware's: how the register got where it starts is not known") {
  Case made;
  made.measure("one");
  const Finished verified = made.run("verify", false);
  CAPTURE(verified.out);
  CHECK(verified.status == 6);
  CHECK(verified.out.contains("only the log says what the register held before it"));
  CHECK(made.run("replay", false).status == 6);
}

TEST_CASE("somebody else extended the register between the firmware's log and ours") {
  Case made;
  made.kept.extend("somebody else", kReg);
  made.measure("one");
  const Finished verified = made.run("verify", true);
  CAPTURE(verified.out);
  CHECK(verified.status == 6);
  CHECK(made.run("replay", true).status == 6);
}

TEST_CASE("somebody else extended the register between our events: a gap") {
  Case made;
  made.measure("one");
  made.kept.extend("somebody else", kReg);
  made.measure("two");
  const Finished verified = made.run("verify", true);
  CAPTURE(verified.out);
  CHECK(verified.status == 6);
  CHECK(verified.out.contains("gap"));
  CHECK(made.run("replay", true).status == 6);
  // And a value that no reading gives is no gap.
  made.kept.extend("not logged", kReg);
  CHECK(made.run("verify", true).status == 1);
}

TEST_CASE("marks of a TCG log say the same") {
  Case equal(tcg::make_kept_log(kBanks));
  equal.measure("one");
  CHECK(equal.run("verify", true).status == 0);
  CHECK(equal.run("verify", false).status == 6);
  equal.kept.extend("somebody else", kReg);
  equal.measure("two");
  const Finished verified = equal.run("verify", true);
  CAPTURE(verified.out);
  CHECK(verified.status == 6);
  const Finished shown = mrtool({"inspect", equal.write("kept.log", equal.kept.text())});
  CHECK(shown.out.contains("the register holds sha256/"));
}

TEST_CASE("a log of systemd's with the sticky bit is not enough for a verdict") {
  const systemd::Clock clock = [] {
    return Result<systemd::Moment>(systemd::Moment{.boot_id = std::string(32, 'a'), .since_boot = 1});
  };
  Case made(systemd::make_kept_log(kReg, clock), false);
  made.measure("one");
  CHECK(made.run("verify", false).status == 0);
  REQUIRE(::chmod((made.scratch / "kept.log").c_str(), 01600) == 0);
  const Finished verified = made.run("verify", false);
  CAPTURE(verified.out);
  CHECK(verified.status == 6);
  CHECK((verified.out + verified.err).contains("sticky bit"));
  // Replay says so, and judges values.
  const Finished replayed = made.run("replay", false);
  CHECK(replayed.status == 0);
  CHECK(replayed.err.contains("sticky bit"));
}

}  // namespace
}  // namespace mrtool::testing
