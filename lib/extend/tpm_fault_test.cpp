// A TPM that is busy, that lies, or that goes away in the middle of a command: a program between libtss2 and a software
// TPM makes it so.
#include <doctest/doctest.h>

#include "lib/extend/pcr_test.hpp"
#include "lib/tpm/faulty_tpm_test.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::extend::testing;
using mrtool::testing::FaultyTpm;

TEST_CASE("a TPM that is busy is asked again, longer than libtss2 does, and extends once") {
  const auto swtpm = make_tpm();
  if (!swtpm || !FaultyTpm::can_be_used()) {
    return;
  }
  const FaultyTpm faulty(*swtpm);
  const auto host = make_host("");
  const auto digests = digests_of(as_bytes("event"), kFourBanks);
  {
    faulty.set("busy 12");
    const auto target = must_open("pcr11", {.tcti = faulty.tcti()}, *host);
    const auto before = must_read(*target);
    REQUIRE(target->extend(digests));
    CHECK(must_read(*target) == extended(before, digests));
  }
  faulty.set("busy 1000000");
  const auto busy = must_open("pcr11", {.tcti = faulty.tcti()}, *host);
  const auto before = must_read(*busy);
  const auto start = std::chrono::steady_clock::now();
  const std::string message = error_of(busy->extend(digests));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
  CHECK(message.contains("TPM_RC_RETRY"));
  CHECK(message.contains("run it again later"));
  CHECK(must_read(*busy) == before);
}

TEST_CASE("a TPM that hashes wrongly is found out") {
  const auto swtpm = make_tpm();
  if (!swtpm || !FaultyTpm::can_be_used()) {
    return;
  }
  const FaultyTpm faulty(*swtpm);
  const auto host = make_host("");
  faulty.set("lie 1");
  const auto target = must_open("pcr11", {.tcti = faulty.tcti()}, *host);
  const std::string message = error_of(target->extend_by_event(as_bytes("abc")));
  CHECK(message.contains("in its bank sha1 by a8993e364706816aba3e25717850c26c9cd0d89d"));
  CHECK(message.contains("expected a9993e364706816aba3e25717850c26c9cd0d89d"));
}

TEST_CASE("a TPM that goes away in the middle: the error is the same whether the PCR was extended, reading says it") {
  const auto swtpm = make_tpm();
  if (!swtpm || !FaultyTpm::can_be_used()) {
    return;
  }
  const FaultyTpm faulty(*swtpm);
  const auto host = make_host("");
  const auto digests = digests_of(as_bytes("event"), kFourBanks);
  for (const bool by_event : {false, true}) {
    for (const bool after : {false, true}) {
      faulty.set(after ? "gone-after 1" : "gone-before 1");
      const auto target = must_open("pcr11", {.tcti = faulty.tcti()}, *host);
      const auto before = must_read(*target);
      CHECK(error_of(by_event ? target->extend_by_event(as_bytes("event")) : target->extend(digests))
                .contains("the TPM's answer was cut short"));
      // It is reached anew.
      CHECK(must_read(*target) == (after ? extended(before, digests) : before));
    }
  }
}
