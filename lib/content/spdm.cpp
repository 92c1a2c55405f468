#include "lib/content/spdm.hpp"

#include <array>

#include <fmt/format.h>

#include "lib/content/decoders.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t kSignatureSize = 16;
constexpr auto kVersion1 = "SPDM Device Sec"sv;
constexpr auto kVersion2 = "SPDM Device Sec2"sv;

constexpr std::uint32_t kDevicePci = 1;
constexpr std::uint32_t kSubHeaderBlocks = 0;
constexpr std::uint32_t kSubHeaderChain = 1;

template <std::size_t N>
std::string name_of(const std::array<std::string_view, N>& names, std::uint64_t value) {
  return value < N ? std::string(names[value]) : fmt::format("{}", value);
}

std::uint32_t read_device_type(FieldReader& reader) {
  static constexpr std::array kNames = {"none"sv, "pci"sv, "usb"sv};
  const std::uint64_t begin = reader.position();
  const std::uint32_t type = reader.reader().u32();
  if (reader.ok()) {
    reader.add("device_type", name_of(kNames, type), begin);
  }
  return type;
}

void read_auth_state(FieldReader& reader) {
  static constexpr std::array kNames = {"success"sv, "no-authentication"sv, "no-binding"sv, "failed-no-signature"sv,
                                        "failed-invalid"sv};
  constexpr std::uint8_t kNoSpdm = 0xFF;
  const std::uint64_t begin = reader.position();
  const std::uint8_t state = reader.reader().u8();
  if (reader.ok()) {
    reader.add("auth_state", state == kNoSpdm ? "no-spdm" : name_of(kNames, state), begin);
  }
}

void hex16(FieldReader& reader, std::string_view name) {
  const std::uint64_t begin = reader.position();
  const std::uint16_t value = reader.reader().u16();
  if (reader.ok()) {
    reader.add(name, Value::hex(value), begin);
  }
}

// One block of an SPDM MEASUREMENTS response (DSP0274, 10.11.1).
Value read_block(ByteReader& reader) {
  const std::uint8_t index = reader.u8();
  const std::uint8_t specification = reader.u8();
  const std::uint16_t size = reader.u16();
  return Value::Object{{"index", Value::number(index)},
                       {"specification", Value::number(specification)},
                       {"measurement", Value(to_bytes(reader.take(size)))}};
}

void read_blocks(FieldReader& reader, unsigned count) {
  if (!reader.ok()) {
    return;
  }
  const std::uint64_t begin = reader.position();
  Value::List blocks;
  for (unsigned i = 0; i < count; ++i) {
    Value block = read_block(reader.reader());
    if (!reader.ok()) {
      break;
    }
    blocks.push_back(std::move(block));
  }
  reader.add("measurement_blocks", Value(std::move(blocks)), begin);
}

// TCG_DEVICE_SECURITY_EVENT_DATA_PCI_CONTEXT where the device is one and there is room; bytes otherwise.
void read_device_context(FieldReader& reader, std::uint32_t device_type) {
  constexpr std::uint64_t kPciContextSize = 16;
  constexpr std::uint64_t kClassSize = 3;
  if (device_type == kDevicePci && reader.left() >= kPciContextSize) {
    reader.u16("pci_version");
    reader.u16("pci_length");
    hex16(reader, "pci_vendor_id");
    hex16(reader, "pci_device_id");
    reader.u8("pci_revision");
    reader.bytes("pci_class_code", kClassSize);
    hex16(reader, "pci_subsystem_vendor_id");
    hex16(reader, "pci_subsystem_id");
  } else if (reader.left() > 0) {
    reader.bytes("device_context", reader.left());
  }
}

struct SubHeader {
  std::string summary;
  bool overruns = false;  // it holds more than its length says
};

