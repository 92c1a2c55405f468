// This machine's registers, on trees that are built as kernels show them.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "lib/crypto/hash.hpp"
#include "lib/sources/source_test.hpp"
#include "lib/tpm/swtpm_test.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

constexpr auto kSha1 = HashAlgorithm::sha1;
constexpr auto kSha256 = HashAlgorithm::sha256;
constexpr auto kSha384 = HashAlgorithm::sha384;
constexpr auto kSha512 = HashAlgorithm::sha512;

std::string raw(char byte, std::size_t bytes) {
  return std::string(bytes, byte);
}

std::string hex_of(char byte, std::size_t bytes) {
  return Digest::filled(bytes, static_cast<std::uint8_t>(byte)).hex();
}

// A machine below a directory, whose files count as the kernel's own unless it is said that they do not.
class FakeMachine final : public Host {
 public:
  std::string system_path(const std::string& path) const override { return real_->system_path(path); }
  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
    if (path.ends_with(unreadable)) {
      return std::unexpected(Error{.kind = ErrorKind::io,
                                   .message = "cannot be opened: Permission denied",
                                   .file = path,
                                   .offset = {},
                                   .record = {}});
    }
    return real_->open(path);
  }
  std::unique_ptr<ByteSource> standard_input() override { return real_->standard_input(); }
  FileKind kind(const std::string& path) override { return real_->kind(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return real_->list(directory); }
  Status write_file(const std::string& path, ByteView content) override { return real_->write_file(path, content); }
  bool is_kernels(const std::string&) override { return kernels; }
  Status control(const std::string& device, unsigned long request, std::span<std::uint8_t> argument) override {
    asked.push_back(device);
    CHECK(request == 0xC4405401UL);
    CHECK(argument.size() == 64 + 1024);
    if (report.size() == 1024) {
      std::ranges::copy(as_bytes(report), argument.begin() + 64);
    }
    return {};
  }

  void write(const std::string& path, std::string_view content) { files_.write(path.substr(1), content); }
  Result<RegisterValues> load(const std::string& spec, const std::string& tcti = {}) {
    return load_register_values(spec, *this, {.tcti = tcti});
  }
  std::string at(const std::string& path) const { return files_.path() + path; }

  bool kernels = true;
  std::string unreadable = "<nothing>";
  std::string report;
  std::vector<std::string> asked;

 private:
  TemporaryDirectory files_;
  std::unique_ptr<Host> real_ = make_host(files_.path());
};

const std::string kMisc = "/sys/devices/virtual/misc";
const std::string kTdx = kMisc + "/tdx_guest/measurements";

void write_tdx(FakeMachine& machine) {
  machine.write(kTdx + "/mrconfigid", raw('c', 48));
  machine.write(kTdx + "/mrtd:sha384", raw('m', 48));
  for (int i = 0; i < 4; ++i) {
    machine.write(kTdx + "/rtmr" + std::to_string(i) + ":sha384", raw(static_cast<char>('0' + i), 48));
  }
  machine.write(kMisc + "/tdx_guest/uevent", "MAJOR=10\n");
}

// What the TDX module gives: the values of write_tdx, hashed where a report is.
std::string td_report(char attributes = 0) {
  std::string report(1024, '\0');
  const auto put = [&report](std::size_t at, std::string_view bytes) { report.replace(at, bytes.size(), bytes); };
  report[0] = '\x81';
  report[512] = attributes;
  put(528, raw('m', 48));
  put(576, raw('c', 48));
  for (std::size_t i = 0; i < 4; ++i) {
    put(720 + 48 * i, raw(static_cast<char>('0' + i), 48));
  }
  const auto hash = [&report](std::size_t from, std::size_t size) {
    const Digest digest = HashEngine().hash(kSha384, as_bytes(report).subspan(from, size));
    return std::string(as_text(digest.view()));
  };
  put(32, hash(256, 239));
  put(80, hash(512, 512));
  return report;
}

