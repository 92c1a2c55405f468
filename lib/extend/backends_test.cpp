// The table of backends: which is chosen, and what is said where none fits.
#include <fmt/format.h>

#include "lib/extend/fake_kernel_test.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::testing;

namespace {

const std::string kMeasurements = "/sys/devices/virtual/misc/tdx_guest/measurements/";
const std::string kExample = "/sys/kernel/tsm/measurement-example/";

void add_tdx(FakeKernel& kernel) {
  kernel.write(kMeasurements + "mrtd:sha384", std::string(48, '\0'), 0444);
  for (const char* const name : {"rtmr0:sha384", "rtmr1:sha384", "rtmr2:sha384", "rtmr3:sha384"}) {
    kernel.write(kMeasurements + name, std::string(48, '\0'));
  }
}

std::string backend_of(FakeKernel& kernel, std::string_view name, const std::string& backend = {}) {
  const auto target = open_target(reg_of(name), {.backend = backend, .tcti = {}}, kernel);
  return target ? std::string((*target)->backend()) : "none";
}

Error failure_of(FakeKernel& kernel, std::string_view name, const std::string& backend = {}) {
  const auto target = open_target(reg_of(name), {.backend = backend, .tcti = {}}, kernel);
  REQUIRE_FALSE(target);
  return target.error();
}

std::string default_of(FakeKernel& kernel, const TargetOptions& options = {}) {
  const auto reg = default_register(options, kernel);
  return reg ? to_string(*reg) : fmt::format("{}: {}", row_of(reg.error().kind).name, reg.error().message);
}

}  // namespace

TEST_CASE("a backend is chosen by what the machine has, or is named") {
  FakeKernel kernel;
  add_tdx(kernel);
  kernel.make_rfc(kExample + "rtmr0", "sha256", 0444);
  kernel.make_rfc(kExample + "rtmr1", "sha384");
  kernel.write("/sys/kernel/tsm/other/r/sha256/digest", std::string(32, '\0'));
  kernel.write("/sys/devices/virtual/misc/measurement-example/measurements/rtmr1:sha384", std::string(48, '\0'));
  CHECK(backend_of(kernel, "rtmr3") == "measurements");
  CHECK(backend_of(kernel, "measurement-example/rtmr0") == "append-event");
  CHECK(backend_of(kernel, "measurement-example/rtmr1") == "append-event");
  CHECK(backend_of(kernel, "measurement-example/rtmr1", "digest") == "digest");
  CHECK(backend_of(kernel, "measurement-example/rtmr1", "measurements") == "measurements");
  CHECK(backend_of(kernel, "other/mr:r") == "digest");
  CHECK(failure_of(kernel, "rtmr3", "digest").kind == ErrorKind::io);
  for (const char* const bad : {"no", "software", "software:", "digest:x", "tpm:device", "\x1b[1m"}) {
    const Error error = failure_of(kernel, "rtmr3", bad);
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.message.contains("software:FILE"));
    CHECK_FALSE(error.message.contains('\x1b'));
    CHECK(default_of(kernel, {.backend = bad, .tcti = {}}).starts_with("usage"));
  }
}

TEST_CASE("no hardware: what was looked for is told, and no file takes its place") {
  FakeKernel kernel;
  const Error error = failure_of(kernel, "rtmr3");
  CHECK(error.kind == ErrorKind::io);
  for (const char* const place :
       {"/sys/kernel/tsm/*/rtmr3/append_event", "/sys/devices/virtual/misc/*/measurements/rtmr3:*",
        "/sys/class/misc/*/measurements/rtmr3:*", "/sys/kernel/tsm/*/rtmr3/digest", "/sys/kernel/config/tsm/rtmrs"}) {
    CHECK_MESSAGE(error.message.contains(kernel.at(place)), place);
  }
  add_tdx(kernel);
  CHECK(failure_of(kernel, "rem0").message.contains("it has rtmr0, rtmr1, rtmr2, rtmr3"));
}

TEST_CASE("what can be no register to extend") {
  FakeKernel kernel;
  add_tdx(kernel);
  for (const char* const name : {"mrtd", "rim", "mr:mr_ima@rtmr3"}) {
    CHECK(failure_of(kernel, name).kind == ErrorKind::unsupported);
  }
  CHECK(failure_of(kernel, "mr:mr_ima@rtmr3").message.contains("--virtual mr_ima --on rtmr3"));
}

TEST_CASE("the register that is meant by default") {
  FakeKernel kernel;
  CHECK(default_of(kernel).starts_with("io: this machine has no register"));
  CHECK(default_of(kernel).contains(kernel.at("/sys/kernel/tsm")));
  kernel.write("/dev/tpmrm0", "");
  CHECK(default_of(kernel).starts_with("usage: "));
  CHECK(default_of(kernel).contains("TPM only"));
  kernel.make_rfc(kExample + "rtmr0", "sha256", 0444);
  kernel.write(kExample + "static_mr", std::string(48, '\0'));
  CHECK(default_of(kernel) == "measurement-example/rtmr0");
  kernel.make_rfc(kExample + "rtmr1", "sha384");
  CHECK(default_of(kernel) == "measurement-example/rtmr1");
  kernel.make_rfc("/sys/kernel/tsm/other/r", "sha384");
  CHECK(default_of(kernel).starts_with("usage: "));
  CHECK(default_of(kernel).contains("other/mr:r"));
  kernel.make_rfc("/sys/kernel/tsm/arm_cca_guest/rem3", "sha256");
  CHECK(default_of(kernel) == "rem3");
  add_tdx(kernel);
  CHECK(default_of(kernel) == "rtmr3");
  for (const TargetOptions& options :
       {TargetOptions{.backend = "tpm", .tcti = {}}, TargetOptions{.backend = "software:/f", .tcti = {}},
        TargetOptions{.backend = {}, .tcti = "device"}}) {
    CHECK(default_of(kernel, options).starts_with("usage: "));
  }
}

TEST_CASE("a name of several registers is not meant by default") {
  FakeKernel kernel;
  const std::string sample = "/sys/kernel/tsm/tsm_mr_sample/";
  kernel.write(sample + "z/sha256/digest", std::string(32, '\0'));
  kernel.write(sample + "z/sha384/digest", std::string(48, '\0'));
  CHECK(default_of(kernel).starts_with("usage: name the register to extend and its bank"));
  kernel.write(sample + "rtmr1/sha384/digest", std::string(48, '\0'));
  CHECK(default_of(kernel) == "tsm_mr_sample/rtmr1");
}

TEST_CASE("a register that may only be read is none to extend by default") {
  FakeKernel kernel;
  kernel.write(kMeasurements + "rtmr3:sha384", std::string(48, '\0'), 0444);
  CHECK(default_of(kernel).starts_with("io: "));
  kernel.make_tree("/sys/kernel/config/tsm/rtmrs");
  CHECK(default_of(kernel) == "rtmr3");
  CHECK_FALSE(std::filesystem::exists(kernel.at("/sys/kernel/config/tsm/rtmrs/mrtool-rtmr3")));
}
