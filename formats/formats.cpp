#include "formats/formats.hpp"

#include <algorithm>
#include <array>

#include "formats/aael/detect.hpp"
#include "formats/aael/quirks.hpp"
#include "formats/aael/reader.hpp"
#include "formats/aael/writer.hpp"
#include "formats/cel/carry.hpp"
#include "formats/cel/cbor.hpp"
#include "formats/cel/json.hpp"
#include "formats/cel/json_style.hpp"
#include "formats/cel/quirks.hpp"
#include "formats/cel/tlv.hpp"
#include "formats/ima/detect.hpp"
#include "formats/ima/quirks.hpp"
#include "formats/ima/reader.hpp"
#include "formats/ima/writer.hpp"
#include "formats/json/carried_log.hpp"
#include "formats/systemd/systemd.hpp"
#include "formats/tcg/acpi_table.hpp"
#include "formats/tcg/carry.hpp"
#include "formats/tcg/detect.hpp"
#include "formats/tcg/opening.hpp"
#include "formats/tcg/quirks.hpp"
#include "formats/tcg/reader.hpp"
#include "formats/tcg/writer.hpp"
#include "formats/tpm2_yaml/tpm2_yaml.hpp"
#include "formats/tsm/detect.hpp"
#include "formats/tsm/quirks.hpp"
#include "formats/tsm/reader.hpp"
#include "formats/tsm/writer.hpp"
#include "lib/base/text.hpp"

namespace mrtool {
namespace {

template <tcg::Row kRow>
std::unique_ptr<Reader> make_tcg_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                        DiagnosticSink& diagnostics) {
  return tcg::make_reader(kRow, std::move(source), options, diagnostics);
}
template <tcg::Row kRow>
std::unique_ptr<Writer> make_tcg_writer(ByteSink& sink, const WriteOptions& options) {
  return tcg::make_writer(kRow, sink, options);
}
template <tcg::Row kRow>
Carried carry_in_tcg(const Record& record, const LogInfo& info, const WriteOptions& /*options*/) {
  return tcg::carry(kRow, record, info);
}

// What bytes of no known format look like.
std::string describe_unknown(const Probe& probe) {
  const ByteView bytes = probe.prefix;
  if (bytes.empty()) {
    return "empty: expected a log, found no bytes";
  }
  if (const auto table = tcg::read_acpi_table(bytes)) {
    return bytes.size() == tcg::kAcpiTableBytes ? tcg::describe(*table)
                                                : "expected a log behind the ACPI CCEL table, found none";
  }
  if (tcg::starts_acpi_table(bytes)) {
    return "this begins like an ACPI CCEL table, but not one of 56 bytes, and holds no log";
  }
  const std::string_view extent = probe.complete ? "" : " as far as it was looked at";
  if (tcg::fill_run(bytes) == bytes.size()) {
    return std::string("no known format: all bytes are ") + (bytes[0] == 0 ? "00" : "FF") + std::string(extent) +
           ", as in an unused log area";
  }
  constexpr std::size_t kTextProbe = 256;
  const auto is_text = [](std::uint8_t byte) {
    constexpr std::uint8_t kDelete = 0x7F;
    return byte == '\n' || byte == '\r' || byte == '\t' || (byte >= ' ' && byte != kDelete);
  };
  if (std::ranges::all_of(bytes.first(std::min(bytes.size(), kTextProbe)), is_text)) {
    return "no known format: this looks like text";
  }
  return "no known format: the first bytes are " + to_hex(bytes.first(std::min<std::size_t>(bytes.size(), 16)));
}

constexpr std::array<std::string_view, 1> kCelJsonAliases{"cel"};

}  // namespace

