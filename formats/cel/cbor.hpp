// CEL in CBOR form, as version 1.1 has it (CEL format notes, section 4).
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "formats/formats.hpp"
#include "lib/record/reader.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::cel {

inline constexpr std::string_view kCborFormat = "cel-cbor";

// Keys beside the numbers of the fields.
inline constexpr std::uint64_t kContentTypeKey = 9;
inline constexpr std::uint64_t kContentKey = 10;

std::optional<Detection> detect_cbor(const Probe& probe);
std::unique_ptr<Reader> make_cbor_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                         DiagnosticSink& diagnostics);
// Writes a sequence of records (RFC 8742), or with the dialect "array" one array, whose head is put first when all are
// counted (ByteSink::write_first). In deterministic form (RFC 8949, 4.2.1).
std::unique_ptr<Writer> make_cbor_writer(ByteSink& sink, const WriteOptions& options);
std::span<const std::string_view> cbor_dialects();

}  // namespace mrtool::cel
