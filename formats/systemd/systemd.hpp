// systemd's log of what user space measured: /run/log/systemd/tpm2-measure.log and cc-measure.log. See FORMAT.md.
#pragma once

#include <memory>
#include <span>

#include "formats/formats.hpp"
#include "lib/content/systemd_event.hpp"

namespace mrtool::systemd {

// Where systemd keeps the log of what it measured into PCRs and NV indices, and of RTMRs.
inline constexpr const char* kTpmLog = "/run/log/systemd/tpm2-measure.log";
inline constexpr const char* kCcLog = "/run/log/systemd/cc-measure.log";

// The bit of the file's mode that is set while the log may lack what was extended (S_ISVTX).
inline constexpr std::uint32_t kDirtyBit = 01000;

// Record::framing.
enum class Framing : std::uint8_t {
  sequence,  // RFC 7464
  lines,     // without 0x1E
};

// What the log has of a record beyond its fields.
struct RecordExtras final : SystemdExtras {
  // The members of the record in their order; those with an empty text are encoded from the fields. Empty: `pcr`
  // (or `nv_index`, `rtmr`), `digests`, `content_type`, `content`, as systemd writes them.
  std::vector<JsonMember> members;
};

std::optional<Detection> detect(const Probe& probe);
std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics);
std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options);
Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options);

enum class QuirkId : std::uint8_t { no_separators, event_type_key, no_digests, unknown_algorithm, content };
std::span<const Quirk> quirks();
Diagnostic make_diagnostic(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message);

}  // namespace mrtool::systemd
