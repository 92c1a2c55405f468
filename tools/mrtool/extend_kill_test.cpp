// `mrtool extend`, killed at every system call and with each of them failing: afterwards log and register agree, and
// the event is in both or in neither. Software registers and a TPM; the kernel's own files are tried beside tsmfs.
#include <doctest/doctest.h>
#include <sys/mount.h>

#include "lib/base/bytes.hpp"
#include "lib/tpm/swtpm_test.hpp"
#include "tools/mrtool/fault_injection_test.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

Extending software_register(const std::string& file, const std::string& log) {
  const std::string backend = "software:" + file;
  return {.name = "software",
          .extend =
              [backend, log](const std::string& event) {
                return std::vector<std::string>{"extend", "rtmr3", event, "--backend", backend, "--log", log};
              },
          .recover = {"extend", "rtmr3", "--recover", "--backend", backend, "--log", log},
          .compare = [file, log] { return testing::mrtool({"replay", "tsm:rtmr3=" + log, "--against", file}); },
          .log = [log] { return read_text(log); }};
}

Extending tpm_register(const SwTpm& tpm, const std::string& root) {
  const std::string log = root + "/log.json";
  const std::vector<std::string> where{"--root", root, "--tcti", tpm.tcti(), "--log", log};
  const auto with = [where](std::vector<std::string> words) {
    words.insert(words.end(), where.begin(), where.end());
    return words;
  };
  return {.name = "tpm",
          .extend = [with](const std::string& event) { return with({"extend", "pcr14", event}); },
          .recover = with({"extend", "pcr14", "--recover"}),
          .compare =
              [log, tcti = tpm.tcti()] {
                return testing::mrtool({"replay", log, "--register", "pcr14", "--against", "tpm", "--tcti", tcti});
              },
          .log = [log] { return read_text(log); },
          .spelled = [](const std::string& event) { return to_hex(as_bytes(event)); }};
}

// A file system so small that a file fills it.
class FullDisk {
 public:
  FullDisk() { mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, "size=64k") == 0; }
  ~FullDisk() {
    if (mounted_) {
      ::umount2(path().c_str(), MNT_DETACH);
    }
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  bool mounted() const {
    if (!mounted_) {
      MESSAGE("skipped: no file system can be mounted here");
    }
    return mounted_;
  }
  std::string path() const { return scratch_.path().string(); }
  void fill() const {
    std::ofstream filler(path() + "/filler", std::ios::binary);
    const std::string piece(4096, 'x');
    while (filler.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
    }
  }
  void empty() const { std::filesystem::remove(path() + "/filler"); }

 private:
  Scratch scratch_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("a software register: killed at every system call, and each of them failing") {
  if (!can_inject_faults()) {
    return;
  }
  const Scratch scratch;
  try_every_fault(software_register(scratch / "registers.json", scratch / "log"));
}

TEST_CASE("a software register whose log is on a full disk: killed at every system call") {
  const FullDisk disk;
  if (!can_inject_faults() || !disk.mounted()) {
    return;
  }
  const Scratch scratch;
  Extending extending = software_register(scratch / "registers.json", disk.path() + "/log");
  extending.name = "software, disk full";
  // The log has room in its last block for a while.
  extending.hinder = [&disk] { disk.fill(); };
  extending.relieve = [&disk] { disk.empty(); };
  try_every_fault(extending, true);
}

TEST_CASE("a TPM: killed at every system call, and each of them failing") {
  if (!can_inject_faults()) {
    return;
  }
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm tpm;
  REQUIRE(tpm.running());
  const Scratch scratch;
  try_every_fault(tpm_register(tpm, scratch.path()));
}

TEST_CASE("systemd's log: what another program appends after a run was killed stays, beside what that run extended") {
  if (!can_inject_faults()) {
    return;
  }
  const auto words = [](const Scratch& scratch, const std::string& reg, const std::string& event) {
    return std::vector<std::string>{"extend",
                                    reg,
                                    event,
                                    "--backend",
                                    "software:" + (scratch / (reg + ".json")).string(),
                                    "--log",
                                    "systemd:" + (scratch / "log").string()};
  };
  const Scratch traced_in;
  REQUIRE(testing::mrtool(words(traced_in, "pcr14", "first.")).status == 0);
  std::size_t extended = 0;
  for (const SystemCall& call : system_calls(words(traced_in, "pcr14", "killed."))) {
    if (call.name != "pwrite64" && call.name != "fdatasync") {
      continue;
    }
    CAPTURE(call.text);
    const Scratch scratch;
    REQUIRE(testing::mrtool(words(scratch, "pcr14", "first.")).status == 0);
    run_with_fault(words(scratch, "pcr14", "killed."), call, "signal=KILL");
    CHECK(testing::mrtool(words(scratch, "pcr11", "other.")).status == 0);
    CHECK(testing::mrtool(words(scratch, "pcr14", "last.")).status == 0);
    const std::string log = read_text(scratch / "log");
    CHECK(occurrences(log, "\"first.\"") == 1);
    CHECK(occurrences(log, "\"other.\"") == 1);
    CHECK(occurrences(log, "\"last.\"") == 1);
    extended += occurrences(log, "\"killed.\"");
    for (const std::string reg : {"pcr11", "pcr14"}) {
      const Finished compared = testing::mrtool(
          {"replay", (scratch / "log").string(), "--register", reg, "--against", (scratch / (reg + ".json")).string()});
      CHECK_MESSAGE(compared.status == 0, reg, compared.out, compared.err);
    }
  }
  CHECK(extended > 0);
}