void write_pcrs(FakeMachine& machine, const std::string& tpm, char digit) {
  machine.write("/sys/class/tpm/" + tpm + "/pcr-sha256/7", digits(digit, 32) + "\n");
  machine.write("/sys/class/tpm/" + tpm + "/pcr-sha1/0", digits(digit, 20) + "\n");
  machine.write("/sys/class/tpm/" + tpm + "/tpm_version_major", "2\n");
}

void write_rfc(FakeMachine& machine, const std::string& provider) {
  machine.write(provider + "/rtmr0/digest", raw('r', 32));
  machine.write(provider + "/rtmr0/hash_algo", "sha256");
  machine.write(provider + "/rtmr0/event_log", "SYNC\n");
  machine.write(provider + "/rtmr0/append_event", "");
  machine.write(provider + "/rtmr1/digest", raw('s', 48));
  machine.write(provider + "/rtmr1/hash_algo", "sha384\n");
  machine.write(provider + "/static_mr", raw('t', 48));
  machine.write(provider + "/full_report", raw('f', 320));
}

}  // namespace

TEST_CASE("live: the PCRs of sysfs and a TDX guest's tree, in one") {
  FakeMachine machine;
  write_pcrs(machine, "tpm0", 'A');
  write_tdx(machine);
  const auto values = machine.load("live");
  REQUIRE(values);
  CHECK(values->kind == "live");
  CHECK(values->source == "live");
  CHECK(values->authenticated == Authenticated::live);
  CHECK(values->notes.empty());
  CHECK(values->values.size() == 8);
  CHECK(value_of(*values, "pcr7", kSha256) == kA32);
  CHECK(value_of(*values, "rtmr3", kSha384) == hex_of('3', 48));
  CHECK(value_of(*values, "mrtd", kSha384) == hex_of('m', 48));
  CHECK(value_of(*values, "mr:mrconfigid", kSha384) == hex_of('c', 48));
  CHECK(machine.asked.empty());
}

TEST_CASE("live: plain files below a root are values, but nothing vouches for them") {
  FakeMachine machine;
  machine.kernels = false;
  write_pcrs(machine, "tpm0", 'a');
  const auto values = machine.load("live");
  REQUIRE(values);
  CHECK(values->authenticated == Authenticated::none);
  REQUIRE(values->notes.size() == 1);
  CHECK(values->notes[0].contains("not authenticated"));
  const auto real = make_host(machine.at(""));
  CHECK(load_register_values("live", *real)->authenticated == Authenticated::none);
}

TEST_CASE("live: a second TPM's registers have its name before them") {
  FakeMachine machine;
  write_pcrs(machine, "tpm0", 'a');
  write_pcrs(machine, "tpm1", 'b');
  const auto values = machine.load("live");
  REQUIRE(values);
  CHECK(value_of(*values, "pcr7", kSha256) == kA32);
  CHECK(value_of(*values, "tpm1/pcr7", kSha256) == digits('b', 32));
  CHECK(values->values.size() == 4);
}

TEST_CASE("live: what is there and cannot be read is told, the rest is read") {
  FakeMachine machine;
  write_pcrs(machine, "tpm0", 'a');
  write_tdx(machine);
  machine.unreadable = "rtmr1:sha384";
  auto values = machine.load("live");
  REQUIRE(values);
  CHECK(values->values.size() == 7);
  REQUIRE(values->notes.size() == 1);
  CHECK(values->notes[0].contains("rtmr1:sha384: cannot be opened: Permission denied"));
  machine.unreadable = "pcr-sha256/7";
  values = machine.load("live");
  REQUIRE(values);
  CHECK(value_of(*values, "pcr0", kSha1) == "absent");
  CHECK(value_of(*values, "rtmr1", kSha384) == hex_of('1', 48));
  REQUIRE(values->notes.size() == 1);
  CHECK(values->notes[0].contains("pcr-sha256/7"));
}

