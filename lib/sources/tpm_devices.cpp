#include "lib/sources/tpm_devices.hpp"

#include <algorithm>
#include <optional>

#include "lib/registers/kinds.hpp"

namespace mrtool::sources {

namespace {

std::optional<std::uint32_t> tpm_number(std::string_view name) {
  constexpr std::string_view kPrefix = "tpm";
  return name.starts_with(kPrefix) ? parse_index(name.substr(kPrefix.size())) : std::nullopt;
}

}  // namespace

std::vector<std::uint32_t> tpm_numbers(Host& host, std::vector<std::string>& looked_for) {
  const auto is_there = [&](const std::string& path) {
    looked_for.push_back(host.system_path(path));
    return host.kind(looked_for.back()) != FileKind::absent;
  };
  std::vector<std::uint32_t> numbers;
  if (is_there(std::string(kTpmClass))) {
    if (const auto names = host.list(looked_for.back())) {
      for (const std::string& name : *names) {
        if (const auto number = tpm_number(name)) {
          numbers.push_back(*number);
        }
      }
    }
  }
  // A container may have the device without the class.
  if (numbers.empty() && (is_there(std::string(kTpmDevices[0]) + "0") || is_there(std::string(kTpmDevices[1]) + "0"))) {
    numbers.push_back(0);
  }
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace mrtool::sources
