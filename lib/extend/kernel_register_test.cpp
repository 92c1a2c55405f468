// The backends that write digests, over a machine of plain files.
#include "lib/extend/fake_kernel_test.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::testing;

namespace {

const std::string kDevices = "/sys/devices/virtual/misc/";
const std::string kRtmr3 = kDevices + "tdx_guest/measurements/rtmr3:sha384";
const std::string kSample = kDevices + "tsm_mr_sample/measurements/";
const std::string kTsm = "/sys/kernel/tsm/";
const std::string kRtmrs = "/sys/kernel/config/tsm/rtmrs";

using Open = OpenedTarget (*)(const Register&, const TargetOptions&, Host&, std::vector<std::string>&);

std::unique_ptr<ExtendTarget> opened(Open open, FakeKernel& kernel, std::string_view name,
                                     const std::vector<HashAlgorithm>& banks = {}) {
  std::vector<std::string> looked_for;
  auto target = open(reg_of(name), {.backend = {}, .tcti = {}, .banks = banks}, kernel, looked_for);
  REQUIRE_MESSAGE(target, (target ? "" : to_string(target.error())));
  REQUIRE(*target);
  return *std::move(target);
}

Error refused(Open open, FakeKernel& kernel, std::string_view name, const std::vector<HashAlgorithm>& banks = {}) {
  std::vector<std::string> looked_for;
  auto target = open(reg_of(name), {.backend = {}, .tcti = {}, .banks = banks}, kernel, looked_for);
  REQUIRE_FALSE(target);
  return target.error();
}

std::vector<std::string> places_looked_at(Open open, FakeKernel& kernel, std::string_view name) {
  std::vector<std::string> looked_for;
  auto target = open(reg_of(name), {}, kernel, looked_for);
  REQUIRE(target);
  CHECK(*target == nullptr);
  return looked_for;
}

std::vector<BankDigest> digest_of(HashAlgorithm bank, std::uint8_t byte, std::size_t size) {
  return {{.bank = bank, .digest = Digest::filled(size, byte)}};
}

const std::vector<BankDigest> kDigest = digest_of(HashAlgorithm::sha384, 7, 48);

std::string hash(HashAlgorithm bank, std::string_view value, ByteView digest) {
  return std::string(as_text(HashEngine().hash(bank, as_bytes(value), digest).view()));
}

}  // namespace

TEST_CASE("upstream's attributes: one write of the digest, and the register holds H(old, digest)") {
  FakeKernel kernel;
  kernel.write(kRtmr3, std::string(48, '\0'));
  const auto target = opened(open_measurements, kernel, "rtmr3");
  CHECK(target->backend() == "measurements");
  CHECK(target->where() == kernel.at(kRtmr3));
  CHECK(target->state_directory() == kernel.at("/run/mrtool/tsm/tdx_guest/rtmr3"));
  CHECK(target->log_keeping() == LogKeeping::us);
  CHECK(target->takes_digests());
  CHECK(target->banks().size() == 1);
  REQUIRE(target->extend(kDigest));
  CHECK(kernel.written.size() == 1);
  const std::string expected = hash(HashAlgorithm::sha384, std::string(48, '\0'), kDigest[0].digest.view());
  CHECK(kernel.content(kRtmr3) == expected);
  CHECK(as_text(target->read()->front().digest.view()) == expected);
  CHECK(target->append(as_bytes("a")).error().kind == ErrorKind::unsupported);
  CHECK(target->read_kernel_log(0).error().kind == ErrorKind::unsupported);
  CHECK(target->extend_by_event(as_bytes("a")).error().kind == ErrorKind::unsupported);
}

TEST_CASE("nothing but one digest of the register's size and bank reaches the kernel") {
  FakeKernel kernel;
  kernel.write(kRtmr3, std::string(48, '\0'));
  const auto target = opened(open_measurements, kernel, "rtmr3");
  CHECK_FALSE(target->extend({}));
  for (const std::size_t size : {0U, 1U, 32U, 47U, 49U, 64U}) {
    CHECK_FALSE(target->extend(digest_of(HashAlgorithm::sha384, 1, size)));
  }
  CHECK_FALSE(target->extend(digest_of(HashAlgorithm::sha256, 1, 48)));
  CHECK_FALSE(target->extend(std::vector{kDigest[0], kDigest[0]}));
  CHECK(kernel.written.empty());
}