TEST_CASE("live: nothing found says where it was looked, as an io error") {
  FakeMachine machine;
  const Error error = error_of(machine.load("live"));
  CHECK(error.kind == ErrorKind::io);
  for (const std::string path :
       {"/sys/class/tpm", "/dev/tpmrm0", "/dev/tpm0", "/sys/devices/virtual/misc", "/sys/class/misc", "/sys/kernel/tsm",
        "/sys/kernel/config/tsm/rtmrs", "/dev/tdx_guest"}) {
    CHECK(error.message.contains(machine.at(path)));
  }
}

TEST_CASE("live: the device tree by its other path, and not twice") {
  FakeMachine machine;
  machine.write("/sys/class/misc/tdx_guest/measurements/rtmr0:sha384", raw('x', 48));
  auto values = machine.load("live");
  REQUIRE(values);
  CHECK(value_of(*values, "rtmr0", kSha384) == hex_of('x', 48));
  machine.write(kTdx + "/rtmr0:sha384", raw('y', 48));
  values = machine.load("live");
  REQUIRE(values);
  CHECK(value_of(*values, "rtmr0", kSha384) == hex_of('y', 48));
  CHECK(values->notes.empty());
}

TEST_CASE("live: a register that two trees show differently is told") {
  FakeMachine machine;
  machine.write(kTdx + "/rtmr2:sha384", raw('x', 48));
  machine.write("/sys/kernel/config/tsm/rtmrs/any/index", "2\n");
  machine.write("/sys/kernel/config/tsm/rtmrs/any/digest", raw('y', 48));
  const auto values = machine.load("live");
  REQUIRE(values);
  CHECK(value_of(*values, "rtmr2", kSha384) == hex_of('x', 48));
  REQUIRE(values->notes.size() == 1);
  CHECK(values->notes[0].contains("sha384:rtmr2 has another value"));
}

TEST_CASE("trees of the RFC: with hash_algo, static registers and what is no register") {
  FakeMachine machine;
  write_rfc(machine, "/sys/kernel/tsm/measurement-example");
  for (const std::string& spec :
       {std::string("live"), machine.at("/sys/kernel/tsm"), machine.at("/sys/kernel/tsm/measurement-example/")}) {
    const auto values = machine.load(spec);
    REQUIRE_MESSAGE(values, spec);
    CHECK(values->values.size() == 3);
    CHECK(value_of(*values, "measurement-example/rtmr0", kSha256) == hex_of('r', 32));
    CHECK(value_of(*values, "measurement-example/rtmr1", kSha384) == hex_of('s', 48));
    CHECK(value_of(*values, "measurement-example/mr:static_mr", kSha384) == hex_of('t', 48));
    REQUIRE(values->notes.size() == 1);
    CHECK(values->notes[0].contains("full_report: left out: its 320 bytes"));
    CHECK(values->authenticated == (spec == "live" ? Authenticated::live : Authenticated::none));
  }
  const auto one = machine.load(machine.at("/sys/kernel/tsm/measurement-example/rtmr1"));
  REQUIRE(one);
  CHECK(one->kind == "tsm");
  CHECK(one->values.size() == 1);
  CHECK(value_of(*one, "measurement-example/rtmr1", kSha384) == hex_of('s', 48));
}

TEST_CASE("trees of the later RFCs: a directory for each hash") {
  FakeMachine machine;
  const std::string provider = "/sys/kernel/tsm/tdx_guest";
  machine.write(provider + "/rtmr0/sha384/digest", raw('a', 48));
  machine.write(provider + "/agile/sha256/digest", raw('b', 32));
  machine.write(provider + "/agile/sha512/digest", raw('c', 64));
  machine.write(provider + "/mrtd", raw('d', 48));
  for (const std::string& spec : {std::string("live"), machine.at("/sys/kernel/tsm"), machine.at(provider)}) {
    const auto values = machine.load(spec);
    REQUIRE_MESSAGE(values, spec);
    CHECK(values->values.size() == 4);
    CHECK(value_of(*values, "rtmr0", kSha384) == hex_of('a', 48));
    CHECK(value_of(*values, "mr:agile", kSha256) == hex_of('b', 32));
    CHECK(value_of(*values, "mr:agile", kSha512) == hex_of('c', 64));
    CHECK(value_of(*values, "mrtd", kSha384) == hex_of('d', 48));
  }
  CHECK(machine.load(machine.at(provider + "/agile"))->values.size() == 2);
}

