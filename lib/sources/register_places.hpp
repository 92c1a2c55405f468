// Where Linux kernels show measurement registers: trees of the four shapes that there have been (registers and reports
// notes, 3). What reads registers and what extends them look here.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/crypto/algorithms.hpp"
#include "lib/record/register.hpp"

namespace mrtool::sources {

// Paths of the system. The first two are two ways to one tree.
inline constexpr std::array<std::string_view, 2> kDeviceTrees{"/sys/devices/virtual/misc", "/sys/class/misc"};
inline constexpr std::string_view kProviderTree = "/sys/kernel/tsm";
inline constexpr std::string_view kRtmrTree = "/sys/kernel/config/tsm/rtmrs";

inline constexpr const char* kDigestFile = "digest";
inline constexpr const char* kIndexFile = "index";

enum class TreeShape : std::uint8_t {
  measurements,  // 3.3  upstream, 6.16     .../misc/DEVICE/measurements/NAME:HASH
  hash_algo,     // 3.1  RFC, 2024-09       .../tsm/PROVIDER/NAME/{digest,hash_algo,...}
  by_hash,       // 3.2  RFC v2 and v3      .../tsm/PROVIDER/NAME/HASH/digest
  configfs,      // 3.4  configfs, 2024-01  .../tsm/rtmrs/ANY/{index,digest}
  plain,         // a register without a hash, in any of the first three: a file that bears its name
};

// One register in one bank.
struct RegisterPlace {
  TreeShape shape = TreeShape::plain;
  std::string provider;                      // as its directory is called; empty where the path does not tell
  std::string name;                          // as the provider calls it
  HashAlgorithm bank = HashAlgorithm::none;  // none: plain
  std::string file;                          // of the raw value
  std::optional<Register> reg() const;       // nothing where the name is no register's
};

struct RegisterPlaces {
  std::vector<RegisterPlace> places;
  std::vector<Error> problems;  // what is there and cannot be read
};

// The registers of a tree, or of one of its levels; nothing is looked for deeper than that. None where the directory is
// no such tree. Fails (malformed) where a register's file of its algorithm or number says neither.
Result<RegisterPlaces> find_register_places(const std::string& directory, Host& host);

}  // namespace mrtool::sources
