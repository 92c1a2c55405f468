// This machine's registers, wherever its kernel shows them.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/sources/kinds.hpp"
#include "lib/sources/register_places.hpp"
#include "lib/sources/tpm_devices.hpp"

namespace mrtool::sources {

namespace {

// In the order of preference.
constexpr std::array kTrees{kDeviceTrees[0], kDeviceTrees[1], kProviderTree, kRtmrTree};

class Live {
 public:
  Live(Host& host, const SourceOptions& options) : host_(host), options_(options) {}

  Result<RegisterValues> read() {
    if (!options_.tcti.empty()) {
      MRTOOL_TRY(tpm, read_tpm(host_, options_));  // asked for by name, so it must be there
      merge(std::move(tpm));
    } else {
      add_tpms();
    }
    // Before the tree that a TDX guest has too: that shows older values once others have extended its registers.
    if (is_there(std::string(kTdxGuestDevice))) {
      take(read_tdx_guest(host_, options_));
    }
    for (const std::string_view path : kTrees) {
      add_tree(path);
    }
    if (values_.values.empty()) {
      return std::unexpected(nothing());
    }
    return std::move(values_);
  }

 private:
  // Remembers where it was looked.
  bool is_there(const std::string& path) {
    looked_.push_back(host_.system_path(path));
    return host_.kind(looked_.back()) != FileKind::absent;
  }

  // Values are as trustworthy as the least of them.
  void merge(RegisterValues found) {
    if (values_.values.empty()) {
      values_.authenticated = found.authenticated;
    }
    if (!found.values.empty()) {
      values_.authenticated = std::min(values_.authenticated, found.authenticated);
    }
    for (const auto& [key, value] : found.values) {
      const auto [place, added] = values_.values.try_emplace(key, value);
      if (!added && !(place->second == value)) {
        values_.notes.push_back(fmt::format("{}:{} has another value in {}, which is not used", to_string(key.bank),
                                            to_string(key.reg), found.source));
      }
    }
    values_.notes.insert(values_.notes.end(), found.notes.begin(), found.notes.end());
  }
  bool take(Result<RegisterValues> found) {
    if (!found) {
      values_.notes.push_back(to_string(found.error()));
      return false;
    }
    const bool any = !found->values.empty();
    merge(*std::move(found));
    return any;
  }

  // Files that the kernel does not serve could have been written by anyone.
  RegisterValues marked(RegisterValues found, const std::string& directory) {
    found.source = directory;
    found.authenticated = host_.is_kernels(directory) ? Authenticated::live : Authenticated::none;
    if (found.authenticated == Authenticated::none && !found.values.empty()) {
      found.notes.push_back(
          fmt::format("{}: these are files, not the kernel's interface: what they say is not "
                      "authenticated",
                      directory));
    }
    return found;
  }

  void add_tpms() {
    const std::vector<std::uint32_t> numbers = tpm_numbers(host_, looked_);
    for (const std::uint32_t number : numbers) {
      add_tpm(number, number == numbers.front() ? std::string() : fmt::format("tpm{}", number));
    }
  }

  // Kernels before 5.12 show no values of a TPM 2.0.
  void add_tpm(std::uint32_t number, const std::string& provider) {
    const std::string directory = host_.system_path(fmt::format("{}/tpm{}", kTpmClass, number));
    if (is_sysfs(directory, host_)) {
      auto found = read_sysfs(directory, host_);
      if (found) {
        merge(provided(marked(*std::move(found), directory), provider));
      } else {
        values_.notes.push_back(to_string(about_file(std::move(found).error(), directory)));
      }
      return;
    }
    for (const std::string_view prefix : kTpmDevices) {
      const std::string device = fmt::format("{}{}", prefix, number);
      if (is_there(device)) {
        auto found = read_tpm(host_, {.tcti = "device:" + looked_.back()});
        take(found ? provided(*std::move(found), provider) : std::move(found));
        return;
      }
    }
  }

  static RegisterValues provided(RegisterValues found, const std::string& provider) {
    if (provider.empty()) {
      return found;
    }
    std::map<RegisterKey, Digest> values;
    for (const auto& [key, value] : found.values) {
      RegisterKey named = key;
      named.reg.provider = provider;
      values.emplace(named, value);
    }
    found.values = std::move(values);
    return found;
  }

  void add_tree(std::string_view path) {
    const bool other_way = path == kDeviceTrees[1] && has_device_tree_;
    if (other_way || !is_there(std::string(path))) {
      return;
    }
    const std::string directory = looked_.back();
    auto found = read_tsm_tree(directory, host_);
    has_device_tree_ = found && !found->values.empty();
    take(found ? marked(*std::move(found), directory) : std::move(found));
  }

  Error nothing() const {
    std::string message = fmt::format("this machine shows no registers; looked at {}", fmt::join(looked_, ", "));
    for (const std::string& note : values_.notes) {
      message += "; " + note;
    }
    return {.kind = ErrorKind::io, .message = std::move(message), .file = {}, .offset = {}, .record = {}};
  }

  Host& host_;
  const SourceOptions& options_;
  RegisterValues values_{.source = {}, .kind = "live", .authenticated = Authenticated::none, .values = {}};
  std::vector<std::string> looked_;
  bool has_device_tree_ = false;
};

}  // namespace

Result<RegisterValues> read_live(Host& host, const SourceOptions& options) {
  return Live(host, options).read();
}

}  // namespace mrtool::sources
