// The ACPI CCEL table: says where firmware put the log of a confidential machine; holds no records (UEFI 2.10,
// section 38.4.1.1; ACPI 6.5, table 5-29).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/record/register.hpp"

namespace mrtool::tcg {

inline constexpr std::uint64_t kAcpiTableBytes = 56;

struct AcpiTable {
  std::uint8_t cc_type = 0;
  std::uint64_t log_bytes = 0;  // length of the log area

  // Whose measurement registers the log is about.
  Platform platform() const;
};

// True from the first four bytes on: no log starts like this, since they would be an index.
bool starts_acpi_table(ByteView bytes);
// The table at the front of `bytes`, or nothing where its length is another or bytes are missing.
std::optional<AcpiTable> read_acpi_table(ByteView bytes);
// "TDX", or the number.
std::string cc_type_name(std::uint8_t cc_type);
// What to tell a user who takes the table for the log.
std::string describe(const AcpiTable& table);

}  // namespace mrtool::tcg
