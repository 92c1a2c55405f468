// GUIDs as UEFI stores them: the first three fields little-endian, the last eight bytes as written (UEFI 2.10, appendix
// A).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/byte_reader.hpp"

namespace mrtool {

inline constexpr std::uint64_t kGuidSize = 16;

struct Guid {
  std::array<std::uint8_t, kGuidSize> wire{};  // as it lies in memory

  auto operator<=>(const Guid&) const = default;
};

Guid read_guid(ByteReader& reader);
std::string to_string(const Guid& guid);                // lower case, 8-4-4-4-12
std::optional<Guid> parse_guid(std::string_view text);  // either case

// Compile-time GUIDs, from the usual three integers and eight bytes.
constexpr Guid make_guid(std::uint32_t a, std::uint16_t b, std::uint16_t c, std::array<std::uint8_t, 8> d) {
  Guid guid;
  for (unsigned i = 0; i < 4; ++i) {
    guid.wire[i] = static_cast<std::uint8_t>(a >> (8 * i));
  }
  for (unsigned i = 0; i < 2; ++i) {
    guid.wire[4 + i] = static_cast<std::uint8_t>(b >> (8 * i));
  }
  for (unsigned i = 0; i < 2; ++i) {
    guid.wire[6 + i] = static_cast<std::uint8_t>(c >> (8 * i));
  }
  for (unsigned i = 0; i < 8; ++i) {
    guid.wire[8 + i] = d[i];
  }
  return guid;
}

}  // namespace mrtool