TEST_CASE("the merged tree: any of its levels, and a copy of it anywhere") {
  FakeMachine machine;
  const std::string sample = kMisc + "/tsm_mr_sample/measurements";
  machine.write(sample + "/rtmr_crypto_agile:sha256", raw('a', 32));
  machine.write(sample + "/rtmr_crypto_agile:sha384", raw('b', 48));
  machine.write(sample + "/rtmr0:sha256", raw('c', 32));
  machine.write(sample + "/config_mr", raw('d', 64));
  for (const std::string& spec : {sample, kMisc + "/tsm_mr_sample", kMisc}) {
    const auto values = machine.load(machine.at(spec));
    REQUIRE_MESSAGE(values, spec);
    CHECK(values->values.size() == 4);
    CHECK(value_of(*values, "tsm_mr_sample/mr:rtmr_crypto_agile", kSha384) == hex_of('b', 48));
    CHECK(value_of(*values, "tsm_mr_sample/rtmr0", kSha256) == hex_of('c', 32));
    CHECK(value_of(*values, "tsm_mr_sample/mr:config_mr", kSha512) == hex_of('d', 64));
  }
  machine.write("/copy/rtmr0:sha384", raw('e', 48));
  CHECK(value_of(*machine.load(machine.at("/copy")), "rtmr0", kSha384) == hex_of('e', 48));
}

TEST_CASE("configfs registers, of which one has no number yet") {
  FakeMachine machine;
  machine.write("/rtmrs/a/index", "3\n");
  machine.write("/rtmrs/a/digest", raw('a', 48));
  machine.write("/rtmrs/b/index", "2\n");
  machine.write("/rtmrs/b/digest", raw('b', 48));
  machine.unreadable = "b/index";
  const auto values = machine.load(machine.at("/rtmrs"));
  REQUIRE(values);
  CHECK(values->values.size() == 1);
  CHECK(value_of(*values, "rtmr3", kSha384) == hex_of('a', 48));
  CHECK(values->notes.size() == 1);
  machine.write("/rtmrs/a/index", "4\n");
  CHECK(error_of(machine.load(machine.at("/rtmrs"))).message.contains("0 to 3"));
}

TEST_CASE("register files of the wrong length, endless, looping and unreadable ones fail cleanly") {
  FakeMachine machine;
  const std::string file = kTdx + "/rtmr0:sha384";
  const std::string tree = machine.at(kTdx);
  for (const std::size_t size : {0U, 1U, 47U, 49U, 96U, 4096U}) {
    machine.write(file, raw('x', size));
    const Error error = error_of(machine.load(tree));
    CHECK(error.kind == ErrorKind::malformed);
    CHECK(error.message.contains("expected 48 bytes"));
    CHECK(error.file.ends_with("rtmr0:sha384"));
  }
  machine.write(file, raw('x', 10'000'000));
  CHECK(error_of(machine.load(tree)).message.contains("larger than"));
  std::filesystem::remove(machine.at(file));
  REQUIRE(::symlink("/dev/zero", machine.at(file).c_str()) == 0);
  CHECK(error_of(machine.load(tree)).message.contains("larger than"));
  std::filesystem::remove(machine.at(file));
  REQUIRE(::symlink(machine.at(file).c_str(), machine.at(file).c_str()) == 0);
  CHECK(error_of(machine.load(tree)).kind == ErrorKind::malformed);  // as if it were not there
  std::filesystem::remove(machine.at(file));
  machine.write(file, raw('x', 48));
  machine.unreadable = "rtmr0:sha384";
  CHECK(error_of(machine.load(tree)).kind == ErrorKind::io);
  CHECK(error_of(machine.load("live")).message.contains("Permission denied"));

  FakeMachine loop;
  std::filesystem::create_directories(loop.at("/sys/kernel/tsm/p"));
  std::filesystem::create_directory_symlink(loop.at("/sys/kernel/tsm"), loop.at("/sys/kernel/tsm/p/up"));
  CHECK(error_of(loop.load("live")).kind == ErrorKind::io);
  CHECK(error_of(loop.load(loop.at("/sys/kernel/tsm"))).kind == ErrorKind::malformed);
}

