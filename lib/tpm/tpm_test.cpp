#include "lib/tpm/tpm.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "lib/base/bytes.hpp"
#include "lib/registers/names.hpp"
#include "lib/tpm/libtss2.hpp"
#include "lib/tpm/swtpm_test.hpp"

using namespace mrtool;
using mrtool::testing::SwTpm;

namespace {

RegisterKey pcr(std::uint32_t index, HashAlgorithm bank) {
  return {.reg = *parse_register("pcr" + std::to_string(index)), .bank = bank};
}

// A TPM in memory: eight values a reply, as real ones; `changes` replies come with a new counter each.
class FakeTpm {
 public:
  explicit FakeTpm(int changes = 0) : changes_(changes) {}

  Result<PcrReply> operator()(const std::vector<PcrBank>& wanted) {
    ++asked;
    if (changes_ > 0) {
      --changes_;
      ++counter_;
    }
    PcrReply reply{.update_counter = counter_, .selection = {}, .digests = {}};
    for (const PcrBank& bank : wanted) {
      PcrBank given{.bank = bank.bank, .pcrs = {}};
      for (const std::uint32_t index : bank.pcrs) {
        if (reply.digests.size() < 8 && bank.bank != HashAlgorithm::sha512) {
          given.pcrs.push_back(index);
          const auto fill = static_cast<std::uint8_t>(index + counter_);
          reply.digests.push_back(Digest::filled(find_algorithm(bank.bank)->size, fill));
        }
      }
      if (!given.pcrs.empty()) {
        reply.selection.push_back(given);
      }
    }
    return reply;
  }
  int asked = 0;

 private:
  int changes_;
  std::uint32_t counter_ = 0;
};

std::string message_of(const Result<std::map<RegisterKey, Digest>>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::io);
  return result.error().message;
}

std::string open_error(const std::string& tcti, Host& host) {
  ::setenv("TSS2_LOG", "all+NONE", 0);
  const auto tpm = Tpm::open(tcti, host);
  REQUIRE_FALSE(tpm);
  CHECK(tpm.error().kind == ErrorKind::io);
  return to_string(tpm.error());
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What tpm2_pcrread -o wrote for one bank.
std::string bank_file(const SwTpm& swtpm, const std::string& bank) {
  REQUIRE(swtpm.run("tpm2_pcrread " + bank + ":all -o " + bank + ".bin"));
  return slurp(swtpm.directory() + "/" + bank + ".bin");
}

void check_against_tpm2_pcrread(const SwTpm& swtpm) {
  const auto host = make_host("");
  auto tpm = Tpm::open(swtpm.tcti(), *host);
  REQUIRE(tpm);
  const auto banks = (*tpm)->banks();
  REQUIRE(banks);
  CHECK(banks->size() == 4);
  const auto values = (*tpm)->read_pcrs(*banks);
  REQUIRE(values);
  CHECK(values->size() == std::size_t{4} * 24);
  tpm->reset();  // one client at a time
  for (const PcrBank& bank : *banks) {
    Bytes all;
    for (std::uint32_t i = 0; i < 24; ++i) {
      const ByteView value = values->at(pcr(i, bank.bank)).view();
      all.insert(all.end(), value.begin(), value.end());
    }
    CHECK(as_text(all) == bank_file(swtpm, to_string(bank.bank)));
  }
}

}  // namespace

TEST_CASE("more values than a reply holds, over two banks") {
  FakeTpm fake;
  const auto values = read_pcrs(
      {{HashAlgorithm::sha1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}, {HashAlgorithm::sha256, {7, 23}}}, std::ref(fake));
  REQUIRE(values);
  CHECK(values->size() == 12);
  CHECK(values->at(pcr(9, HashAlgorithm::sha1)) == Digest::filled(20, 9));
  CHECK(values->at(pcr(23, HashAlgorithm::sha256)) == Digest::filled(32, 23));
  CHECK(fake.asked == 2);
}

TEST_CASE("registers that change between two replies are read anew, and not for ever") {
  const std::vector<PcrBank> wanted = {{HashAlgorithm::sha1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}};
  FakeTpm settles(3);
  const auto values = read_pcrs(wanted, std::ref(settles));
  REQUIRE(values);
  CHECK(values->at(pcr(0, HashAlgorithm::sha1)) == Digest::filled(20, 3));
  CHECK(values->at(pcr(9, HashAlgorithm::sha1)) == Digest::filled(20, 12));
  FakeTpm restless(1'000'000);
  CHECK(message_of(read_pcrs(wanted, std::ref(restless))).contains("changed while they were read"));
  CHECK(restless.asked < 100);
}

