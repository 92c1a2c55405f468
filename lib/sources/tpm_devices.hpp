// The TPMs of a machine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/host.hpp"

namespace mrtool::sources {

inline constexpr std::string_view kTpmClass = "/sys/class/tpm";
inline constexpr std::array<std::string_view, 2> kTpmDevices{"/dev/tpmrm", "/dev/tpm"};  // and a number

// Their numbers, ascending. `looked_for` gets the places, as they are below --root.
std::vector<std::uint32_t> tpm_numbers(Host& host, std::vector<std::string>& looked_for);

}  // namespace mrtool::sources
