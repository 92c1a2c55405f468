// Reads SHA-1 logs, crypto-agile logs, CCELs and UEFI final-events tables, in pieces, from a source of any length.
#pragma once

#include <memory>

#include "lib/record/reader.hpp"

namespace mrtool::tcg {

// The row of the table of formats that a log is read as.
enum class Row : std::uint8_t {
  tcg,   // SHA-1 records; indices are PCRs
  tcg2,  // crypto-agile; indices are PCRs
  ccel,  // crypto-agile; indices are CC measurement registers
};

std::unique_ptr<Reader> make_reader(Row row, std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics);

}  // namespace mrtool::tcg
