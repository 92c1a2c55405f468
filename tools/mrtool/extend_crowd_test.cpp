// Many programs extend one register at once.
#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "tools/mrtool/process_test.hpp"

using namespace mrtool;
using namespace mrtool::testing;

TEST_CASE("sixteen processes extend one register with a thousand events each") {
  constexpr int kProcesses = 16;
  constexpr int kEvents = 1000;
  const Scratch scratch;
  const std::string file = scratch / "registers.json";
  const std::string log = scratch / "log";
  // Half of them hand their events over at once, half a few at a time, so that batches of all sizes meet.
  const Finished crowd =
      shell(fmt::format("status=0; pids=;"
                        "for p in $(seq {}); do"
                        "  {{ for e in $(seq {}); do echo \"example.org process $p event $e.\"; [ $((p % 2)) = 0 ] || "
                        "[ $((e % 50)) != 0 ] || sleep 0.05; done; }} |"
                        "    mrtool extend rtmr3 --backend software:{} --log {} --wait 120 & pids=\"$pids $!\";"
                        "done;"
                        "for p in $pids; do wait $p || status=$?; done; exit $status",
                        kProcesses, kEvents, file, log));
  REQUIRE_MESSAGE(crowd.status == 0, crowd.err);
  std::set<std::string> events;
  std::size_t records = 0;
  std::istringstream lines(read_text(log));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("example.org")) {
      events.insert(line);
      ++records;
    }
  }
  CHECK(records == std::size_t{kProcesses} * kEvents);
  CHECK(events.size() == records);
  const Finished compared = testing::mrtool({"replay", "tsm:rtmr3=" + log, "--against", file});
  CHECK_MESSAGE(compared.status == 0, compared.out, compared.err);
  const std::string text = read_text(log);
  CHECK(text.find("SYNC", 1) == std::string::npos);  // nobody took another's event for a stranger's
}
