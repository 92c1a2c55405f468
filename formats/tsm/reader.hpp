// Reads TSM text logs, in pieces, from a source of any length (TSM log format notes, 2.1). Lines are split at LF only
// and never trimmed; empty lines are the prefix of the record behind them.
#pragma once

#include <memory>

#include "lib/record/reader.hpp"

namespace mrtool::tsm {

// The register: ReadOptions::reg, else mr:unnamed. The bank: that of the first hashed line if it is a SYNC, or of the
// first line if it is the header of carried records, or ReadOptions::bank; what is there must agree.
std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics);

}  // namespace mrtool::tsm