TEST_CASE("a write that fails is told with what to do, and is not tried again") {
  struct Case {
    int error;
    std::string_view advice;
  };
  for (const Case& each : {Case{EACCES, "run mrtool as root"}, Case{EPERM, "run mrtool as root"},
                           Case{EROFS, "read-only"}, Case{EIO, "dmesg"}, Case{ENODEV, "load its module"},
                           Case{EBUSY, "try again"}, Case{EINTR, "try again"}, Case{ENOMEM, "memory"}}) {
    CAPTURE(each.error);
    FakeKernel kernel;
    kernel.write(kRtmr3, std::string(48, '\0'));
    const auto target = opened(open_measurements, kernel, "rtmr3");
    kernel.error = each.error;
    const Status status = target->extend(kDigest);
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::io);
    CHECK(status.error().file == kernel.at(kRtmr3));
    CHECK(status.error().message.contains("rtmr3 was not extended"));
    CHECK(status.error().message.contains(each.advice));
    CHECK(kernel.written.empty());
    CHECK(kernel.content(kRtmr3) == std::string(48, '\0'));
  }
}

TEST_CASE("the register says whether it was extended, whatever the write returned") {
  FakeKernel kernel;
  kernel.write(kRtmr3, std::string(48, '\0'));
  const auto target = opened(open_measurements, kernel, "rtmr3");
  kernel.done_all_the_same = true;
  for (const int error : {EINTR, EIO}) {
    kernel.error = error;
    CHECK(target->extend(kDigest));
  }
  CHECK(kernel.written.size() == 2);
  // Taken in part: it was extended by something else.
  kernel.takes = 32;
  const Status part = target->extend(kDigest);
  REQUIRE_FALSE(part);
  CHECK(part.error().message.contains("has changed"));
  CHECK(kernel.written.size() == 3);
}

TEST_CASE("an extension by somebody else between the look and the write is no failure: the kernel took both") {
  FakeKernel kernel;
  kernel.write(kRtmr3, std::string(48, '\0'));
  const auto target = opened(open_measurements, kernel, "rtmr3");
  kernel.meanwhile = [&] { kernel.extend(kernel.at(kRtmr3), Bytes(48, 1)); };
  const Status status = target->extend(kDigest);
  REQUIRE(status);
  CHECK((*target->read())[0].digest.hex() == to_hex(as_bytes(kernel.content(kRtmr3))));
  CHECK(target->extend(kDigest));
}

TEST_CASE("plain files that are no registers are noticed") {
  FakeKernel kernel;
  kernel.write(kRtmr3, std::string(48, '\0'));
  const auto host = make_host(kernel.at("/"));
  std::vector<std::string> looked_for;
  const auto target = open_measurements(reg_of("rtmr3"), {}, *host, looked_for);
  REQUIRE(target);
  const Status status = (*target)->extend(kDigest);
  REQUIRE_FALSE(status);
  CHECK(status.error().message.contains("no measurement register"));
}

TEST_CASE("a register that cannot be read, or has another size, is not touched") {
  FakeKernel kernel;
  kernel.write(kRtmr3, std::string(48, '\0'));
  const auto target = opened(open_measurements, kernel, "rtmr3");
  kernel.unreadable = kernel.at(kRtmr3);
  CHECK_FALSE(target->extend(kDigest));
  kernel.unreadable.clear();
  kernel.write(kRtmr3, std::string(47, '\0'));
  CHECK(target->extend(kDigest).error().message.contains("expected the 48 bytes"));
  CHECK_FALSE(target->read());
  CHECK(kernel.written.empty());
  kernel.write(kRtmr3, std::string(48, '\0'));
  kernel.meanwhile = [&] { kernel.unreadable = kernel.at(kRtmr3); };
  CHECK(target->extend(kDigest).error().message.contains("whether it was extended is not known"));
}

TEST_CASE("a register that the kernel shows and nobody may extend") {
  FakeKernel kernel;
  kernel.write(kSample + "rtmr0:sha256", std::string(32, '\0'), 0444);
  kernel.make_rfc(kTsm + "measurement-example/rtmr0", "sha256", 0444);
  const Error error = refused(open_measurements, kernel, "tsm_mr_sample/rtmr0");
  CHECK(error.kind == ErrorKind::io);
  CHECK(error.message.contains("read only"));
  CHECK(refused(open_digest, kernel, "measurement-example/rtmr0").message.contains("read only"));
}

TEST_CASE("a name that has several hashes stands for several files: the bank says which") {
  FakeKernel kernel;
  for (const std::string& directory : {kSample + "rtmr_crypto_agile:", kTsm + "tsm_mr_sample/rtmr_crypto_agile/"}) {
    const bool upstream = directory.ends_with(':');
    const std::string end = upstream ? "" : "/digest";
    const Open open = upstream ? open_measurements : open_digest;
    kernel.write(directory + "sha256" + end, std::string(32, '\0'));
    kernel.write(directory + "sha384" + end, std::string(48, '\0'));
    constexpr std::string_view kName = "tsm_mr_sample/mr:rtmr_crypto_agile";
    const Error error = refused(open, kernel, kName);
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.message.contains("sha256, sha384"));
    CHECK(error.message.contains("--bank"));
    CHECK(refused(open, kernel, kName, {HashAlgorithm::sha512}).kind == ErrorKind::usage);
    CHECK(refused(open, kernel, kName, {HashAlgorithm::sha256, HashAlgorithm::sha384}).kind == ErrorKind::usage);
    const auto target = opened(open, kernel, kName, {HashAlgorithm::sha256});
    CHECK(target->state_directory() == kernel.at("/run/mrtool/tsm/tsm_mr_sample/rtmr_crypto_agile:sha256"));
    REQUIRE(target->extend(digest_of(HashAlgorithm::sha256, 3, 32)));
    CHECK(kernel.content(directory + "sha384" + end) == std::string(48, '\0'));
    CHECK(kernel.content(directory + "sha256" + end) != std::string(32, '\0'));
  }
}

