#include "lib/content/device_path_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <span>

extern "C" {
#include <efivar.h>  // brings efivar-dp.h, and must come before it
}

#include "lib/base/byte_reader.hpp"
#include "lib/base/guid.hpp"
#include "lib/base/shared_library.hpp"
#include "lib/base/text.hpp"

namespace mrtool {

namespace {

constexpr std::uint64_t kMaxNodeSize = 0xFFFF;
constexpr std::uint8_t kHardware = 1;
constexpr std::uint8_t kAcpi = 2;
constexpr std::uint8_t kMessaging = 3;
constexpr std::uint8_t kMedia = 4;
constexpr std::uint8_t kBiosBoot = 5;
constexpr std::uint8_t kVendorHardware = 4;
constexpr std::uint8_t kVendorMessaging = 10;
constexpr std::uint8_t kVendorMedia = 3;
constexpr std::uint8_t kFilePath = 4;

// What the variable part behind a node's fixed fields must look like for the library to print it.
enum class Tail : std::uint8_t {
  any,        // not looked at, or printed as hex
  text,       // one string, which a NUL of ours may end
  wide_text,  // the same in UTF-16
  texts3,     // three NUL-terminated strings
  dwords,     // whole u32
  addresses,  // whole IPv6-sized addresses
};

struct NodeRule {
  std::uint8_t type = 0;
  std::uint8_t subtype = 0;
  std::uint16_t fixed = 0;  // bytes of data that the library reads unasked
  Tail tail = Tail::any;
};

// The nodes that the library prints right. SAS (extended) is missing because libefivar 37 reads past its end; unknown
// ACPI and media nodes because it prints only some of their bytes.
constexpr std::array kRules{
    NodeRule{kHardware, 1, 2},                     // PCI
    NodeRule{kHardware, 2, 1},                     // PC card
    NodeRule{kHardware, 3, 20},                    // memory mapped
    NodeRule{kHardware, kVendorHardware, 16},      // vendor
    NodeRule{kHardware, 5, 4},                     // controller
    NodeRule{kHardware, 6, 9},                     // BMC
    NodeRule{kAcpi, 1, 8},                         // HID, UID
    NodeRule{kAcpi, 2, 12, Tail::texts3},          // HID, UID, CID and their texts
    NodeRule{kAcpi, 3, 4, Tail::dwords},           // ADR
    NodeRule{kMessaging, 1, 4},                    // ATAPI
    NodeRule{kMessaging, 2, 4},                    // SCSI
    NodeRule{kMessaging, 3, 20},                   // Fibre Channel
    NodeRule{kMessaging, 4, 12},                   // IEEE 1394
    NodeRule{kMessaging, 5, 2},                    // USB
    NodeRule{kMessaging, 6, 4},                    // I2O
    NodeRule{kMessaging, 9, 44},                   // InfiniBand
    NodeRule{kMessaging, kVendorMessaging, 16},    // vendor
    NodeRule{kMessaging, 11, 33},                  // MAC
    NodeRule{kMessaging, 12, 15},                  // IPv4; gateway and mask came later and are not printed
    NodeRule{kMessaging, 13, 41},                  // IPv6
    NodeRule{kMessaging, 14, 15},                  // UART
    NodeRule{kMessaging, 15, 7},                   // USB class
    NodeRule{kMessaging, 16, 6, Tail::wide_text},  // USB WWID
    NodeRule{kMessaging, 17, 1},                   // logical unit
    NodeRule{kMessaging, 18, 6},                   // SATA
    NodeRule{kMessaging, 19, 18, Tail::text},      // iSCSI
    NodeRule{kMessaging, 20, 2},                   // VLAN
    NodeRule{kMessaging, 21, 20},                  // Fibre Channel (extended)
    NodeRule{kMessaging, 23, 12},                  // NVMe
    NodeRule{kMessaging, 24, 0, Tail::text},       // URI
    NodeRule{kMessaging, 25, 2},                   // UFS
    NodeRule{kMessaging, 26, 1},                   // SD
    NodeRule{kMessaging, 27, 6},                   // Bluetooth
    NodeRule{kMessaging, 28, 32},                  // Wi-Fi
    NodeRule{kMessaging, 29, 1},                   // eMMC
    NodeRule{kMessaging, 30, 7},                   // Bluetooth LE
    NodeRule{kMessaging, 31, 1, Tail::addresses},  // DNS
    NodeRule{kMessaging, 32, 16},                  // NVDIMM
    NodeRule{kMedia, 1, 38},                       // hard drive
    NodeRule{kMedia, 2, 20},                       // CD-ROM
    NodeRule{kMedia, kVendorMedia, 16},            // vendor
    NodeRule{kMedia, 5, 16},                       // media protocol
    NodeRule{kMedia, 6, 16},                       // firmware file
    NodeRule{kMedia, 7, 16},                       // firmware volume
    NodeRule{kMedia, 8, 20},                       // offset range
    NodeRule{kMedia, 9, 34},                       // RAM disk
    NodeRule{kBiosBoot, 1, 4, Tail::text},         // BIOS boot specification
};

// Vendor nodes that the library reads as structures of their own.
struct VendorRule {
  std::uint8_t type = 0;
  Guid guid;
  std::uint16_t fixed = 0;  // bytes of data, the GUID included
};

constexpr std::array kVendorRules{
    VendorRule{kHardware, make_guid(0xcf31fac5, 0xc24e, 0x11d2, {0x85, 0xf3, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}), 20},
    VendorRule{kMessaging, make_guid(0x37499a9d, 0x542f, 0x4c89, {0xa0, 0x26, 0x35, 0xda, 0x14, 0x20, 0x94, 0xe4}), 20},
    VendorRule{kMessaging, make_guid(0xd487ddb4, 0x008b, 0x11d9, {0xaf, 0xdc, 0x00, 0x10, 0x83, 0xff, 0xca, 0x4d}), 40},
};

bool is_vendor(const DevicePathNode& node) {
  return (node.type == kHardware && node.subtype == kVendorHardware) ||
         (node.type == kMessaging && node.subtype == kVendorMessaging) ||
         (node.type == kMedia && node.subtype == kVendorMedia);
}

std::uint64_t fixed_size(const NodeRule& rule, const DevicePathNode& node) {
  if (is_vendor(node)) {
    ByteReader reader(node.data);
    const Guid guid = read_guid(reader);
    for (const VendorRule& row : kVendorRules) {
      if (row.type == node.type && row.guid == guid) {
        return row.fixed;
      }
    }
  }
  return rule.fixed;
}

bool tail_is_sound(Tail tail, ByteView bytes) {
  constexpr std::size_t kAddressSize = 16;
  switch (tail) {
    case Tail::texts3:
      return std::ranges::count(bytes, std::uint8_t{0}) >= 3;
    case Tail::dwords:
      return bytes.size() % sizeof(std::uint32_t) == 0;
    case Tail::addresses:
      return bytes.size() % kAddressSize == 0;
    case Tail::wide_text:
      return bytes.size() % 2 == 0;
    case Tail::any:
    case Tail::text:
      return true;
  }
  return false;
}

// The node with a string of its own end, an end node behind it, and zeros behind that in case the library reads on.
std::optional<Bytes> isolated(const DevicePathNode& node, Tail tail) {
  constexpr std::size_t kSlack = 64;
  constexpr std::array<std::uint8_t, kDevicePathHeaderSize> kEndNode{kEndOfHardwarePath, kEndOfPath,
                                                                     kDevicePathHeaderSize, 0};
  Bytes copy{node.type, node.subtype, 0, 0};
  copy.insert(copy.end(), node.data.begin(), node.data.end());
  if (tail == Tail::text || tail == Tail::wide_text) {
    copy.insert(copy.end(), {0, 0});
  }
  if (copy.size() > kMaxNodeSize) {
    return {};
  }
  copy[2] = static_cast<std::uint8_t>(copy.size());
  copy[3] = static_cast<std::uint8_t>(copy.size() >> 8U);
  copy.insert(copy.end(), kEndNode.begin(), kEndNode.end());
  copy.resize(copy.size() + kSlack);
  return copy;
}

const NodeRule* find_rule(const DevicePathNode& node) {
  const auto* const rule = std::ranges::find_if(
      kRules, [&](const NodeRule& row) { return row.type == node.type && row.subtype == node.subtype; });
  return rule == kRules.end() ? nullptr : rule;
}

// Loaded at the first path: when it is loaded the library looks at this machine's own firmware variables.
struct Efivar {
  decltype(&efidp_format_device_path) format = nullptr;
  decltype(&efi_error_clear) clear_errors = nullptr;
};

// Nothing where it is not installed.
const std::optional<Efivar>& efivar() {
  static const auto loaded = []() -> std::optional<Efivar> {
    const auto library =
        load_library({.user = "the text of a device path", .file = "libefivar.so.1", .package = "libefivar1"});
    Efivar functions;
    const bool complete = library && find_function(*library, "efidp_format_device_path", functions.format) &&
                          find_function(*library, "efi_error_clear", functions.clear_errors);
    return complete ? std::optional(functions) : std::nullopt;
  }();
  return loaded;
}

std::optional<std::string> library_text(const DevicePathNode& node, const NodeRule& rule) {
  if (!efivar() || node.data.size() < fixed_size(rule, node) ||
      !tail_is_sound(rule.tail, node.data.subspan(rule.fixed))) {
    return {};
  }
  const auto copy = isolated(node, rule.tail);
  if (!copy) {
    return {};
  }
  // Hexadecimal doubles a node's bytes, UTF-8 triples UTF-16 units; the rest is names and numbers.
  constexpr std::size_t kRoom = 512;
  std::string text(copy->size() * 2 + kRoom, '\0');
  // The library keeps its errors in one list for all threads.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  // NOLINTNEXTLINE(bugprone-casting-through-void): the library's name for a path's bytes
  const auto* const path = static_cast<const_efidp>(static_cast<const void*>(copy->data()));
  const auto written = efivar()->format(text.data(), text.size() - 1, path, static_cast<ssize_t>(copy->size()));
  if (written < 0) {
    efivar()->clear_errors();
    return {};
  }
  text.resize(std::min(text.size(), text.find('\0')));
  if (text.empty()) {
    return {};
  }
  return text;
}

std::string_view generic_name(std::uint8_t type) {
  switch (type) {
    case kHardware:
      return "HardwarePath";
    case kAcpi:
      return "AcpiPath";
    case kMessaging:
      return "Msg";
    case kMedia:
      return "MediaPath";
    case kBiosBoot:
      return "BbsPath";
    default:
      return {};
  }
}

std::string_view vendor_name(std::uint8_t type) {
  switch (type) {
    case kHardware:
      return "VenHw";
    case kMessaging:
      return "VenMsg";
    default:
      return "VenMedia";
  }
}

std::string with_hex(std::string text, ByteView bytes) {
  if (!bytes.empty()) {
    text += ',';
    append_hex(text, bytes);
  }
  return text + ')';
}

std::string bare_text(const DevicePathNode& node) {
  if (is_vendor(node) && node.data.size() >= kGuidSize) {
    ByteReader reader(node.data);
    const Guid guid = read_guid(reader);
    return with_hex(fmt::format("{}({}", vendor_name(node.type), to_string(guid)), reader.rest());
  }
  const std::string_view name = generic_name(node.type);
  return with_hex(
      name.empty() ? fmt::format("Path({},{}", node.type, node.subtype) : fmt::format("{}({}", name, node.subtype),
      node.data);
}

std::string file_name(ByteView data, std::string_view& problem) {
  std::string name = utf16le_to_utf8(data);
  if (data.size() % 2 != 0 || name.find('\0') == std::string::npos) {
    problem = "the file name does not end";
  }
  name.resize(std::min(name.size(), name.find('\0')));
  return name;
}

}  // namespace

DevicePathNodeText format_device_path_node(const DevicePathNode& node) {
  DevicePathNodeText result;
  if (node.type == kMedia && node.subtype == kFilePath) {
    result.text = "File(" + file_name(node.data, result.problem) + ")";
    return result;
  }
  const NodeRule* rule = find_rule(node);
  if (rule != nullptr) {
    if (auto text = library_text(node, *rule)) {
      result.text = std::move(*text);
      return result;
    }
    if (node.data.size() < rule->fixed || !tail_is_sound(rule->tail, node.data.subspan(rule->fixed))) {
      result.problem = "too short for its type, or not sound";
    }
  }
  result.text = bare_text(node);
  return result;
}

}  // namespace mrtool
