// Writes what the reader of this folder reads: byte for byte from raw records, and the same bytes from their fields.
#pragma once

#include <memory>

#include "lib/record/writer.hpp"

namespace mrtool::tcg {

// One writer for the three rows: Record::framing says which layout a record has, LogInfo the byte order.
// Fails (unsupported) for a record that its layout cannot hold.
std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options);

}  // namespace mrtool::tcg
