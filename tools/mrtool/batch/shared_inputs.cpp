#include "tools/mrtool/batch/shared_inputs.hpp"

#include <array>

#include "lib/base/limits.hpp"
#include "lib/sources/sources.hpp"

namespace mrtool {
namespace {

template <class T>
const T* find_in(const std::map<std::string, T>& all, const std::string& name) {
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

// The options whose files are read whole and as they are.
constexpr auto kFiles = std::to_array<OptionId>(
    {OptionId::sig, OptionId::key, OptionId::ca, OptionId::crl, OptionId::tcb_info, OptionId::quote});
constexpr std::string_view kLive = "live";

}  // namespace

Result<SharedInputs> SharedInputs::load(const CommandLine& line, Host& host) {
  SharedInputs shared;
  shared.tcti_ = line.value(OptionId::tcti);
  for (const std::string& spec : line.all(OptionId::against)) {
    MRTOOL_TRY(values, load_register_values(spec, host, {.tcti = shared.tcti_}));
    shared.values_.emplace(spec, std::move(values));
  }
  for (const std::string& path : line.all(OptionId::policy)) {
    MRTOOL_TRY(policy, load_policy(path, host));
    shared.policies_.emplace(path, std::move(policy));
  }
  for (const OptionId option : kFiles) {
    for (const std::string& path : line.all(option)) {
      if (option == OptionId::quote && path == kLive) {
        continue;  // each member asks for its own
      }
      MRTOOL_TRY(bytes, host.read_file(path, limits::kSmallFile));
      shared.files_.emplace(path, std::move(bytes));
    }
  }
  return shared;
}

Result<RegisterValues> SharedInputs::values(const std::string& spec, const std::string& tcti, Host& host) const {
  const RegisterValues* const known = tcti == tcti_ ? find_in(values_, spec) : nullptr;
  return known != nullptr ? *known : load_register_values(spec, host, {.tcti = tcti});
}

Result<std::shared_ptr<const Policy>> SharedInputs::policy(const std::string& path, Host& host) const {
  const auto* const known = find_in(policies_, path);
  return known != nullptr ? *known : load_policy(path, host);
}

Result<std::shared_ptr<const Policy>> SharedInputs::policy_of(const std::string& text, Host& host) const {
  const auto* const known = find_in(policies_of_texts_, text);
  return known != nullptr ? *known : parse_policy(as_bytes(text), host);
}

Result<Bytes> SharedInputs::file(const std::string& path, Host& host) const {
  const Bytes* const known = find_in(files_, path);
  return known != nullptr ? *known : host.read_file(path, limits::kSmallFile);
}

}  // namespace mrtool
