// Just enough DER (ITU-T X.690) to read the extensions that makers of processors put into certificates.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool {

struct DerItem {
  std::uint8_t tag = 0;  // identifier octet
  ByteView content;
};

inline constexpr std::uint8_t kDerInteger = 0x02;
inline constexpr std::uint8_t kDerOctetString = 0x04;
inline constexpr std::uint8_t kDerObjectIdentifier = 0x06;
inline constexpr std::uint8_t kDerEnumerated = 0x0A;
inline constexpr std::uint8_t kDerSequence = 0x30;

// The items that follow one another in `bytes`, down to the last byte; views of it. Fails (malformed) for tags of more
// than one octet and indefinite lengths too.
Result<std::vector<DerItem>> read_der_items(ByteView bytes);

}  // namespace mrtool
