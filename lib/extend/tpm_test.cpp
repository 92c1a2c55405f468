#include "lib/tpm/tpm.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "lib/extend/pcr_test.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::extend::testing;

TEST_CASE("a PCR is extended in all four banks, by each bank's own digest") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto target = must_open("pcr11", {.tcti = swtpm->tcti()}, *host);
  CHECK(target->backend() == "tpm");
  CHECK(target->where() == swtpm->tcti());
  CHECK(to_string(target->reg()) == "pcr11");
  CHECK(target->log_keeping() == LogKeeping::us);
  CHECK(target->takes_digests());
  const auto banks = target->banks();
  CHECK(std::vector(banks.begin(), banks.end()) == kFourBanks);

  std::vector<BankDigest> values = must_read(*target);
  CHECK(values == tpm2_pcrread(*swtpm, 11, kFourBanks));
  for (const std::string_view text : {"first", "second"}) {
    const auto digests = digests_of(as_bytes(text), banks);
    REQUIRE(target->extend(digests));
    values = extended(values, digests);
    CHECK(must_read(*target) == values);
  }
  CHECK(tpm2_pcrread(*swtpm, 11, kFourBanks) == values);
  // The PCR beside it is as it was.
  CHECK(tpm2_pcrread(*swtpm, 12, {HashAlgorithm::sha256})[0].digest == Digest::filled(32, 0));
}

TEST_CASE("a TPM hashes an event's data itself") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto target = must_open("pcr23", {.tcti = swtpm->tcti()}, *host);
  std::vector<BankDigest> values = must_read(*target);
  for (const std::size_t size : {0U, 1U, 1024U}) {
    const Bytes data(size, 'x');
    REQUIRE(target->extend_by_event(data));
    values = extended(values, digests_of(data, kFourBanks));
    CHECK(must_read(*target) == values);
  }
  CHECK(error_of(target->extend_by_event(Bytes(1025)), ErrorKind::unsupported).contains("at most 1024 bytes"));
  CHECK(tpm2_pcrread(*swtpm, 23, kFourBanks) == values);
  REQUIRE(swtpm->run("sh -c 'printf mine > data; tpm2_pcrevent 23 data'"));
  CHECK(must_read(*target) == extended(values, digests_of(as_bytes("mine"), kFourBanks)));
}

TEST_CASE("digests that are not one for each bank, of its size, never reach the TPM") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto target = must_open("pcr11", {.tcti = swtpm->tcti()}, *host);
  const auto good = digests_of(as_bytes("event"), target->banks());
  const auto before = must_read(*target);
  auto fewer = good;
  fewer.pop_back();
  auto more = good;
  more.push_back(good.front());
  auto disordered = good;
  std::swap(disordered[0], disordered[1]);
  auto short_one = good;
  short_one[1].digest = Digest::filled(31, 1);
  for (const auto& digests : {fewer, more, disordered, short_one, std::vector<BankDigest>()}) {
    CHECK(error_of(target->extend(digests), ErrorKind::unsupported).contains("sha1, sha256, sha384, sha512"));
  }
  CHECK(must_read(*target) == before);
}

TEST_CASE("only the banks that the user names are extended") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto target =
      must_open("pcr11", {.tcti = swtpm->tcti(), .banks = {HashAlgorithm::sha384, HashAlgorithm::sha256}}, *host);
  const std::vector<HashAlgorithm> two{HashAlgorithm::sha256, HashAlgorithm::sha384};  // the table's order
  const auto banks = target->banks();
  CHECK(std::vector(banks.begin(), banks.end()) == two);
  const auto digests = digests_of(as_bytes("event"), two);
  const auto before = must_read(*target);
  REQUIRE(target->extend(digests));
  CHECK(tpm2_pcrread(*swtpm, 11, two) == extended(before, digests));
  CHECK(tpm2_pcrread(*swtpm, 11, {HashAlgorithm::sha1})[0].digest == Digest::filled(20, 0));
  // PCR_Event would extend the others too.
  CHECK(error_of(target->extend_by_event(as_bytes("event")), ErrorKind::unsupported).contains("every bank"));
  CHECK(tpm2_pcrread(*swtpm, 11, two) == extended(before, digests));
}

