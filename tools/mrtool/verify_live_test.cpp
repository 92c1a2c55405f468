// A software TPM from end to end: extended by tpm2_pcrextend, quoted by tpm2_quote, replayed and verified by mrtool,
// and agreed on by tpm2_checkquote.
#include <doctest/doctest.h>

#include "lib/tpm/swtpm_test.hpp"
#include "tools/mrtool/layered_case_test.hpp"

namespace mrtool::testing {
namespace {

constexpr std::string_view kNonce = "00112233445566778899aabbccddeeff00112233";

// What IMA would measure on this machine: the firmware's registers are all zeros.
std::vector<ImaTestEntry> measured() {
  const Bytes firmware(10 * 32);
  const Digest aggregate = HashEngine().hash(HashAlgorithm::sha256, firmware);
  return {{.name = "boot_aggregate", .file_digest = to_bytes(aggregate.view())},
          {.name = "/usr/bin/sh"},
          {.name = "/usr/lib/libc.so.6", .file_digest = Bytes(32, 0x22)}};
}

std::string list_of(const std::vector<ImaTestEntry>& entries) {
  std::string list;
  for (const ImaTestEntry& entry : entries) {
    list += as_text(entry.entry());
  }
  return list;
}

bool extend(const SwTpm& tpm, const ImaTestEntry& entry) {
  std::string digests;
  for (const HashAlgorithm bank :
       {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512}) {
    digests += (digests.empty() ? "" : ",") + to_string(bank) + "=" + entry.extended_as(bank).hex();
  }
  return tpm.run("tpm2_pcrextend 10:" + digests);
}

bool quote(const SwTpm& tpm) {
  return tpm.run("tpm2_createek -c ek.ctx -G rsa -u ek.pub") && tpm.run("tpm2_flushcontext -t") &&
         tpm.run("tpm2_createak -C ek.ctx -c ak.ctx -G ecc256 -g sha256 -s ecdsa -u ak.pub -f tss") &&
         tpm.run("tpm2_flushcontext -t") &&
         tpm.run("tpm2_quote -c ak.ctx -l sha256:0,1,2,3,4,5,6,7,8,9,10+sha384:10 -q " + std::string(kNonce) +
                 " -m quote.msg -s quote.sig -o quote.pcrs -g sha256");
}

bool can_run() {
  if (SwTpm::installed() && have_program("tpm2_quote")) {
    return true;
  }
  MESSAGE("skipped: swtpm and tpm2-tools are not installed");
  return false;
}

// Has measured its list, and made a quote of it.
struct Machine {
  SwTpm tpm;
  std::vector<ImaTestEntry> entries = measured();

  Machine() {
    REQUIRE(tpm.running());
    for (const ImaTestEntry& entry : entries) {
      REQUIRE(extend(tpm, entry));
    }
    REQUIRE(quote(tpm));
  }

  std::string path(const std::string& name) const { return tpm.directory() + "/" + name; }
  Finished verify(const std::vector<ImaTestEntry>& list, std::string_view nonce = kNonce) const {
    write_text(path("ima.bin"), list_of(list));
    return mrtool({"verify", "--json", path("ima.bin"), "--quote", path("quote.msg"), "--sig", path("quote.sig"),
                   "--pcrs", path("quote.pcrs"), "--key", path("ak.pub"), "--nonce", std::string(nonce)});
  }
};

TEST_CASE("a software TPM is extended, quoted, replayed and verified") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  REQUIRE(machine.tpm.run("tpm2_checkquote -u ak.pub -m quote.msg -s quote.sig -f quote.pcrs -g sha256 -q " +
                          std::string(kNonce)));

  const Finished verified = machine.verify(machine.entries);
  CAPTURE(verified.out);
  CAPTURE(verified.err);
  CHECK(verified.status == 0);

  const Finished replayed =
      mrtool({"replay", machine.path("ima.bin"), "--register", "10", "--against", "tpm", "--tcti", machine.tpm.tcti()});
  CAPTURE(replayed.out);
  CAPTURE(replayed.err);
  CHECK(replayed.status == 0);
  const Finished live = mrtool({"verify", machine.path("ima.bin"), "--against", "tpm", "--tcti", machine.tpm.tcti()});
  CAPTURE(live.out);
  CHECK(live.status == 0);

  // Without the values, those that the list leads to are held against what is signed.
  const Finished without =
      mrtool({"verify", machine.path("ima.bin"), "--quote", machine.path("quote.msg"), "--sig",
              machine.path("quote.sig"), "--key", machine.path("ak.pub"), "--nonce", std::string(kNonce)});
  CAPTURE(without.out);
  CHECK(without.status == 0);
}

TEST_CASE("what does not fit the software TPM's quote does not pass") {
  if (!can_run()) {
    return;
  }
  const Machine machine;
  REQUIRE(machine.verify(machine.entries).status == 0);

  CHECK(machine.verify(machine.entries, "00").status == 1);
  std::vector<ImaTestEntry> changed = machine.entries;
  changed[2].file_digest[5] ^= 1U;
  CHECK(machine.verify(changed).status == 1);
  std::vector<ImaTestEntry> shorter = machine.entries;
  shorter.pop_back();
  CHECK(machine.verify(shorter).status == 1);
  // A list that has grown since is fine; a boot_aggregate of another machine is not.
  std::vector<ImaTestEntry> grown = machine.entries;
  grown.push_back({.name = "/usr/bin/new"});
  CHECK(machine.verify(grown).status == 0);

  // The machine goes on: the old quote still stands for the old list, live values do not.
  REQUIRE(extend(machine.tpm, grown.back()));
  CHECK(machine.verify(machine.entries).status == 0);
  CHECK(mrtool({"verify", machine.path("ima.bin"), "--against", "tpm", "--tcti", machine.tpm.tcti()}).status == 1);
}

}  // namespace
}  // namespace mrtool::testing
