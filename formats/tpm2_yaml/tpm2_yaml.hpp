// The YAML that tpm2_eventlog (and our rendering of it) makes of a TCG event log, read back as far as it goes. See
// FORMAT.md.
#pragma once

#include <memory>
#include <span>

#include "formats/formats.hpp"

namespace mrtool::tpm2yaml {

std::optional<Detection> detect(const Probe& probe);
std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics);
// It has no writer: all is lost.
Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options);

enum class QuirkId : std::uint8_t { data_lost, type_lost, unknown_digest };
std::span<const Quirk> quirks();
Diagnostic make_diagnostic(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message);

}  // namespace mrtool::tpm2yaml
