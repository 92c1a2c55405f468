// One node of a UEFI device path as text (UEFI 2.10, 10.3.2 to 10.3.5 and 10.6).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace mrtool {

inline constexpr std::uint64_t kDevicePathHeaderSize = 4;  // u8 type, u8 subtype, u16 length of the whole node
inline constexpr std::uint8_t kEndOfHardwarePath = 0x7F;   // node type
inline constexpr std::uint8_t kEndOfInstance = 0x01;       // subtypes of it
inline constexpr std::uint8_t kEndOfPath = 0xFF;

struct DevicePathNode {
  std::uint8_t type = 0;
  std::uint8_t subtype = 0;
  ByteView data;  // behind the header
};

struct DevicePathNodeText {
  std::string text;          // may hold text from the log
  std::string_view problem;  // empty when the node is sound
};

// The library's text for nodes that pass the checks of their type; name, subtype and hex for all others.
DevicePathNodeText format_device_path_node(const DevicePathNode& node);

}  // namespace mrtool
