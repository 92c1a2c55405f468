// Sets of register values, and where each came from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/crypto/digest.hpp"
#include "lib/record/register.hpp"

namespace mrtool {

enum class Authenticated : std::uint8_t { none, mac, signed_, live };
std::string_view to_string(Authenticated authenticated);

struct RegisterKey {
  Register reg;
  HashAlgorithm bank = HashAlgorithm::none;

  auto operator<=>(const RegisterKey&) const = default;
};

// The values that one source states.
struct RegisterValues {
  std::string source;  // as the user named it
  std::string kind;    // "direct", "tpm2_pcrread", "sysfs", "mrtool.registers", ...
  Authenticated authenticated = Authenticated::none;
  std::map<RegisterKey, Digest> values;
  std::vector<std::string> notes{};  // sentences: what was there and could not be read, why it is trusted less
};

}  // namespace mrtool