TEST_CASE("a bank that the TPM does not have is named") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const std::string message =
      error_of(open_named("pcr11", {.tcti = swtpm->tcti(), .banks = {HashAlgorithm::sha3_256}}, *host));
  CHECK(message.contains("no bank sha3_256 with pcr11, but sha1, sha256, sha384, sha512"));
}

TEST_CASE("a bank that is no longer allocated after a restart is not extended, and one that is missing is told") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  REQUIRE(swtpm->run("tpm2_pcrallocate sha1:none+sha256:all+sha384:all+sha512:none"));
  swtpm->restart();
  REQUIRE(swtpm->running());
  const auto host = make_host("");
  const auto target = must_open("pcr11", {.tcti = swtpm->tcti()}, *host);
  const std::vector<HashAlgorithm> two{HashAlgorithm::sha256, HashAlgorithm::sha384};
  const auto banks = target->banks();
  CHECK(std::vector(banks.begin(), banks.end()) == two);
  const auto digests = digests_of(as_bytes("event"), two);
  const auto before = must_read(*target);
  REQUIRE(target->extend(digests));
  CHECK(tpm2_pcrread(*swtpm, 11, two) == extended(before, digests));
  REQUIRE(target->extend_by_event(as_bytes("event")));
  CHECK(tpm2_pcrread(*swtpm, 11, two) == extended(before, digests, 2));
  CHECK(error_of(open_named("pcr11", {.tcti = swtpm->tcti(), .banks = {HashAlgorithm::sha1}}, *host))
            .contains("no bank sha1 with pcr11, but sha256, sha384"));
}

TEST_CASE("a bank that goes away while the target is open is an error of reading, with its name") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto target = must_open("pcr11", {.tcti = swtpm->tcti()}, *host);
  REQUIRE(swtpm->run("tpm2_pcrallocate sha1:none+sha256:all+sha384:all+sha512:all"));
  swtpm->restart();
  const auto values = target->read();
  REQUIRE_FALSE(values);
  CHECK(values.error().message.contains("no sha1:11"));
}

TEST_CASE("processes that extend one PCR at the same time all do so") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  constexpr int kProcesses = 4;
  constexpr int kEvents = 25;
  const auto host = make_host("");
  const auto target = must_open("pcr16", {.tcti = swtpm->tcti()}, *host);
  const auto before = must_read(*target);
  const auto digests = digests_of(as_bytes("event"), kFourBanks);
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) {
      bool ok = true;
      auto own = open_named("pcr16", {.tcti = swtpm->tcti()}, *host);
      for (int n = 0; n < kEvents && ok; ++n) {
        ok = own && (*own)->extend(digests).has_value();
      }
      ::_exit(ok ? 0 : 1);
    }
  }
  for (const pid_t child : children) {
    int status = -1;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(must_read(*target) == extended(before, digests, kProcesses * kEvents));
}

TEST_CASE("a target that is open keeps nobody from a software TPM") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto first = must_open("pcr11", {.tcti = swtpm->tcti()}, *host);
  const auto second = must_open("pcr12", {.tcti = swtpm->tcti()}, *host);
  REQUIRE(first->extend(digests_of(as_bytes("event"), kFourBanks)));
  REQUIRE(second->extend(digests_of(as_bytes("event"), kFourBanks)));
  REQUIRE(swtpm->run("tpm2_pcrread sha256:11"));
  CHECK(must_read(*first) == must_read(*second));
}

TEST_CASE("a PCR of the dynamic launch cannot be extended by an operating system, and this is said") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto target = must_open("pcr17", {.tcti = swtpm->tcti()}, *host);
  const auto digests = digests_of(as_bytes("event"), kFourBanks);
  for (const Status& status : {target->extend(digests), target->extend_by_event(as_bytes("event"))}) {
    const std::string message = error_of(status);
    CHECK(message.contains("TPM_RC_LOCALITY"));
    CHECK(message.contains("PCR 17 to 22"));
    CHECK(message.contains(swtpm->tcti()));
  }
  CHECK(must_read(*target)[1].digest == Digest::filled(32, 0xFF));
}

TEST_CASE("a PCR that no TPM has") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  Register reg = *parse_register("pcr0");
  reg.index = 24;
  std::vector<std::string> looked_for;
  CHECK(error_of(open_tpm(reg, {.tcti = swtpm->tcti()}, *host, looked_for)).contains("no bank with pcr24"));
}

