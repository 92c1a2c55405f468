// For tests: a program between libtss2 and a software TPM, which makes that one busy, lie or go away, or which kills
// the program that uses it, in the middle of an extend.
#pragma once

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <string_view>

#include "lib/tpm/swtpm_test.hpp"

namespace mrtool::testing {

class FaultyTpm {
 public:
  // `tpm` outlives it.
  explicit FaultyTpm(const SwTpm& tpm) : tpm_(tpm) {
    std::ofstream(path("proxy.pl")) << kProxy;
    set("none");
  }

  // Whether libtss2 can use it; where it can't, says that the test is skipped.
  static bool can_be_used() {
    if (::dlopen("libtss2-tcti-cmd.so.0", RTLD_LAZY) != nullptr) {
      return true;
    }
    MESSAGE("skipped: libtss2-tcti-cmd is not installed");
    return false;
  }

  std::string tcti() const {
    const std::string socket = tpm_.tcti().substr(std::string_view("swtpm:path=").size());
    return "cmd:exec perl " + path("proxy.pl") + " " + socket + " " + path("fault");
  }
  // What happens at the Nth extend from now on, however many connections that takes:
  // "busy N" (the first N are refused, as not started), "lie N" (a digest that TPM2_PCR_Event returns is changed),
  // "gone-before N", "gone-after N" (the connection ends when the TPM has not, or has, extended),
  // "kill-before N", "kill-after N" (the program that is connected is killed then), "none".
  void set(const std::string& fault) const { std::ofstream(path("fault"), std::ios::trunc) << fault; }

 private:
  static constexpr std::string_view kProxy = R"(
use strict; use warnings; use IO::Socket::UNIX;
my ($path, $file) = @ARGV;
my $tpm = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Peer => $path) or exit 1;
binmode STDIN; binmode STDOUT;
sub take { my ($from, $size) = @_; my $all = '';
  while (length($all) < $size) { sysread($from, $all, $size - length($all), length($all)) or exit 0; } $all }
sub message { my ($from) = @_; my $head = take($from, 10); $head . take($from, unpack('x2N', $head) - 10) }
my ($fault, $left) = ('none', 0);
sub next_fault { open(my $in, '<', $file) or exit 1; ($fault, $left) = (split(/\s+/, <$in>), 0); close($in);
  if ($left > 0) { open(my $out, '>', $file) or exit 1; print $out $fault, ' ', $left - 1; close($out); } }
sub leave { kill('KILL', getppid()) if $fault =~ /^kill/; exit 0; }
while (1) {
  my $command = message(\*STDIN);
  my $code = unpack('x6N', $command);
  my $extend = $code == 0x182 || $code == 0x13C;
  next_fault() if $extend;
  if ($extend && $fault eq 'busy' && $left > 0) { syswrite(STDOUT, pack('nNN', 0x8001, 10, 0x922)); next; }
  my $now = $extend && $left == 1;
  leave() if $now && $fault =~ /-before$/;
  syswrite($tpm, $command);
  my $answer = message($tpm);
  leave() if $now && $fault =~ /-after$/;
  # Header, size of the parameters, count of the digests, first algorithm; then its digest.
  substr($answer, 20, 1) ^= "\x01" if $now && $fault eq 'lie';
  syswrite(STDOUT, $answer);
}
)";

  std::string path(const std::string& name) const { return tpm_.directory() + "/" + name; }

  const SwTpm& tpm_;
};

}  // namespace mrtool::testing
