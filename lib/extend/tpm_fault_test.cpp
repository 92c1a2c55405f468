// A TPM that is busy, that lies, or that goes away in the middle of a command: a program between libtss2 and a software
// TPM makes it so.
#include <doctest/doctest.h>

#include "lib/extend/pcr_test.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::extend::testing;

namespace {

// Passes commands from standard input on to the socket, but for what its fault is about.
constexpr std::string_view kProxy = R"(
use strict; use warnings; use IO::Socket::UNIX;
my ($path, $fault, $times) = @ARGV;
my $tpm = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Peer => $path) or exit 1;
binmode STDIN; binmode STDOUT; $| = 1;
sub take { my ($from, $size) = @_; my $all = '';
  while (length($all) < $size) { sysread($from, $all, $size - length($all), length($all)) or exit 0; } $all }
sub message { my ($from) = @_; my $head = take($from, 10); $head . take($from, unpack('x2N', $head) - 10) }
while (1) {
  my $command = message(\*STDIN);
  my $code = unpack('x6N', $command);
  my $is_extend = $code == 0x182 || $code == 0x13C;
  if ($is_extend && $fault eq 'busy' && $times-- > 0) { syswrite(STDOUT, pack('nNN', 0x8001, 10, 0x922)); next; }
  if ($is_extend && $fault eq 'gone-before') { exit 0; }
  syswrite($tpm, $command);
  my $answer = message($tpm);
  if ($is_extend && $fault eq 'gone-after') { exit 0; }
  # Header, size of the parameters, count of the digests, first algorithm; then its digest.
  if ($is_extend && $fault eq 'lie') { substr($answer, 20, 1) ^= "\x01"; }
  syswrite(STDOUT, $answer);
}
)";

std::string faulty(const SwTpm& swtpm, const std::string& fault) {
  const std::string program = swtpm.directory() + "/proxy.pl";
  std::ofstream(program) << kProxy;
  return "cmd:perl " + program + " " + swtpm.tcti().substr(std::string_view("swtpm:path=").size()) + " " + fault;
}

bool can_be_faulty() {
  for (const char* const library : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"}) {
    if (std::filesystem::exists(std::string(library) + "/libtss2-tcti-cmd.so.0")) {
      return true;
    }
  }
  MESSAGE("skipped: libtss2-tcti-cmd is not installed");
  return false;
}

}  // namespace

TEST_CASE("a TPM that is busy is asked again, longer than libtss2 does, and extends once") {
  const auto swtpm = make_tpm();
  if (!swtpm || !can_be_faulty()) {
    return;
  }
  const auto host = make_host("");
  const auto digests = digests_of(as_bytes("event"), kFourBanks);
  {
    const auto target = must_open("pcr11", {.tcti = faulty(*swtpm, "busy 12")}, *host);
    const auto before = must_read(*target);
    REQUIRE(target->extend(digests));
    CHECK(must_read(*target) == extended(before, digests));
  }
  const auto busy = must_open("pcr11", {.tcti = faulty(*swtpm, "busy 1000000")}, *host);
  const auto before = must_read(*busy);
  const auto start = std::chrono::steady_clock::now();
  const std::string message = error_of(busy->extend(digests));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(15));
  CHECK(message.contains("TPM_RC_RETRY"));
  CHECK(message.contains("run it again later"));
  CHECK(must_read(*busy) == before);
}

TEST_CASE("a TPM that hashes wrongly is found out") {
  const auto swtpm = make_tpm();
  if (!swtpm || !can_be_faulty()) {
    return;
  }
  const auto host = make_host("");
  const auto target = must_open("pcr11", {.tcti = faulty(*swtpm, "lie")}, *host);
  const std::string message = error_of(target->extend_by_event(as_bytes("abc")));
  CHECK(message.contains("in its bank sha1 by a8993e364706816aba3e25717850c26c9cd0d89d"));
  CHECK(message.contains("expected a9993e364706816aba3e25717850c26c9cd0d89d"));
}

TEST_CASE("a TPM that goes away in the middle: the error is the same whether the PCR was extended, reading says it") {
  const auto swtpm = make_tpm();
  if (!swtpm || !can_be_faulty()) {
    return;
  }
  const auto host = make_host("");
  const auto digests = digests_of(as_bytes("event"), kFourBanks);
  for (const bool by_event : {false, true}) {
    for (const bool after : {false, true}) {
      const auto target = must_open("pcr11", {.tcti = faulty(*swtpm, after ? "gone-after" : "gone-before")}, *host);
      const auto before = must_read(*target);
      CHECK(error_of(by_event ? target->extend_by_event(as_bytes("event")) : target->extend(digests))
                .contains("the TPM's answer was cut short"));
      // It is reached anew.
      CHECK(must_read(*target) == (after ? extended(before, digests) : before));
    }
  }
}
