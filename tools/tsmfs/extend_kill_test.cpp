// `mrtool extend` of the kernel's files, as tsmfs has them: killed at every system call, and with each of them failing.
#include <doctest/doctest.h>

#include "tools/mrtool/fault_injection_test.hpp"
#include "tools/tsmfs/mounted_test.hpp"

namespace mrtool::testing {
namespace {

// `log` is below the root, `values` below the mount.
Extending kernel_register(const GuestRoot& guest, const std::string& backend, const std::string& reg,
                          const std::string& log, const std::string& values) {
  const std::vector<std::string> where{"--root", guest.scratch.path().string(), "--backend", backend};
  const auto with = [where](std::vector<std::string> words) {
    words.insert(words.end(), where.begin(), where.end());
    return words;
  };
  const std::string path = guest.scratch / log;
  return {.name = backend,
          .extend = [with, reg](const std::string& event) { return with({"extend", reg, event}); },
          .recover = with({"extend", reg, "--recover"}),
          .compare =
              [reg, path, against = guest.mounted / values] {
                return mrtool({"replay", "tsm:" + reg + "=" + path, "--register", reg, "--against", against});
              },
          .log = [path] { return read_text(path); }};
}

TEST_CASE("the registers of guests: killed at every system call, and each of them failing") {
  if (!have_fuse() || !can_inject_faults()) {
    return;
  }
  const std::string rfc = "sys/kernel/tsm/measurement-example";
  const std::string upstream = "sys/devices/virtual/misc/tdx_guest/measurements";
  {
    const GuestRoot guest;
    try_every_fault(kernel_register(guest, "append-event", "measurement-example/rtmr1", rfc + "/rtmr1/event_log", rfc));
  }
  {
    const GuestRoot guest;
    try_every_fault(kernel_register(guest, "digest", "measurement-example/rtmr1",
                                    "run/mrtool/tsm/measurement-example/rtmr1/event_log", rfc));
  }
  {
    const GuestRoot guest;
    try_every_fault(
        kernel_register(guest, "measurements", "rtmr3", "run/mrtool/tsm/tdx_guest/rtmr3/event_log", upstream));
  }
}

}  // namespace
}  // namespace mrtool::testing
