// Linux 6.16 and later: .../misc/DEVICE/measurements/NAME:HASH (registers and reports notes, 3.3).
#include <fmt/format.h>

#include <array>

#include "lib/extend/backends.hpp"
#include "lib/extend/kernel_register.hpp"

namespace mrtool::extend {

OpenedTarget open_measurements(const Register& reg, const TargetOptions& options, Host& host,
                               std::vector<std::string>& looked_for) {
  constexpr std::array kShapes{sources::TreeShape::measurements};
  if (is_of_tpm(reg)) {
    return nullptr;
  }
  MRTOOL_TRY(place, find_kernel_place(reg, options.banks, kShapes, host, looked_for));
  if (!place) {
    for (const std::string_view tree : sources::kDeviceTrees) {
      looked_for.push_back(
          host.system_path(fmt::format("{}/{}/measurements/{}:*", tree, provider_pattern(reg), file_name_of(reg))));
    }
    return nullptr;
  }
  if (Status writable = check_writable(*place, host); !writable) {
    return std::unexpected(std::move(writable).error());
  }
  return std::make_unique<KernelRegister>("measurements", *std::move(place), host);
}

}  // namespace mrtool::extend
