// One changed byte of a log, anywhere, and the whole case does not pass any more; but for the bytes that no register
// vouches for, which are listed by what they are.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "lib/base/bytes.hpp"
#include "tools/mrtool/output.hpp"
#include "tools/mrtool/process_test.hpp"
#include "tools/mrtool/run.hpp"

namespace mrtool::testing {
namespace {

int run_here(std::vector<std::string> words) {
  MemoryOutput out;
  MemoryOutput err;
  Environment environment{.out = out, .err = err};
  return run(words, environment);
}

struct Uncovered {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string what;
};

struct MutationCase {
  std::string log;
  std::vector<std::string> evidence;
  std::vector<Uncovered> uncovered;
};

const std::string kQuotes = kTestdata + "/quotes/";

MutationCase tpm_case() {
  const std::string folder = kQuotes + "tpm2/";
  return {.log = kTestdata + "/vectors/agile-sha256.bin",
          .evidence = {"--quote", folder + "quote.msg", "--sig", folder + "quote.sig", "--pcrs", folder + "quote.pcrs",
                       "--key", folder + "ak.tpmt", "--nonce", "0011223344556677", "--require", "sha256:0,7"},
          .uncovered = {{0, 4, "register of the spec-ID event"},
                        {8, 28, "digest of the spec-ID event, which extends nothing"},
                        {48, 56, "platform class, versions and UINTN size of the spec-ID event"},
                        {79, 111, "digest of the startup locality, which extends nothing"},
                        {136, 140, "event type of record 2"},
                        {192, 196, "event type of record 3"},
                        {246, 250, "event type of record 4"}}};
}

MutationCase tdx_case(const std::string& quote) {
  return {.log = kTestdata + "/vectors/ccel-sha384.bin",
          .evidence = {"--quote", kQuotes + quote, "--ca", kQuotes + "tdx-root.pem", "--nonce",
                       "00112233445566778899aabbccddeeff"},
          .uncovered = {{0, 4, "register of the spec-ID event"},
                        {8, 28, "digest of the spec-ID event, which extends nothing"},
                        {48, 56, "platform class, versions and UINTN size of the spec-ID event"},
                        {65, 69, "register of a record that extends nothing"},
                        {79, 127, "digest of a record that extends nothing"},
                        {131, 167, "data of a record that extends nothing"},
                        {171, 175, "event type of record 2"},
                        {241, 245, "event type of record 3"},
                        {311, 315, "event type of record 4"},
                        {406, 410, "event type of record 5"},
                        {468, 472, "event tag of record 5"}}};
}

void check_mutations(const MutationCase& made) {
  const Scratch scratch;
  const std::string path = (scratch / "log").string();
  const std::string log = read_text(made.log);
  const auto verdict_of_changed = [&](std::size_t at, std::uint8_t mask) {
    std::string changed = log;
    changed[at] = static_cast<char>(static_cast<std::uint8_t>(changed[at]) ^ mask);
    write_text(path, changed);
    std::vector<std::string> words = {"verify", "-q", path};
    words.insert(words.end(), made.evidence.begin(), made.evidence.end());
    return run_here(words);
  };
  REQUIRE(verdict_of_changed(0, 0) == 0);
  std::map<std::string, std::size_t> unnoticed;
  for (std::size_t at = 0; at < log.size(); ++at) {
    for (const std::uint8_t mask : {std::uint8_t{0x01}, std::uint8_t{0xFF}}) {
      if (verdict_of_changed(at, mask) != 0) {
        continue;
      }
      const auto listed = std::ranges::find_if(
          made.uncovered, [at](const Uncovered& range) { return range.begin <= at && at < range.end; });
      CAPTURE(at);
      CAPTURE(int{mask});
      CHECK(listed != made.uncovered.end());
      if (listed != made.uncovered.end()) {
        ++unnoticed[listed->what];
      }
    }
  }
  // Nothing is listed that is noticed after all.
  for (const Uncovered& range : made.uncovered) {
    CAPTURE(range.what);
    CHECK(unnoticed.contains(range.what));
  }
}

TEST_CASE("a changed byte of a log behind a TPM quote is noticed") {
  check_mutations(tpm_case());
}

TEST_CASE("a changed byte of a log behind a TDX quote is noticed") {
  check_mutations(tdx_case("tdx-v4.quote"));
  check_mutations(tdx_case("tdx-v5.quote"));
}

}  // namespace
}  // namespace mrtool::testing