TEST_CASE("a bank that is not allocated is said to be missing") {
  FakeTpm fake;
  CHECK(message_of(read_pcrs({{HashAlgorithm::sha1, {0}}, {HashAlgorithm::sha512, {7}}}, std::ref(fake)))
            .contains("no sha512:7"));
}

TEST_CASE("replies that do not answer the question are refused") {
  const std::vector<PcrBank> wanted = {{HashAlgorithm::sha1, {0, 1}}};
  const Digest good = Digest::filled(20, 1);
  const auto refused = [&](PcrReply reply) {
    return message_of(read_pcrs(wanted, [&](const auto&) -> Result<PcrReply> { return reply; }));
  };
  CHECK(refused({0, {{HashAlgorithm::sha1, {2}}}, {good}}).contains("not asked for"));
  CHECK(refused({0, {{HashAlgorithm::sha1, {0, 0}}}, {good, good}}).contains("not asked for"));
  CHECK(refused({0, {{HashAlgorithm::sha1, {0, 1}}}, {good}}).contains("fewer"));
  CHECK(refused({0, {{HashAlgorithm::sha1, {0}}}, {good, good}}).contains("more values"));
  CHECK(refused({0, {{HashAlgorithm::sha1, {0}}}, {Digest::filled(32, 1)}}).contains("32 bytes"));
  CHECK(refused({0, {{HashAlgorithm::sha1, {0}}}, {Digest()}}).contains("0 bytes"));
  CHECK(refused({0, {}, {}}).contains("no sha1:0"));
}

TEST_CASE("no TPM: the devices that were looked for are named, under the root") {
  const auto host = make_host("/nonexistent");
  for (const std::string tcti : {"", "device", "device:"}) {
    const std::string message = open_error(tcti, *host);
    CHECK(message.contains("/nonexistent/dev/tpmrm0"));
    CHECK(message.contains("/nonexistent/dev/tpm0"));
  }
}

TEST_CASE("nothing is written to a file that is no device") {
  const SwTpm directory;
  const std::string file = directory.directory() + "/root/dev/tpm0";
  std::filesystem::create_directories(directory.directory() + "/root/dev");
  std::ofstream(file) << "content";
  const auto host = make_host(directory.directory() + "/root");
  CHECK(open_error("", *host).contains("expected a TPM's device"));
  CHECK(open_error("device:" + file, *host).contains("expected a TPM's device"));
  CHECK(slurp(file) == "content");
  CHECK(open_error("device:/dev/null", *host).contains("/dev/null"));
  CHECK(open_error("device:/nonexistent/tpm0", *host).contains("No such file"));
}

TEST_CASE("a TPM that is busy is said to be, by the kernel's reason") {
  class BusyHost final : public Host {
   public:
    std::string system_path(const std::string& path) const override { return "/nonexistent" + path; }
    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
      return std::unexpected(Error{.kind = ErrorKind::io,
                                   .message = "cannot be opened: Device or resource busy",
                                   .file = path,
                                   .offset = {},
                                   .record = {}});
    }
    std::unique_ptr<ByteSource> standard_input() override { return nullptr; }
    FileKind kind(const std::string& path) override {
      return path.ends_with("tpm0") ? FileKind::other : FileKind::absent;
    }
    Result<std::vector<std::string>> list(const std::string&) override { return std::vector<std::string>(); }
    Status write_file(const std::string&, ByteView) override { return {}; }
  };
  BusyHost host;
  CHECK(open_error("", host).contains("/nonexistent/dev/tpm0: cannot be opened: Device or resource busy"));
  CHECK(open_error("", host).contains("another program has the TPM: use /dev/tpmrm0"));
}

TEST_CASE("a TCTI that is not there") {
  const auto host = make_host("");
  CHECK(open_error("nonexistent:x", *host).contains("install the package libtss2-tcti-nonexistent0"));
  CHECK(open_error("swtpm:path=/nonexistent/tpm", *host)
            .contains("cannot be reached through swtpm:path=/nonexistent/tpm"));
}

