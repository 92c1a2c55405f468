// A path of a chain that has been opened and looked at, and waits for its turn.
#pragma once

#include <memory>
#include <optional>

#include "formats/chain.hpp"
#include "formats/tcg/acpi_table.hpp"

namespace mrtool {

struct OpenedLog {
  LogName name;
  std::unique_ptr<PeekSource> source;
  std::optional<Error> error;           // it could not be opened or read
  std::optional<tcg::AcpiTable> table;  // it is an ACPI CCEL table and nothing else
  bool final_events = false;            // it is a UEFI final-events table
};

OpenedLog open_log(const LogName& name, Host& host);

// Can hold crypto-agile records, and so what goes with them: an ACPI table, a final-events table.
bool is_crypto_agile(const FormatRow& format);

// Counts what is read through it; `count` outlives it.
std::unique_ptr<ByteSource> make_counting_source(std::unique_ptr<ByteSource> source, std::uint64_t& count);

}  // namespace mrtool
