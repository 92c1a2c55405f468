// Hash algorithms: one table, keyed by the TCG algorithm identifier (TCG Algorithm Registry 1.34, table 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mrtool {

// TPM_ALG_ID. Identifiers that are not in the table are kept as they are; their size is what a log states.
enum class HashAlgorithm : std::uint16_t {
  none = 0,
  sha1 = 0x0004,
  sha256 = 0x000B,
  sha384 = 0x000C,
  sha512 = 0x000D,
  sm3_256 = 0x0012,
  sha3_256 = 0x0027,
  sha3_384 = 0x0028,
  sha3_512 = 0x0029,
  sha224 = 0xFF01,  // no TPM_ALG_ID is registered; used by IMA lists and signature lists, never on the wire
};

inline constexpr std::size_t kMaxDigestSize = 64;  // bytes, of the algorithms in the table
inline constexpr std::size_t kAlgorithmCount = 9;  // rows of the table

struct HashAlgorithmRow {
  HashAlgorithm id;
  std::string_view name;  // as tpm2-tools spells it: sha3_256, sm3_256
  std::size_t size;       // bytes
  std::size_t block;      // bytes
  const char* openssl_name;
  bool weak;  // collisions are practical: SHA-1
};

std::span<const HashAlgorithmRow> hash_algorithms();
// nullptr when the identifier is not in the table.
const HashAlgorithmRow* find_algorithm(HashAlgorithm id);
// By name or alias ("sha256", "SHA-256", "sha3-256", "sm3", "sm3-256"), or "0xNNNN".
std::optional<HashAlgorithm> parse_algorithm(std::string_view text);
// The name, or 0xnnnn for an identifier that is not in the table.
std::string to_string(HashAlgorithm id);

}  // namespace mrtool
