#include "formats/tcg/acpi_table.hpp"

#include <fmt/core.h>

#include <array>

#include "lib/base/byte_reader.hpp"

namespace mrtool::tcg {
namespace {

constexpr std::string_view kSignature = "CCEL";
constexpr std::uint64_t kHeaderBytes = 36;
constexpr std::uint8_t kTypeCca = 4;
constexpr std::array<std::string_view, 5> kTypes{"none", "SEV", "TDX", "AP TEE", "Arm CCA"};

}  // namespace

Platform AcpiTable::platform() const {
  return cc_type == kTypeCca ? Platform::cca : Platform::tdx;
}

bool starts_acpi_table(ByteView bytes) {
  return bytes.size() >= kSignature.size() && equal(bytes.first(kSignature.size()), as_bytes(kSignature));
}

std::optional<AcpiTable> read_acpi_table(ByteView bytes) {
  if (!starts_acpi_table(bytes)) {
    return std::nullopt;
  }
  ByteReader reader(bytes);
  reader.skip(kSignature.size());
  const std::uint32_t length = reader.u32();
  reader.skip(kHeaderBytes - reader.position());
  AcpiTable table;
  table.cc_type = reader.u8();
  reader.skip(1 + 2);  // subtype, reserved
  table.log_bytes = reader.u64();
  reader.skip(8);  // where the area lies in memory
  if (!reader.ok() || length != kAcpiTableBytes) {
    return std::nullopt;
  }
  return table;
}

std::string cc_type_name(std::uint8_t cc_type) {
  return cc_type < kTypes.size() ? std::string(kTypes[cc_type]) : fmt::format("{}", cc_type);
}

std::string describe(const AcpiTable& table) {
  return fmt::format(
      "this is the ACPI CCEL table (CC type {}, log area of {} bytes), not the log itself: "
      "the log is in /sys/firmware/acpi/tables/data/CCEL; give both",
      cc_type_name(table.cc_type), table.log_bytes);
}

}  // namespace mrtool::tcg