SubHeader read_sub_header(FieldReader& reader, std::uint32_t type, std::uint64_t length) {
  const std::uint64_t end = reader.position() + length;
  std::string summary = fmt::format("SPDM sub header of type {}", type);
  if (length <= reader.left() && (type == kSubHeaderBlocks || type == kSubHeaderChain)) {
    hex16(reader, "spdm_version");
    const std::uint8_t count_or_slot = reader.u8(type == kSubHeaderBlocks ? "measurement_block_count" : "slot_id");
    reader.u8("sub_header_reserved");
    reader.hex32(type == kSubHeaderBlocks ? "measurement_hash_algorithm" : "base_hash_algorithm");
    if (type == kSubHeaderBlocks) {
      read_blocks(reader, count_or_slot);
      summary = fmt::format("SPDM device measurements: {} blocks", count_or_slot);
    } else if (reader.position() <= end) {
      reader.bytes("certificate_chain", end - reader.position());
      summary = fmt::format("SPDM certificate chain of slot {}", count_or_slot);
    }
  }
  if (reader.ok() && reader.position() < end) {
    reader.bytes("sub_header_data", end - reader.position());
  }
  return {std::move(summary), reader.position() > end};
}

// What the end of a structure is judged by.
struct Extent {
  std::uint64_t length = 0;        // as stated
  std::uint64_t after_length = 0;  // position behind the length field
  bool overruns = false;
};

std::string read_version1(FieldReader& reader, Extent& extent) {
  reader.u16("version");
  extent.length = reader.u16("length");
  reader.hex32("spdm_hash_algorithm");
  const std::uint32_t device_type = read_device_type(reader);
  read_blocks(reader, 1);
  read_device_context(reader, device_type);
  return "SPDM device measurement";
}

std::string read_version2(FieldReader& reader, Extent& extent) {
  reader.u16("version");
  read_auth_state(reader);
  reader.u8("reserved");
  extent.length = reader.u32("length");
  extent.after_length = reader.position();
  const std::uint32_t device_type = read_device_type(reader);
  const std::uint32_t sub_header_type = reader.u32("sub_header_type");
  const std::uint32_t sub_header_length = reader.u32("sub_header_length");
  reader.hex64("sub_header_uid");
  const std::uint64_t path_length = reader.u64("device_path_length");
  reader.bytes("device_path", path_length);
  if (!reader.ok()) {
    return "SPDM device event";
  }
  SubHeader sub_header = read_sub_header(reader, sub_header_type, sub_header_length);
  extent.overruns = sub_header.overruns;
  read_device_context(reader, device_type);
  return std::move(sub_header.summary);
}

}  // namespace

Decoded finish_device_event(FieldReader& reader, std::string_view signature_name) {
  const std::uint64_t begin = reader.position();
  const std::uint64_t size = reader.left();
  const std::string signature = reader.text(signature_name, kSignatureSize);
  if (signature != kVersion1 && signature != kVersion2) {
    reader.bytes("data", reader.left());
    Decoded unknown = reader.finish("spdm", "device security event");
    if (unknown.problem.empty()) {
      unknown.problem = "the signature is neither 'SPDM Device Sec' nor 'SPDM Device Sec2'";
    }
    return unknown;
  }
  Extent extent;
  std::string summary = signature == kVersion1 ? read_version1(reader, extent) : read_version2(reader, extent);
  Decoded decoded = reader.finish("spdm", std::move(summary));
  if (!decoded.problem.empty()) {
    return decoded;
  }
  // Version 2 counts from behind the length field by the specification, and the whole structure in edk2.
  const bool counted_from_field = extent.after_length > begin && extent.length == begin + size - extent.after_length;
  if (extent.overruns) {
    decoded.problem = "the sub header holds more than its length says";
  } else if (extent.length != size && !counted_from_field) {
    decoded.problem = fmt::format("the length field says {}, the structure has {} bytes", extent.length, size);
  }
  return decoded;
}

Decoded decode_spdm(const Context& context) {
  FieldReader reader(context.data);
  return finish_device_event(reader, "signature");
}

}  // namespace mrtool::pcclient
