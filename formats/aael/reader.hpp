// Reads the text log of CoCo's attestation agent, in pieces, from a source of any length (AAEL format notes, 3).
#pragma once

#include <memory>

#include "lib/record/reader.hpp"

namespace mrtool::aael {

// Record::framing of a last line without its line feed.
inline constexpr std::uint8_t kWithoutLineFeed = 1;

// The register: ReadOptions::reg, else mr:unnamed. The bank: the INIT line's, or ReadOptions::bank; both must agree.
std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics);

}  // namespace mrtool::aael
