// mrtool ima-bridge, killed: whatever it was doing, the next run carries each entry once.
#include <doctest/doctest.h>

#include <random>

#include "tools/mrtool/fault_injection_test.hpp"
#include "tools/mrtool/ima_bridge_case_test.hpp"

namespace mrtool::testing {
namespace {

// Runs once more, undisturbed.
void check_whole_after(BridgeCase& made, const std::string& what) {
  const Finished finished = mrtool(made.words());
  INFO(what, ": ", finished.err);
  CHECK(finished.status == 0);
  CHECK(made.carried() == made.expected());
  CHECK(made.log_agrees());
}

// At every `stride`-th system call of a run that carries two entries.
std::size_t kill_at_every_call(BridgeCase& made, std::size_t stride) {
  std::size_t number = 0;
  const auto add_entries = [&made, &number] {
    for (int i = 0; i < 2; ++i) {
      made.list().push_back({.name = fmt::format("/usr/bin/{}", number++)});
    }
    made.write_list();
  };
  made.write_list();
  REQUIRE(mrtool(made.words()).status == 0);
  add_entries();
  const std::vector<SystemCall> calls = system_calls(made.words(), "regs.json");
  std::size_t tried = 0;
  std::size_t killed = 0;
  for (std::size_t i = 0; i < calls.size(); i += stride) {
    add_entries();
    killed += run_with_fault(made.words(), calls[i], "signal=KILL").status != 0 ? 1 : 0;
    check_whole_after(made, calls[i].text);
    ++tried;
  }
  CHECK(tried > 3);
  CHECK(killed > tried / 2);
  return tried;
}

TEST_CASE("a bridge that is killed at any system call leaves nothing out and nothing twice") {
  if (!can_inject_faults()) {
    return;
  }
  constexpr std::size_t kSomeOf = 5;
  for (const std::string way : {"virtual", "records", "direct"}) {
    CAPTURE(way);
    BridgeCase made;
    made.way = way;
    if (way == "direct") {
      made.set_register(std::string(96, '0'));
    }
    const std::size_t tried = kill_at_every_call(made, (way == "virtual" ? 1 : kSomeOf) * (kSanitized ? 7 : 1));
    MESSAGE(way, ": killed at ", tried, " system calls");
  }
}

TEST_CASE("a bridge that is killed while it follows leaves nothing out and nothing twice") {
  constexpr int kRounds = 20;
  BridgeCase made;
  made.write_list();
  std::mt19937 random(5);
  std::uniform_int_distribution<int> pause(0, 40);  // milliseconds
  for (int round = 0; round < kRounds; ++round) {
    Background bridge(made.words({"--interval", "0.01"}), made.path("err"));
    std::ofstream list(made.path("ima.bin"), std::ios::binary | std::ios::app);
    for (int i = 0; i < 8; ++i) {
      made.list().push_back({.name = fmt::format("/usr/bin/{}-{}", round, i)});
      list << as_text(made.list().back().entry()) << std::flush;
      std::this_thread::sleep_for(std::chrono::milliseconds(pause(random)));
    }
    bridge.end(SIGKILL);
  }
  check_whole_after(made, "after the last round");
}

}  // namespace
}  // namespace mrtool::testing
