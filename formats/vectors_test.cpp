// From bytes to register values: the vectors' known answers.
#include <doctest/doctest.h>

#include <map>

#include "formats/tcg/test_log.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/replay.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;

namespace {

std::map<std::string, std::string> replay(Row row, std::string_view hex) {
  const Bytes bytes = *from_hex(hex);
  const auto log = read_whole(row, bytes);
  DiagnosticSink diagnostics;
  Replay replay({}, diagnostics);
  replay.begin_log(log->info);
  for (const Batch& batch : log->batches) {
    replay.add(batch);
  }
  std::map<std::string, std::string> values;
  for (const RegisterResult& result : replay.finish()) {
    values[to_string(result.reg)] = result.value.hex();
  }
  return values;
}

}  // namespace

TEST_CASE("vector A replays from locality 3") {
  auto values = replay(Row::tcg2, kVectorA);
  CHECK(values["pcr0"] == "d4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b");
  CHECK(values["pcr7"] == "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
}

TEST_CASE("vector B replays in its only bank") {
  auto values = replay(Row::tcg, kVectorB);
  CHECK(values["pcr0"] == "51c323de0c0c694f4601cdd02beb58ff13629f74");
  CHECK(values["pcr4"] == "45a323382bd933f08e7f0e256bc8249e4095b1ec");
}

TEST_CASE("vector C replays to RTMRs") {
  auto values = replay(Row::ccel, kVectorC);
  CHECK(values["rtmr0"] ==
        "518923b0f955d08da077c96aaba522b9decede61c599cea6c41889cfbea4ae4d50529d96fe4d1afdafb65e7f95bf23c4");
  CHECK(values["rtmr1"] == values["rtmr0"]);
  CHECK(values["rtmr2"] ==
        "30fb3d953f503782391f223f5402965736aa4cc4234e9f3b34d65157154951965053283e08d47bc905472ee9b74ff971");
  CHECK(values["rtmr3"] ==
        "367e458e9dc93048036ccf1a41b38292bcb1a0f6d0ac13ef1dc5ecee3f3ce0753e3c475f54439ccd3097ab633cd31aa7");
  CHECK_FALSE(values.contains("mrtd"));
}
