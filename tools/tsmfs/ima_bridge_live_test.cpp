// mrtool ima-bridge over tsmfs: where the kernel keeps the log, and where it keeps none.
#include <doctest/doctest.h>

#include "tools/mrtool/ima_bridge_case_test.hpp"
#include "tools/tsmfs/mounted_test.hpp"

namespace mrtool::testing {
namespace {

// A guest that has measured two files.
struct Guest : GuestRoot {
  std::vector<ImaTestEntry> list = {{.name = "boot_aggregate", .file_digest = Bytes(32)}, {.name = "/usr/bin/sh"}};

  Finished carry(const std::string& reg, const std::string& way, const std::vector<std::string>& more = {}) {
    write_text(scratch / "ima.bin", list_of(list));
    std::vector<std::string> words = {"ima-bridge", "--root", scratch.path().string(), "--on", reg, "--as",
                                      way,          "--once"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back((scratch / "ima.bin").string());
    return mrtool(words);
  }
  // The lines of a log without those that the bridge did not bring.
  std::vector<std::string> carried(const std::string& log) const {
    std::vector<std::string> lines = lines_of(read_text(log));
    std::erase_if(lines,
                  [](const std::string& line) { return line.starts_with("SYNC") || line.starts_with("example.org"); });
    return lines;
  }
};

std::string line_of(const ImaTestEntry& entry, const std::string& way) {
  return way == "virtual"   ? "mr_ima extend sha256/" + entry.extended_as(HashAlgorithm::sha256).hex()
         : way == "records" ? "ima ima-ng " + to_hex(entry.data())
                            : "# .EXTEND " + entry.extended_as(HashAlgorithm::sha384).hex();
}

std::vector<std::string> lines_of_list(const std::vector<ImaTestEntry>& list, const std::string& way) {
  std::vector<std::string> lines;
  for (const ImaTestEntry& entry : list) {
    lines.push_back(line_of(entry, way));
  }
  return lines;
}

TEST_CASE("ima-bridge goes on by the log that the kernel keeps") {
  if (!have_fuse()) {
    return;
  }
  for (const std::string way : {"virtual", "records"}) {
    CAPTURE(way);
    Guest guest;
    const std::string reg = "measurement-example/rtmr1";
    const std::string log = guest.mounted / (kRfc + "rtmr1/event_log");
    for (int round = 0; round < 3; ++round) {
      const Finished finished = guest.carry(reg, way);
      CHECK(finished.status == 0);
      CHECK(finished.err.empty());
      CHECK(guest.carried(log) == lines_of_list(guest.list, way));
      // Another program of this guest.
      CHECK(mrtool({"extend", "--root", guest.scratch.path().string(), reg, "example.org round"}).status == 0);
      guest.list.push_back({.name = "/usr/bin/" + std::to_string(round)});
    }
    guest.list[1].name = "other";
    const Finished refused = guest.carry(reg, way);
    CAPTURE(refused.err);
    CHECK(refused.status == 1);
  }
}

TEST_CASE("ima-bridge keeps a log where the kernel keeps none") {
  if (!have_fuse()) {
    return;
  }
  for (const std::string way : {"virtual", "records", "direct"}) {
    CAPTURE(way);
    Guest guest;
    const std::string log = (guest.scratch / "run/mrtool/tsm/tdx_guest/rtmr3/event_log").string();
    for (int round = 0; round < 2; ++round) {
      const Finished finished = guest.carry("rtmr3", way, {"--backend", "measurements"});
      CAPTURE(finished.err);
      CHECK(finished.status == 0);
      CHECK(guest.carried(log) == lines_of_list(guest.list, way));
      CHECK(mrtool({"replay", "rtmr3=" + log, "--against", guest.mounted / kUpstream}).status == 0);
      guest.list.push_back({.name = "/usr/bin/" + std::to_string(round)});
    }
  }
}

}  // namespace
}  // namespace mrtool::testing
