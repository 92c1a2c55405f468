// mrtool explain as people run it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

const std::string kLog = "vm/direct-ima-ng/binary_bios_measurements";
const std::string kValues = "vm/direct-ima-ng/tpm2_pcrread.yaml";

TEST_CASE("what differs stays a failure, whatever explains it") {
  const auto document = nlohmann::json::parse(mrtool({"replay", "--json", kLog}).out);
  std::string other;
  for (const auto& entry : document.at("registers")) {
    if (entry.at("bank") == "sha256" && entry.at("register") == "pcr4") {
      other = entry.at("value");
    }
  }
  const Finished finished = mrtool({"explain", "--json", kLog, "--against", "sha256:5=" + other});
  CAPTURE(finished.out);
  CHECK(finished.status == 1);
  const auto explained = nlohmann::json::parse(finished.out);
  CHECK(explained.at("register") == "pcr5");
  for (const auto& hypothesis : explained.at("hypotheses")) {
    CHECK(hypothesis.at("holds") == (hypothesis.at("hypothesis") == "wrong-register"));
  }
}

TEST_CASE("a value of nothing known is explained by none, and the count is told") {
  const Finished finished = mrtool({"explain", kLog, "--against", "sha256:7=" + std::string(64, 'a')});
  CHECK(finished.status == 1);
  CHECK(finished.out.contains("none of 17 hypotheses hold"));
}

TEST_CASE("a register that no record is about is told, and no comparison is not taken for an equal one") {
  const Finished ima = mrtool({"explain", kLog, "--against", kValues});
  CAPTURE(ima.out);
  CHECK(ima.status == 1);
  CHECK(ima.out.contains("sha256:pcr10"));
  CHECK(ima.out.contains("no record of these logs extends it in this bank"));
  CHECK(ima.err.contains("binary_runtime_measurements"));
  const Finished none = mrtool({"explain", kLog, "--against", "sha256:12=" + std::string(64, '0')});
  CHECK(none.status == 6);
  CHECK(none.out.contains("no value was compared"));
  CHECK(none.err.contains("nothing-compared"));
}

TEST_CASE("where nothing differs there is nothing to explain") {
  const Finished finished = mrtool({"explain", "--register", "0-7", kLog, "--against", kValues});
  CHECK(finished.status == 0);
  CHECK(finished.out.contains("nothing to explain"));
  CHECK(mrtool({"explain", kLog}).status == 2);
}

}  // namespace
}  // namespace mrtool::testing
