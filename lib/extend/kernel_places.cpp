#include "lib/extend/kernel_places.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::extend {

namespace {

using sources::RegisterPlace;
using sources::RegisterPlaces;
using sources::TreeShape;

constexpr std::string_view kStateDirectory = "/run/mrtool/tsm";
// Registers that are reached without a provider's directory are those of the only provider that there was.
constexpr std::string_view kConfigfsProvider = "tdx_guest";
constexpr std::uint32_t kWritable = 0222;
constexpr std::uint32_t kFirstGuestRtmr = 2;
constexpr std::uint32_t kLastRtmr = 3;

bool has_shape(std::span<const TreeShape> shapes, TreeShape shape) {
  return std::ranges::find(shapes, shape) != shapes.end();
}

Result<RegisterPlaces> find_in_trees(std::span<const TreeShape> shapes, Host& host) {
  RegisterPlaces all;
  const auto add = [&](std::string_view tree) -> Result<bool> {
    MRTOOL_TRY(found, sources::find_register_places(host.system_path(std::string(tree)), host));
    const bool any = !found.places.empty();
    std::ranges::move(found.places, std::back_inserter(all.places));
    std::ranges::move(found.problems, std::back_inserter(all.problems));
    return any;
  };
  if (has_shape(shapes, TreeShape::measurements)) {
    MRTOOL_TRY(found, add(sources::kDeviceTrees[0]));
    if (!found) {
      MRTOOL_TRY(other_way, add(sources::kDeviceTrees[1]));
      static_cast<void>(other_way);
    }
  }
  if (has_shape(shapes, TreeShape::hash_algo) || has_shape(shapes, TreeShape::by_hash)) {
    MRTOOL_TRY(found, add(sources::kProviderTree));
    static_cast<void>(found);
  }
  if (has_shape(shapes, TreeShape::configfs)) {
    MRTOOL_TRY(found, add(sources::kRtmrTree));
    static_cast<void>(found);
  }
  std::erase_if(all.places, [&](const RegisterPlace& place) { return !has_shape(shapes, place.shape); });
  return all;
}

std::string state_directory(const RegisterPlace& place, bool has_several_hashes, const Host& host) {
  const std::string_view provider = place.provider.empty() ? kConfigfsProvider : std::string_view(place.provider);
  const std::string directory = host.system_path(fmt::format("{}/{}/{}", kStateDirectory, provider, place.name));
  return has_several_hashes ? fmt::format("{}:{}", directory, tsm::kernel_name(place.bank)) : directory;
}

std::string bank_names(std::span<const RegisterPlace> places) {
  std::string names;
  for (const RegisterPlace& place : places) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(place.bank));
  }
  return names;
}

}  // namespace

std::string file_beside(const std::string& file, std::string_view name) {
  return fmt::format("{}{}", std::string_view(file).substr(0, file.rfind('/') + 1), name);
}

bool is_writable(const std::string& file, Host& host) {
  const auto mode = host.mode(file);
  return mode && (*mode & kWritable) != 0;
}

bool is_of_tpm(const Register& reg) {
  return reg.provider.empty() && (reg.kind == RegisterKind::pcr || reg.kind == RegisterKind::nv);
}

std::string file_name_of(const Register& reg) {
  Register bare = reg;
  bare.provider.clear();
  return reg.kind == RegisterKind::virtual_mr ? reg.name : to_string(bare);
}

std::string provider_pattern(const Register& reg) {
  return reg.provider.empty() ? "*" : reg.provider;
}

Result<std::optional<KernelPlace>> find_kernel_place(const Register& reg, std::span<const HashAlgorithm> banks,
                                                     std::span<const TreeShape> shapes, Host& host,
                                                     std::vector<std::string>& looked_for) {
  MRTOOL_TRY(found, find_in_trees(shapes, host));
  for (const Error& problem : found.problems) {
    looked_for.push_back(to_string(problem));
  }
  std::vector<RegisterPlace>& places = found.places;
  std::erase_if(places, [&](const RegisterPlace& place) { return place.reg() != reg; });
  if (places.empty()) {
    return std::nullopt;
  }
  const bool has_several_hashes =
      std::ranges::any_of(places, [&](const RegisterPlace& place) { return place.bank != places.front().bank; });
  if (banks.size() > 1 || (has_several_hashes && banks.empty())) {
    return fail(ErrorKind::usage,
                fmt::format("{} has a file for each of its hashes ({}), which may share one register: say with --bank "
                            "which one is to be extended",
                            to_string(reg), bank_names(places)));
  }
  const auto place = banks.empty() ? places.begin() : std::ranges::find(places, banks.front(), &RegisterPlace::bank);
  if (place == places.end()) {
    return fail(ErrorKind::usage,
                fmt::format("{} has no bank {}, but {}", to_string(reg), to_string(banks.front()), bank_names(places)));
  }
  return KernelPlace{.reg = reg,
                     .bank = place->bank,
                     .file = place->file,
                     .state_directory = state_directory(*place, has_several_hashes, host)};
}

std::map<Register, std::set<HashAlgorithm>> extendable_registers(Host& host, std::vector<std::string>& looked_for) {
  constexpr std::array kShapes{TreeShape::measurements, TreeShape::hash_algo, TreeShape::by_hash};
  for (const std::string_view tree :
       {sources::kDeviceTrees[0], sources::kDeviceTrees[1], sources::kProviderTree, sources::kRtmrTree}) {
    looked_for.push_back(host.system_path(std::string(tree)));
  }
  std::map<Register, std::set<HashAlgorithm>> registers;
  const auto found = find_in_trees(kShapes, host);
  if (!found) {
    looked_for.push_back(to_string(found.error()));
  }
  for (const RegisterPlace& place : found ? found->places : std::vector<RegisterPlace>()) {
    const auto reg = place.reg();
    const bool takes_lines =
        place.shape == TreeShape::hash_algo && host.kind(file_beside(place.file, kAppendFile)) != FileKind::absent;
    if (reg && (takes_lines || is_writable(place.file, host))) {
      registers[*reg].insert(place.bank);
    }
  }
  if (host.kind(host.system_path(std::string(sources::kRtmrTree))) == FileKind::directory) {
    for (std::uint32_t index = kFirstGuestRtmr; index <= kLastRtmr; ++index) {
      registers[{.kind = RegisterKind::rtmr, .index = index, .name = {}, .provider = {}, .carrier = {}}].insert(
          HashAlgorithm::sha384);
    }
  }
  return registers;
}

}  // namespace mrtool::extend
