// The RFCs' .../tsm/PROVIDER/NAME/digest and .../tsm/PROVIDER/NAME/HASH/digest (registers and reports notes, 3.1 and
// 3.2). Where the kernel keeps a log, too, it gets a line ".EXTEND" for each digest; what was measured is in ours.
#include <fmt/format.h>

#include <array>

#include "lib/extend/backends.hpp"
#include "lib/extend/kernel_register.hpp"

namespace mrtool::extend {

OpenedTarget open_digest(const Register& reg, const TargetOptions& options, Host& host,
                         std::vector<std::string>& looked_for) {
  constexpr std::array kShapes{sources::TreeShape::hash_algo, sources::TreeShape::by_hash};
  if (is_of_tpm(reg)) {
    return nullptr;
  }
  MRTOOL_TRY(place, find_kernel_place(reg, options.banks, kShapes, host, looked_for));
  if (!place) {
    for (const std::string_view hash : {"", "*/"}) {
      looked_for.push_back(host.system_path(fmt::format("{}/{}/{}/{}{}", sources::kProviderTree, provider_pattern(reg),
                                                        file_name_of(reg), hash, sources::kDigestFile)));
    }
    return nullptr;
  }
  if (Status writable = check_writable(*place, host); !writable) {
    return std::unexpected(std::move(writable).error());
  }
  return std::make_unique<KernelRegister>("digest", *std::move(place), host);
}

}  // namespace mrtool::extend