TEST_CASE("a TPM that was not started says so") {
  const auto swtpm = make_tpm(SwTpm::Startup::none);
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  // TPM2_GetCapability is refused too.
  const std::string message = error_of(open_named("pcr11", {.tcti = swtpm->tcti()}, *host));
  CHECK(message.contains("has not been started"));
  CHECK(message.contains("tpm2_startup"));
}

TEST_CASE("a TPM that dies is an error, soon, and one that is back is used again") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("");
  const auto target = must_open("pcr11", {.tcti = swtpm->tcti()}, *host);
  const auto digests = digests_of(as_bytes("event"), kFourBanks);
  REQUIRE(target->extend(digests));
  swtpm->stop();
  const auto start = std::chrono::steady_clock::now();
  CHECK(error_of(target->extend(digests)).contains(swtpm->tcti()));
  CHECK(error_of(target->extend_by_event(as_bytes("event"))).contains(swtpm->tcti()));
  CHECK_FALSE(target->read());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
  swtpm->restart();
  CHECK(must_read(*target)[1].digest == Digest::filled(32, 0));
  CHECK(target->extend(digests));
}

TEST_CASE("no TPM: nothing is opened, and all places are told") {
  const auto host = make_host("/nonexistent");
  std::vector<std::string> looked_for;
  auto target = open_tpm(*parse_register("pcr11"), {}, *host, looked_for);
  REQUIRE(target);
  CHECK(*target == nullptr);
  CHECK(looked_for == std::vector<std::string>{"/nonexistent/dev/tpmrm0", "/nonexistent/dev/tpm0"});
  looked_for.clear();
  target = open_tpm(*parse_register("tpm3/pcr11"), {}, *host, looked_for);
  REQUIRE(target);
  CHECK(*target == nullptr);
  CHECK(looked_for == std::vector<std::string>{"/nonexistent/dev/tpmrm3", "/nonexistent/dev/tpm3"});
  CHECK(error_of(open_named("pcr11", {.tcti = "swtpm:path=/nonexistent/tpm"}, *host))
            .contains("swtpm:path=/nonexistent/tpm"));
}

TEST_CASE("what is no PCR is no TPM's") {
  const auto host = make_host("/nonexistent");
  for (const std::string reg : {"rtmr3", "rem0", "mr:mr_ima@pcr10", "measurement-example/rtmr0"}) {
    const auto target = open_named(reg, {}, *host);
    REQUIRE(target);
    CHECK(*target == nullptr);
    CHECK(error_of(open_named(reg, {.backend = "tpm"}, *host), ErrorKind::usage).contains(reg));
  }
  const auto of_no_tpm = open_named("example/pcr3", {}, *host);
  REQUIRE(of_no_tpm);
  CHECK(*of_no_tpm == nullptr);
  CHECK(error_of(open_named("tpm1/pcr3", {.tcti = "swtpm:path=/nonexistent/tpm"}, *host), ErrorKind::usage)
            .contains("give --tcti with pcr3"));
}

TEST_CASE("nothing is written to a file in the place of a TPM's device") {
  const SwTpm directory;
  const std::string root = directory.directory() + "/root";
  std::filesystem::create_directories(root + "/dev");
  std::ofstream(root + "/dev/tpmrm0") << "content";
  std::ofstream(root + "/dev/tpm1") << "content";
  const auto host = make_host(root);
  for (const std::string reg : {"pcr11", "tpm1/pcr11"}) {
    CHECK(error_of(open_named(reg, {}, *host)).contains("expected a TPM's device"));
  }
  for (const char* const device : {"/dev/tpmrm0", "/dev/tpm1"}) {
    std::ifstream in(root + device);
    CHECK(std::string{std::istreambuf_iterator<char>(in), {}} == "content");
  }
}

TEST_CASE("all PCRs of a TPM share a state directory, which is its own") {
  const auto swtpm = make_tpm();
  if (!swtpm) {
    return;
  }
  const auto host = make_host("/nonexistent");
  const auto target = must_open("pcr11", {.tcti = swtpm->tcti()}, *host);
  const auto beside = must_open("pcr12", {.tcti = swtpm->tcti()}, *host);
  const std::string digits = HashEngine().hash(HashAlgorithm::sha256, as_bytes(swtpm->tcti())).hex().substr(0, 8);
  CHECK(target->state_directory() == "/nonexistent/run/mrtool/tpm-" + digits);
  CHECK(beside->state_directory() == target->state_directory());
}
