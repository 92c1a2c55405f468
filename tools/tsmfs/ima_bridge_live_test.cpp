// mrtool ima-bridge over tsmfs: where the kernel keeps the log, and where it keeps none.
#include <doctest/doctest.h>

#include "tools/mrtool/ima_bridge_case_test.hpp"
#include "tools/tsmfs/mounted_test.hpp"

namespace mrtool::testing {
namespace {

// The registers of tsmfs under a root that has a /run, too.
struct GuestRoot {
  Mounted mounted;
  Scratch scratch;
  std::vector<ImaTestEntry> list = {{.name = "boot_aggregate", .file_digest = Bytes(32)}, {.name = "/usr/bin/sh"}};

  GuestRoot() {
    std::filesystem::create_directory_symlink(mounted / "sys", scratch / "sys");
    std::filesystem::create_directory(scratch / "run");
  }
  Finished carry(const std::string& reg, const std::string& way) {
    write_text(scratch / "ima.bin", list_of(list));
    return mrtool({"ima-bridge", "--root", scratch.path().string(), "--on", reg, "--as", way, "--once",
                   (scratch / "ima.bin").string()});
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
    GuestRoot guest;
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
    guest.list.front().name = "other";
    CHECK(guest.carry(reg, way).status == 1);
  }
}

TEST_CASE("ima-bridge keeps a log where the kernel keeps none") {
  if (!have_fuse()) {
    return;
  }
  for (const std::string way : {"virtual", "records", "direct"}) {
    CAPTURE(way);
    GuestRoot guest;
    const std::string log = (guest.scratch / "run/mrtool/tsm/tdx_guest/rtmr3/event_log").string();
    for (int round = 0; round < 2; ++round) {
      const Finished finished = guest.carry("rtmr3", way);
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