TEST_CASE("sysfs PCR files of the wrong length and endless ones") {
  FakeMachine machine;
  machine.write("/tpm0/pcr-sha256/0", digits('a', 31) + "\n");
  CHECK(error_of(machine.load(machine.at("/tpm0"))).message.contains("expected 64 hexadecimal digits"));
  std::filesystem::remove(machine.at("/tpm0/pcr-sha256/0"));
  REQUIRE(::symlink("/dev/zero", machine.at("/tpm0/pcr-sha256/0").c_str()) == 0);
  CHECK(error_of(machine.load(machine.at("/tpm0"))).message.contains("larger than"));
}

TEST_CASE("a file name that is no register's is left out") {
  FakeMachine machine;
  machine.write("/m/rtmr0:sha384", raw('a', 48));
  machine.write("/m/a b\x1b[1m:sha384", raw('a', 48));
  machine.write("/m/x@rtmr0:sha384", raw('a', 48));
  const auto values = machine.load(machine.at("/m"));
  REQUIRE(values);
  CHECK(values->values.size() == 1);
  CHECK(values->notes.size() == 2);
}

TEST_CASE("hash_algo that names no hash") {
  FakeMachine machine;
  machine.write("/r/digest", raw('a', 48));
  machine.write("/r/hash_algo", "sha385\n");
  const Error error = error_of(machine.load(machine.at("/r")));
  CHECK(error.message.contains("sha385"));
  CHECK(error.file.ends_with("hash_algo"));
}

TEST_CASE("tdx-guest: the registers of a report that the kernel hands over") {
  FakeMachine machine;
  machine.report = td_report();
  const auto values = machine.load("tdx-guest");
  REQUIRE(values);
  CHECK(values->kind == "tdx-guest");
  CHECK(values->authenticated == Authenticated::live);
  CHECK(value_of(*values, "rtmr3", kSha384) == hex_of('3', 48));
  CHECK(value_of(*values, "mrtd", kSha384) == hex_of('m', 48));
  CHECK(value_of(*values, "mr:mrconfigid", kSha384) == hex_of('c', 48));
  machine.kernels = false;
  CHECK(machine.load("tdx-guest")->authenticated == Authenticated::mac);
}

TEST_CASE(
    "tdx-guest: a guest under debug is told, and nothing vouches for it; a report that contradicts itself is none") {
  FakeMachine machine;
  machine.report = td_report(1);
  const auto values = machine.load("tdx-guest");
  REQUIRE(values);
  CHECK(values->authenticated == Authenticated::none);
  REQUIRE(values->notes.size() == 1);
  CHECK(values->notes[0].contains("debug"));
  machine.report[720] ^= 1;
  CHECK(error_of(machine.load("tdx-guest")).kind == ErrorKind::check_failed);
}

TEST_CASE("a TD report in a file, as bytes and in base64") {
  const auto values = load_text(td_report());
  REQUIRE(values);
  CHECK(values->kind == "tdreport");
  CHECK(values->authenticated == Authenticated::mac);
  CHECK(value_of(*values, "rtmr0", kSha384) == hex_of('0', 48));
  std::string changed = td_report();
  changed[528] ^= 1;
  CHECK(error_of(load_text(changed)).kind == ErrorKind::check_failed);
}