TEST_CASE("a software TPM: all banks, as tpm2_pcrread reads them, before and after extends") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm swtpm;
  REQUIRE(swtpm.running());
  check_against_tpm2_pcrread(swtpm);
  const std::string ones = std::string(40, '1');
  const std::string twos = std::string(64, '2');
  REQUIRE(swtpm.run("tpm2_pcrextend 7:sha1=" + ones + ",sha256=" + twos + " 16:sha256=" + twos +
                    " 8:sha384=" + std::string(96, '3') + ",sha512=" + std::string(128, '4')));
  check_against_tpm2_pcrread(swtpm);
  const auto host = make_host("");
  const auto tpm = Tpm::open(swtpm.tcti(), *host);
  REQUIRE(tpm);
  CHECK((*tpm)->tcti() == swtpm.tcti());
  const auto values = (*tpm)->read_pcrs({{HashAlgorithm::sha256, {7, 17}}, {HashAlgorithm::sha384, {7}}});
  REQUIRE(values);
  CHECK(values->size() == 3);
  // SHA-256 of 32 zeros and 32 bytes of 22; the bank that was not extended is as before.
  CHECK(values->at(pcr(7, HashAlgorithm::sha256)).hex() ==
        "ee4b0e933b56cdf12a42b1e3f3b9ed1aa70cf9f3cf37325693255c8bfbcb8ba8");
  CHECK(values->at(pcr(7, HashAlgorithm::sha384)) == Digest::filled(48, 0));
  CHECK(values->at(pcr(17, HashAlgorithm::sha256)) == Digest::filled(32, 0xFF));
  CHECK(message_of((*tpm)->read_pcrs({{HashAlgorithm::sha3_256, {0}}})).contains("TPM"));
  CHECK(message_of((*tpm)->read_pcrs({{HashAlgorithm::sha256, {24}}})).contains("PCR 24"));
}

TEST_CASE("errors of a TPM are told in words") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  SwTpm swtpm(SwTpm::Startup::none);
  REQUIRE(swtpm.running());
  const auto host = make_host("");
  auto tpm = Tpm::open(swtpm.tcti(), *host);
  REQUIRE(tpm);
  CHECK(message_of((*tpm)->read_pcrs({{HashAlgorithm::sha256, {0}}})).contains("TPM_RC_INITIALIZE"));
  swtpm.stop();
  const auto banks = (*tpm)->banks();
  REQUIRE_FALSE(banks);
  CHECK(banks.error().kind == ErrorKind::io);
}

TEST_CASE("a software TPM: extends and events, and what they answer") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  SwTpm swtpm;
  REQUIRE(swtpm.running());
  const auto host = make_host("");
  const auto tpm = Tpm::open(swtpm.tcti(), *host);
  REQUIRE(tpm);
  const std::vector<PcrBank> two = {{HashAlgorithm::sha1, {11}}, {HashAlgorithm::sha256, {11}}};
  const auto status_message = [](const Status& status) {
    REQUIRE_FALSE(status);
    return status.error().message;
  };

  // SHA-256 of 32 zeros and 32 bytes of 22; the bank that is not named stays.
  REQUIRE((*tpm)->extend(11, {{HashAlgorithm::sha256, Digest::filled(32, 0x22)}}));
  auto values = (*tpm)->read_pcrs(two);
  REQUIRE(values);
  CHECK(values->at(pcr(11, HashAlgorithm::sha256)).hex() ==
        "ee4b0e933b56cdf12a42b1e3f3b9ed1aa70cf9f3cf37325693255c8bfbcb8ba8");
  CHECK(values->at(pcr(11, HashAlgorithm::sha1)) == Digest::filled(20, 0));

  const auto digests = (*tpm)->event(11, as_bytes("abc"));
  REQUIRE(digests);
  CHECK(digests->size() == 4);
  CHECK(digests->at(HashAlgorithm::sha1).hex() == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(digests->at(HashAlgorithm::sha256).hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const auto too_long = (*tpm)->event(11, Bytes(Tpm::kMaxEventSize + 1));
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().kind == ErrorKind::unsupported);

  CHECK(status_message((*tpm)->extend(22, {{HashAlgorithm::sha256, Digest::filled(32, 1)}})).contains("17 to 22"));
  CHECK(status_message((*tpm)->extend(24, {{HashAlgorithm::sha256, Digest::filled(32, 1)}})).contains("no PCR 24"));
  CHECK(status_message((*tpm)->extend(11, {{HashAlgorithm::sm3_256, Digest::filled(32, 1)}})).contains("TPM_RC_HASH"));
  CHECK(status_message((*tpm)->extend(11, {{HashAlgorithm::sha3_256, Digest::filled(32, 1)}}))
            .contains("does not know a bank's hash algorithm"));

  swtpm.stop();
  CHECK(status_message((*tpm)->extend(11, {{HashAlgorithm::sha256, Digest::filled(32, 1)}}))
            .contains("the connection to the TPM failed"));
}
