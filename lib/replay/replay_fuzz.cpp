// Records made from fuzz bytes, folded and compared: whatever a reader could hand over must not break the fold, and it
// must not matter whether records are handed over one by one or in batches.
#include <cstdlib>

#include "lib/replay/test_outcome.hpp"
#include "lib/replay/test_records.hpp"

using namespace mrtool;

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(ByteView(data, size));
  const std::vector<RegisterValues> against{replay_test::values_from(reader), replay_test::values_from(reader)};
  const replay_test::GeneratedLogs logs = replay_test::logs_from(reader);
  const replay_test::Replayed one_by_one = replay_test::replayed_one_by_one(logs, against);
  if (replay_test::described(replay_test::replayed_in_batches(logs, against)) != replay_test::described(one_by_one)) {
    std::abort();
  }
  const std::vector<RegisterResult>& results = one_by_one.results;
  bool compared = false;
  bool complete = true;
  for (const RegisterResult& result : results) {
    for (const Comparison& comparison : result.against) {
      compared = compared || result.records > 0;
      complete = complete && result.complete;
      if (comparison.state == MatchState::equal && !(comparison.value == result.value && result.complete)) {
        std::abort();
      }
    }
  }
  if (verdict_of(results, true) == ReplayVerdict::equal && !(compared && complete)) {
    std::abort();
  }
  return 0;
}
