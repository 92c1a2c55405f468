// Reads IMA measurement lists: `ima` is the binary form, `ima-ascii` the text form of the same entries.
#pragma once

#include <memory>

#include "lib/record/reader.hpp"

namespace mrtool::ima {

// Record::framing of a binary entry of the legacy template: how many NULs end its file name. Otherwise 0.

// Record::framing of a line: how many blanks before empty fields are missing at its end, and whether its register's
// number is not aligned.
inline constexpr std::uint8_t kMissingBlanks = 0x0F;
inline constexpr std::uint8_t kUnpaddedPcr = 0x10;

std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics);
std::unique_ptr<Reader> make_ascii_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                          DiagnosticSink& diagnostics);

// Of a list that grows: the source's end is the end for now. read() then returns true, perhaps without a record, keeps
// what is there of an unfinished entry, and looks for more when it is called again. A list whose bank its first whole
// entries do not tell is undecided, and not waited for.
std::unique_ptr<Reader> make_growing_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                            DiagnosticSink& diagnostics);
std::unique_ptr<Reader> make_growing_ascii_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                                  DiagnosticSink& diagnostics);

}  // namespace mrtool::ima
