#include "lib/sources/sources.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/base/limits.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool {

namespace {

constexpr std::array kKinds{
    SourceKind{"direct", "values given as BANK:REGISTER=HEX, separated by commas", Authenticated::none},
    SourceKind{"sysfs", "a directory of pcr-BANK/N files, or a TPM 1.2 pcrs file", Authenticated::none},
    SourceKind{"tpm2_pcrread", "text of tpm2_pcrread, or the pcrs block of tpm2_eventlog and tpm2_quote",
               Authenticated::none},
    SourceKind{"json", "mrtool.registers/1, mrtool.replay/1, or {bank: {register: hex}}", Authenticated::none},
};

// Files are asked for in this order; at most one recognises a file.
struct FileKindRow {
  bool (*recognise)(std::string_view);
  Result<RegisterValues> (*parse)(std::string_view);
};
constexpr std::array kFileKinds{
    FileKindRow{sources::is_json, sources::parse_json},
    FileKindRow{sources::is_sysfs_pcrs, sources::parse_sysfs_pcrs},
    FileKindRow{sources::is_pcrread, sources::parse_pcrread},
};

Result<RegisterValues> parse_file(std::string_view text) {
  if (sources::trim(text).empty()) {
    return fail(ErrorKind::malformed, "expected register values, found an empty file");
  }
  for (const FileKindRow& row : kFileKinds) {
    if (!row.recognise(text)) {
      continue;
    }
    auto values = row.parse(text);
    if (values && values->values.empty()) {
      return fail(ErrorKind::malformed, "no register value is in this file");
    }
    return values;
  }
  if (from_hex(sources::trim(text))) {
    return fail(ErrorKind::malformed,
                "this is one value without its register; write it as sha256:7=HEX, or name the directory that holds "
                "pcr-BANK/N");
  }
  return fail(ErrorKind::malformed, "expected tpm2_pcrread text, a TPM 1.2 pcrs file or JSON of register values");
}

// A value that lacks its bank, or whose bank is misspelled, is not the name of a missing file.
bool looks_direct(std::string_view spec) {
  const std::string_view before = spec.substr(0, spec.find('='));
  const bool named = parse_register(before, true).has_value() || before.contains(':');
  return before.size() < spec.size() && named && !before.contains('/');
}

Result<RegisterValues> load(const std::string& spec, Host& host) {
  if (spec == "-") {
    return fail(ErrorKind::unsupported,
                "register values are not read from standard input; name a file that holds them");
  }
  if (spec == "live") {
    return fail(ErrorKind::unsupported,
                "registers are not read from this machine itself; name what holds their values: /sys/class/tpm/tpm0, "
                "or a file that tpm2_pcrread printed");
  }
  if (sources::is_direct(spec)) {
    return sources::parse_direct(spec);
  }
  const FileKind kind = host.kind(spec);
  if (kind == FileKind::absent && looks_direct(spec)) {
    return sources::parse_direct(spec);
  }
  if (kind == FileKind::directory) {
    return sources::read_sysfs(spec, host);
  }
  MRTOOL_TRY(content, host.read_file(spec, limits::kSmallFile));
  return parse_file(as_text(content));
}

}  // namespace

std::span<const SourceKind> source_kinds() {
  return kKinds;
}

Result<RegisterValues> load_register_values(const std::string& spec, Host& host) {
  auto values = load(spec, host);
  if (values) {
    values->source = spec;
  } else if (values.error().file.empty() && values.error().kind != ErrorKind::usage) {
    values.error().file = spec;
  }
  return values;
}

}  // namespace mrtool