TEST_CASE("the RFCs' digest files, with a directory for each hash or without") {
  FakeKernel kernel;
  kernel.write(kTsm + "tdx_guest/rtmr2/sha384/digest", std::string(48, '\0'));
  kernel.make_rfc(kTsm + "measurement-example/rtmr1", "sha384");
  for (const char* const name : {"rtmr2", "measurement-example/rtmr1"}) {
    const auto target = opened(open_digest, kernel, name);
    CHECK(target->backend() == "digest");
    CHECK(target->log_keeping() == LogKeeping::us);
    REQUIRE(target->extend(kDigest));
  }
  CHECK(kernel.content(kTsm + "measurement-example/rtmr1/event_log") ==
        tsm::format_extend(kDigest[0].digest.view()) + "\n");
}

TEST_CASE("a machine without the register: the places that were looked at") {
  FakeKernel kernel;
  kernel.write(kSample + "rtmr0:sha256", std::string(32, '\0'));
  CHECK(places_looked_at(open_measurements, kernel, "rtmr0") ==
        std::vector<std::string>{kernel.at(kDevices + "*/measurements/rtmr0:*"),
                                 kernel.at("/sys/class/misc/*/measurements/rtmr0:*")});
  CHECK(places_looked_at(open_digest, kernel, "p/mr:x") ==
        std::vector<std::string>{kernel.at(kTsm + "p/x/digest"), kernel.at(kTsm + "p/x/*/digest")});
  CHECK(places_looked_at(open_append_event, kernel, "rtmr0") ==
        std::vector<std::string>{kernel.at(kTsm + "*/rtmr0/append_event")});
  CHECK(places_looked_at(open_configfs, kernel, "rtmr3") == std::vector<std::string>{kernel.at(kRtmrs)});
  for (const Open open : {open_measurements, open_digest, open_append_event, open_configfs}) {
    CHECK(places_looked_at(open, kernel, "pcr16").empty());
  }
}

TEST_CASE("configfs: the directory with the register's number, or one that is made for it") {
  FakeKernel kernel;
  kernel.make_tree(kRtmrs);
  kernel.write(kRtmrs + "/theirs/index", "2\n");
  kernel.write(kRtmrs + "/theirs/digest", std::string(48, '\0'));
  const auto theirs = opened(open_configfs, kernel, "rtmr2");
  CHECK(theirs->where() == kernel.at(kRtmrs + "/theirs/digest"));
  CHECK(theirs->state_directory() == kernel.at("/run/mrtool/tsm/tdx_guest/rtmr2"));
  REQUIRE(theirs->extend(kDigest));
  const auto made = opened(open_configfs, kernel, "rtmr3");
  CHECK(made->where() == kernel.at(kRtmrs + "/mrtool-rtmr3/digest"));
  CHECK(kernel.content(kRtmrs + "/mrtool-rtmr3/index") == "3");
  REQUIRE(made->extend(kDigest));
  // It is found again.
  CHECK(opened(open_configfs, kernel, "rtmr3")->where() == made->where());
  CHECK(refused(open_configfs, kernel, "rtmr0").kind == ErrorKind::unsupported);
}

TEST_CASE("configfs: a number that is taken, a directory that cannot be made, an extension that fails") {
  FakeKernel kernel;
  kernel.make_tree(kRtmrs);
  kernel.error = EBUSY;
  const Error busy = refused(open_configfs, kernel, "rtmr3");
  CHECK(busy.kind == ErrorKind::io);
  CHECK(busy.message.contains("another number already"));
  CHECK_FALSE(std::filesystem::exists(kernel.at(kRtmrs + "/mrtool-rtmr3")));
  kernel.unreadable.clear();
  // Somebody else made one in the meantime: that serves.
  kernel.meanwhile = [&] {
    kernel.write(kRtmrs + "/other/index", "3");
    kernel.write(kRtmrs + "/other/digest", std::string(48, '\0'));
  };
  kernel.error = EINVAL;
  const auto target = opened(open_configfs, kernel, "rtmr3");
  CHECK(target->where() == kernel.at(kRtmrs + "/other/digest"));
  kernel.error = ENXIO;
  CHECK(target->extend(kDigest).error().message.contains("no number yet"));
}
