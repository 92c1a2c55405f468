// THE table of log formats. A new format is one new folder and one new line in formats.cpp; detection, readers,
// writers, help, completions, fuzz targets and round-trip tests all walk it.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "lib/record/quirk.hpp"
#include "lib/record/reader.hpp"
#include "lib/record/writer.hpp"

namespace mrtool {

// How many bytes of a log detection may look at.
inline constexpr std::uint64_t kDetectBytes = 1024 * 1024;

struct Probe {
  ByteView prefix;        // the first bytes of the input, at most kDetectBytes
  bool complete = false;  // the prefix is the whole input
};

struct Detection {
  std::string evidence;  // "spec-ID event 03 with index 1"
  std::string note;      // what speaks against it; empty when nothing does
};

struct FormatRow {
  std::string_view name;
  std::span<const std::string_view> aliases;
  std::string_view summary;  // one line
  std::string_view carries;  // one line: which registers, banks and content it can hold
  std::optional<Detection> (*detect)(const Probe&);
  std::unique_ptr<Reader> (*make_reader)(std::unique_ptr<ByteSource>, const ReadOptions&, DiagnosticSink&);
  std::unique_ptr<Writer> (*make_writer)(ByteSink&, const WriteOptions&);
  // What of a record of a log this format can hold.
  Carried (*carry)(const Record&, const LogInfo&, const WriteOptions&);
  std::span<const Quirk> quirks;
  std::span<const std::string_view> dialects{};  // that WriteOptions::dialect may name, the default first
  bool names_registers = true;  // its records name their registers; otherwise REGISTER= or the log's place does
  bool takes_register = false;  // REGISTER= is allowed though its records name registers (IMA lists)
};

std::span<const FormatRow> formats();
const FormatRow* find_format(std::string_view name_or_alias);
const Quirk* find_quirk(std::string_view code);  // over all formats

struct Detected {
  const FormatRow* format = nullptr;
  Detection detection;
};
// Fails (malformed) when the bytes are of no known format; says what they look like where that is known (an empty file,
// an ACPI table, text, all zeros).
Result<Detected> detect_format(const Probe& probe);

}  // namespace mrtool
