// Writes what the reader of this folder reads: byte for byte from raw records, and the same bytes from their fields.
// Records of other formats are written as carry() says.
#pragma once

#include <memory>

#include "formats/tcg/reader.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::tcg {

// In a log of the row's own format, Record::framing says which layout a record has and LogInfo the byte order. A
// crypto-agile log that comes without its spec-ID event gets one, with the banks of its records.
// Fails (unsupported) for a record that its layout cannot hold.
std::unique_ptr<Writer> make_writer(Row row, ByteSink& sink, const WriteOptions& options);

}  // namespace mrtool::tcg