TEST_CASE("live in a TDX guest: the report goes before the tree, which may be behind") {
  FakeMachine machine;
  write_tdx(machine);
  machine.write("/dev/tdx_guest", "");
  machine.report = td_report();
  auto values = machine.load("live");
  REQUIRE(values);
  CHECK(values->authenticated == Authenticated::live);
  CHECK(values->notes.empty());
  machine.write(kTdx + "/rtmr3:sha384", raw('!', 48));
  values = machine.load("live");
  REQUIRE(values);
  CHECK(value_of(*values, "rtmr3", kSha384) == hex_of('3', 48));
  REQUIRE(values->notes.size() == 1);
  CHECK(values->notes[0].contains("sha384:rtmr3 has another value"));
  machine.report.clear();
  values = machine.load("live");
  REQUIRE(values);
  CHECK(value_of(*values, "rtmr3", kSha384) == hex_of('!', 48));
  CHECK(values->notes.size() == 1);
}

TEST_CASE("tdx-guest: an answer that is no report, and a device that is not there") {
  FakeMachine machine;
  CHECK(error_of(machine.load("tdx-guest")).message.contains("no TDX report"));
  CHECK(machine.asked == std::vector<std::string>{machine.at("/dev/tdx_guest")});
  const auto real = make_host(machine.at(""));
  const Error error = error_of(load_register_values("tdx-guest", *real));
  CHECK(error.kind == ErrorKind::io);
  CHECK(to_string(error).contains("/dev/tdx_guest: cannot be opened: No such file"));
}

TEST_CASE("tpm, and live through --tcti: a software TPM's banks") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm swtpm;
  REQUIRE(swtpm.running());
  REQUIRE(swtpm.run("tpm2_pcrextend 7:sha256=" + digits('5', 32)));
  REQUIRE(swtpm.run("tpm2_pcrread", "pcrread.yaml"));
  const auto expected = load(swtpm.directory() + "/pcrread.yaml");
  REQUIRE(expected);
  FakeMachine machine;
  write_pcrs(machine, "tpm0", 'a');
  write_tdx(machine);
  const auto tpm = machine.load("tpm", swtpm.tcti());
  REQUIRE(tpm);
  CHECK(tpm->kind == "tpm");
  CHECK(tpm->authenticated == Authenticated::live);
  CHECK(tpm->values == expected->values);
  const auto live = machine.load("live", swtpm.tcti());
  REQUIRE(live);
  CHECK(live->values.size() == expected->values.size() + 6);
  CHECK(value_of(*live, "pcr7", kSha256) == value_of(*expected, "pcr7", kSha256));
  CHECK(error_of(machine.load("live", "swtpm:path=/nonexistent")).kind == ErrorKind::io);
  CHECK(error_of(machine.load("tpm")).message.contains("no TPM is found"));
}

TEST_CASE("files that tpm2-tools write of a software TPM: bare values, serialized, text") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm swtpm;
  REQUIRE(swtpm.running());
  const std::string selection = "sha256:16,7,0+sha1:1,2,3,4,5,6,7,8,9,10";
  REQUIRE(swtpm.run("tpm2_pcrextend 7:sha256=" + digits('5', 32) + ",sha1=" + digits('6', 20) + " 16:sha256=" + kA32));
  REQUIRE(swtpm.run("tpm2_pcrread " + selection, "text"));
  REQUIRE(swtpm.run("tpm2_pcrread " + selection + " -o values"));
  REQUIRE(swtpm.run("tpm2_pcrread " + selection + " -o serialized -F serialized"));
  REQUIRE(swtpm.run("sh -c 'base64 serialized'", "base64"));
  const auto expected = load(swtpm.directory() + "/text");
  REQUIRE(expected);
  CHECK(expected->values.size() == 13);
  for (const std::string& spec : {selection + "@" + swtpm.directory() + "/values", swtpm.directory() + "/serialized",
                                  swtpm.directory() + "/base64"}) {
    const auto values = load(spec);
    REQUIRE_MESSAGE(values, spec);
    CHECK(values->values == expected->values);
    CHECK(values->authenticated == Authenticated::none);
  }
  CHECK(error_of(load(swtpm.directory() + "/values")).message.contains("SELECTION@FILE"));
}
