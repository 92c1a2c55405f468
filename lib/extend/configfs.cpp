// /sys/kernel/config/tsm/rtmrs/ANY/{index,digest} (registers and reports notes, 3.4). A register shows when somebody
// has made a directory and written its number there, which can be done once; removing the directory resets nothing.
#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "lib/extend/backends.hpp"
#include "lib/extend/kernel_register.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {

namespace {

constexpr std::array kShapes{sources::TreeShape::configfs};
constexpr std::uint32_t kFirstGuestRtmr = 2;  // 0 and 1 are the firmware's
constexpr std::array kAdvice{
    Advice{ENXIO, "its directory has no number yet: write one to the file index there, or remove the directory"},
    Advice{EBUSY, "its directory has another number already: remove the directory and try again"},
    Advice{EINVAL, "the kernel has no such register, or another directory has its number"},
    Advice{ENOTSUP, "this kernel has no such registers"},
};

// Makes the register show. What others made at the same time does as well, so that failures count only if it still does
// not show then.
Status make_entry(const Register& reg, Host& host) {
  const std::string directory = host.system_path(fmt::format("{}/mrtool-{}", sources::kRtmrTree, to_string(reg)));
  const Status made = host.make_directory(directory);
  const Status numbered =
      host.write_once(fmt::format("{}/{}", directory, sources::kIndexFile), as_bytes(fmt::format("{}", reg.index)));
  if (numbered) {
    return {};
  }
  if (!made) {
    return std::unexpected(with_advice(made.error().system == EEXIST ? numbered.error() : made.error(), {}, kAdvice));
  }
  static_cast<void>(host.remove_directory(directory));
  return std::unexpected(with_advice(numbered.error(), {}, kAdvice));
}

}  // namespace

OpenedTarget open_configfs(const Register& reg, const TargetOptions& options, Host& host,
                           std::vector<std::string>& looked_for) {
  if (is_of_tpm(reg)) {
    return nullptr;
  }
  const std::string tree = host.system_path(std::string(sources::kRtmrTree));
  if (host.kind(tree) != FileKind::directory || reg.kind != RegisterKind::rtmr || !reg.provider.empty()) {
    looked_for.push_back(tree);
    return nullptr;
  }
  MRTOOL_TRY(place, find_kernel_place(reg, options.banks, kShapes, host, looked_for));
  if (!place) {
    if (reg.index < kFirstGuestRtmr) {
      return fail(ErrorKind::unsupported,
                  fmt::format("{} is the firmware's, and {} does not show it: rtmr2 and rtmr3 are for what runs later",
                              to_string(reg), tree));
    }
    const Status made = make_entry(reg, host);
    MRTOOL_TRY(found, find_kernel_place(reg, options.banks, kShapes, host, looked_for));
    if (!found) {
      return made ? fail(ErrorKind::io,
                         fmt::format("{}: the kernel took the number of {} and does not show it", tree, to_string(reg)))
                  : std::unexpected(made.error());
    }
    place = std::move(found);
  }
  return std::make_unique<KernelRegister>("configfs", *std::move(place), host, kAdvice);
}

}  // namespace mrtool::extend