std::span<const FormatRow> formats() {
  // In the order of detection, which is also that of help.
  static const std::array kFormats = std::to_array<FormatRow>({
      {.name = "cel-tlv",
       .aliases = {},
       .summary = "TCG Canonical Event Log, TLV encoding (Google Confidential Space, libcel)",
       .carries = "PCRs, NV indices, CC measurement registers; any bank; any content, some of it encapsulated",
       .detect = cel::detect_tlv,
       .make_reader = cel::make_tlv_reader,
       .make_writer = cel::make_tlv_writer,
       .carry = cel::carry_tlv,
       .quirks = cel::quirks(),
       .dialects = cel::tlv_dialects()},
      {.name = "cel-cbor",
       .aliases = {},
       .summary = "TCG Canonical Event Log, CBOR encoding of version 1.1",
       .carries = "PCRs, NV indices, CC measurement registers; any bank; any content, some of it encapsulated",
       .detect = cel::detect_cbor,
       .make_reader = cel::make_cbor_reader,
       .make_writer = cel::make_cbor_writer,
       .carry = cel::carry_cbor,
       .quirks = cel::quirks(),
       .dialects = cel::cbor_dialects()},
      {.name = "tcg",
       .aliases = {},
       .summary = "TCG PC client event log with SHA-1 digests (TPM 1.2, early TPM 2.0)",
       .carries = "PCRs; bank sha1; PC client events",
       .detect = tcg::detect_tcg,
       .make_reader = make_tcg_reader<tcg::Row::tcg>,
       .make_writer = make_tcg_writer<tcg::Row::tcg>,
       .carry = carry_in_tcg<tcg::Row::tcg>,
       .quirks = tcg::quirks()},
      {.name = "tcg2",
       .aliases = {},
       .summary = "TCG crypto-agile event log (TPM 2.0), or a UEFI final-events table",
       .carries = "PCRs and NV indices; the banks that its spec-ID event announces; PC client events",
       .detect = tcg::detect_tcg2,
       .make_reader = make_tcg_reader<tcg::Row::tcg2>,
       .make_writer = make_tcg_writer<tcg::Row::tcg2>,
       .carry = carry_in_tcg<tcg::Row::tcg2>,
       .quirks = tcg::quirks()},
      {.name = "ccel",
       .aliases = {},
       .summary = "confidential computing event log of UEFI firmware (Intel TDX, Arm CCA)",
       .carries = "RTMRs or REMs; the banks that its spec-ID event announces; PC client events",
       .detect = tcg::detect_ccel,
       .make_reader = make_tcg_reader<tcg::Row::ccel>,
       .make_writer = make_tcg_writer<tcg::Row::ccel>,
       .carry = carry_in_tcg<tcg::Row::ccel>,
       .quirks = tcg::quirks()},
      {.name = "json",
       .aliases = {},
       .summary = "any log in JSON, without loss (mrtool.log/1)",
       .carries = "every log of every format, byte for byte",
       .detect = carried::detect,
       .make_reader = carried::make_reader,
       .make_writer = carried::make_writer,
       .carry = carried::carry,
       .quirks = {},
       .takes_register = true},
      {.name = "systemd",
       .aliases = {},
       .summary = "log of what systemd measured in user space (JSON text sequence)",
       .carries = "PCRs, NV indices and RTMRs; any bank; strings that systemd measured",
       .detect = systemd::detect,
       .make_reader = systemd::make_reader,
       .make_writer = systemd::make_writer,
       .carry = systemd::carry,
       .quirks = systemd::quirks()},
      {.name = "cel-json",
       .aliases = kCelJsonAliases,
       .summary = "TCG Canonical Event Log, JSON encoding (systemd-pcrlock, TSS FAPI, libcel)",
       .carries = "PCRs, NV indices, CC measurement registers; any bank; any content, some of it encapsulated",
       .detect = cel::detect_json,
       .make_reader = cel::make_json_reader,
       .make_writer = cel::make_json_writer,
       .carry = cel::carry_json,
       .quirks = cel::quirks(),
       .dialects = cel::json_dialects()},
      {.name = "ima",
       .aliases = {},
       .summary = "Linux IMA measurement list, binary",
       .carries = "PCRs; one bank, the others computed from the data; IMA templates",
       .detect = ima::detect,
       .make_reader = ima::make_reader,
       .make_writer = ima::make_writer,
       .carry = ima::carry,
       .quirks = ima::quirks(),
       .takes_register = true},
      {.name = "ima-ascii",
       .aliases = {},
       .summary = "Linux IMA measurement list, text",
       .carries = "PCRs; one bank, the others computed from the data; IMA templates whose text gives their data",
       .detect = ima::detect_ascii,
       .make_reader = ima::make_ascii_reader,
       .make_writer = ima::make_ascii_writer,
       .carry = ima::carry_ascii,
       .quirks = ima::quirks(),
       .takes_register = true},
      {.name = "tpm2-yaml",
       .aliases = {},
       .summary = "what tpm2_eventlog prints of a TCG event log (YAML)",
       .carries = "read only: PCRs and digests; event data where all of it is shown",
       .detect = tpm2yaml::detect,
       .make_reader = tpm2yaml::make_reader,
       .make_writer = nullptr,
       .carry = tpm2yaml::carry,
       .quirks = tpm2yaml::quirks()},
      {.name = "tsm",
       .aliases = {},
       .summary = "text log of one measurement register (Linux RFC of 2024, TSM measurement registers)",
       .carries = "one register, one bank; text lines; any other record as a comment",
       .detect = tsm::detect,
       .make_reader = tsm::make_reader,
       .make_writer = tsm::make_writer,
       .carry = tsm::carry,
       .quirks = tsm::quirks(),
       .names_registers = false},
      {.name = "aael",
       .aliases = {},
       .summary = "text log of the attestation agent of Confidential Containers",
       .carries = "one register, one bank; the agent's text lines",
       .detect = aael::detect,
       .make_reader = aael::make_reader,
       .make_writer = aael::make_writer,
       .carry = aael::carry,
       .quirks = aael::quirks(),
       .names_registers = false},
  });
  return kFormats;
}

const FormatRow* find_format(std::string_view name_or_alias) {
  const auto row = std::ranges::find_if(formats(), [name_or_alias](const FormatRow& candidate) {
    return candidate.name == name_or_alias ||
           std::ranges::find(candidate.aliases, name_or_alias) != candidate.aliases.end();
  });
  return row == formats().end() ? nullptr : &*row;
}

const Quirk* find_quirk(std::string_view code) {
  for (const FormatRow& row : formats()) {
    const auto found = std::ranges::find(row.quirks, code, &Quirk::code);
    if (found != row.quirks.end()) {
      return &*found;
    }
  }
  return nullptr;
}

Result<Detected> detect_format(const Probe& probe) {
  for (const FormatRow& row : formats()) {
    if (auto detection = row.detect(probe)) {
      return Detected{.format = &row, .detection = *std::move(detection)};
    }
  }
  return fail(ErrorKind::malformed, describe_unknown(probe));
}

}  // namespace mrtool
