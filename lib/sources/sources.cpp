#include "lib/sources/sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"
#include "lib/registers/names.hpp"
#include "lib/registers/pcr_file.hpp"
#include "lib/sources/kinds.hpp"

namespace mrtool {

namespace {

constexpr std::array kKinds{
    SourceKind{"live", "this machine's registers, all that are found", Authenticated::live},
    SourceKind{"tpm", "the banks of this machine's TPM, or of the one that --tcti names", Authenticated::live},
    SourceKind{"tdx-guest", "a TDX guest's registers, by a report that the TDX module makes now", Authenticated::live},
    SourceKind{"direct", "values given as BANK:REGISTER=HEX, separated by commas", Authenticated::none},
    SourceKind{"sysfs", "a directory of pcr-BANK/N files, or a TPM 1.2 pcrs file", Authenticated::none},
    SourceKind{"tsm", "a kernel's tree of measurement registers in any of its shapes, or a part of one",
               Authenticated::none},
    SourceKind{"values", "SELECTION@FILE: bare values, in bytes (tpm2_pcrread -o) or a line of hexadecimal each",
               Authenticated::none},
    SourceKind{"tpm2_pcrs",
               "a binary file of tpm2_quote or tpm2_pcrread that says what it holds: serialized, marshaled",
               Authenticated::none},
    SourceKind{"tpm2_pcrread", "text of tpm2_pcrread, or the pcrs block of tpm2_eventlog and tpm2_quote",
               Authenticated::none},
    SourceKind{"json", "mrtool.registers/1, mrtool.replay/1, or {bank: {register: hex}}", Authenticated::none},
    SourceKind{"report", "an attestation report, of which no signature is checked", Authenticated::mac},
};

struct WordRow {
  std::string_view word;
  Result<RegisterValues> (*read)(Host&, const SourceOptions&);
};
constexpr std::array kWords{
    WordRow{"live", sources::read_live},
    WordRow{"tpm", sources::read_tpm},
    WordRow{"tdx-guest", sources::read_tdx_guest},
};

template <bool (*recognise)(std::string_view)>
bool text_is(ByteView bytes) {
  return recognise(as_text(bytes));
}
template <Result<RegisterValues> (*parse)(std::string_view)>
Result<RegisterValues> parse_text(ByteView bytes) {
  return parse(as_text(bytes));
}

bool is_pcr_file(ByteView bytes) {
  return recognise_pcr_file(bytes).has_value();
}
Result<RegisterValues> read_pcr_file(ByteView bytes) {
  MRTOOL_TRY(file, parse_pcr_file(bytes));
  return std::move(file.values);
}

// Files are asked for in this order; the first that recognises a file reads it.
struct FileKindRow {
  bool (*recognise)(ByteView);
  Result<RegisterValues> (*parse)(ByteView);
};
constexpr std::array kFileKinds{
    FileKindRow{sources::is_report, sources::parse_report},
    FileKindRow{is_pcr_file, read_pcr_file},
    FileKindRow{text_is<sources::is_json>, parse_text<sources::parse_json>},
    FileKindRow{text_is<sources::is_sysfs_pcrs>, parse_text<sources::parse_sysfs_pcrs>},
    FileKindRow{text_is<sources::is_pcrread>, parse_text<sources::parse_pcrread>},
};

const FileKindRow* find_file_kind(ByteView bytes) {
  const auto* const row =
      std::ranges::find_if(kFileKinds, [bytes](const FileKindRow& kind) { return kind.recognise(bytes); });
  return row == kFileKinds.end() ? nullptr : row;
}

std::unexpected<Error> unknown(ByteView bytes) {
  if (from_hex(sources::trim(as_text(bytes)))) {
    return fail(ErrorKind::malformed,
                "this is one value without its register; write SELECTION@FILE, as in sha256:7@FILE, or name the "
                "directory that holds pcr-BANK/N");
  }
  return fail(ErrorKind::malformed,
              "expected tpm2_pcrread text or file, a TPM 1.2 pcrs file, JSON of register values or an attestation "
              "report; bare values are written SELECTION@FILE, as in sha256:0-7@FILE or sha384:rtmr2@FILE");
}

Result<RegisterValues> parse_file(ByteView bytes) {
  if (sources::trim(as_text(bytes)).empty()) {
    return fail(ErrorKind::malformed, "expected register values, found an empty file");
  }
  const FileKindRow* row = find_file_kind(bytes);
  // Evidence is passed around as text: one layer of that is looked through.
  std::optional<Bytes> decoded;
  if (row == nullptr) {
    decoded = sources::decode_base64(as_text(bytes));
    row = decoded ? find_file_kind(*decoded) : nullptr;
  }
  if (row == nullptr) {
    return unknown(bytes);
  }
  auto values = row->parse(decoded ? ByteView(*decoded) : bytes);
  if (values && values->values.empty()) {
    return fail(ErrorKind::malformed, "no register value is in this file");
  }
  return values;
}

Result<RegisterValues> read_directory(const std::string& directory, Host& host) {
  MRTOOL_TRY(names, host.list(directory));
  MRTOOL_TRY(values, sources::is_sysfs(directory, host) ? sources::read_sysfs(directory, host)
                                                        : sources::read_tsm_tree(directory, host));
  if (values.values.empty()) {
    return fail(ErrorKind::malformed,
                "no register file is in this directory; expected pcr-BANK/N, as in /sys/class/tpm/tpm0, the pcr-BANK "
                "directory itself, or a tree of measurement registers: measurements/NAME:HASH, "
                "PROVIDER/NAME/{digest,hash_algo} or PROVIDER/NAME/HASH/digest");
  }
  return values;
}

// A value that lacks its bank, or whose bank is misspelled, is not the name of a missing file.
bool looks_direct(std::string_view spec) {
  const std::string_view before = spec.substr(0, spec.find('='));
  const bool named = parse_register(before, true).has_value() || before.contains(':');
  return before.size() < spec.size() && named && !before.contains('/');
}

Result<RegisterValues> read_selected(const sources::SelectedFile& file, Host& host) {
  MRTOOL_TRY(content, host.read_file(file.path, limits::kSmallFile));
  auto values = sources::parse_selected(file.selection, content);
  if (!values && values.error().kind != ErrorKind::usage) {
    return std::unexpected(sources::about_file(std::move(values).error(), file.path));
  }
  return values;
}

Result<RegisterValues> load(const std::string& spec, Host& host, const SourceOptions& options) {
  if (spec == "-") {
    return fail(ErrorKind::unsupported,
                "register values are not read from standard input; name a file that holds them");
  }
  if (const auto* const word = std::ranges::find(kWords, spec, &WordRow::word); word != kWords.end()) {
    return word->read(host, options);
  }
  if (sources::is_direct(spec)) {
    return sources::parse_direct(spec);
  }
  const FileKind kind = host.kind(spec);
  if (kind == FileKind::directory) {
    return read_directory(spec, host);
  }
  if (kind == FileKind::absent) {
    if (const auto selected = sources::split_selected(spec, host)) {
      return read_selected(*selected, host);
    }
    if (looks_direct(spec)) {
      return sources::parse_direct(spec);
    }
  }
  MRTOOL_TRY(content, host.read_file(spec, limits::kSmallFile));
  return parse_file(content);
}

}  // namespace

std::span<const SourceKind> source_kinds() {
  return kKinds;
}

std::vector<std::string_view> source_words() {
  std::vector<std::string_view> words;
  for (const WordRow& row : kWords) {
    words.push_back(row.word);
  }
  return words;
}

Result<RegisterValues> load_register_values(const std::string& spec, Host& host, const SourceOptions& options) {
  auto values = load(spec, host, options);
  if (values) {
    values->source = spec;
  } else if (values.error().kind != ErrorKind::usage) {
    values.error() = sources::about_file(std::move(values).error(), spec);
  }
  return values;
}

}  // namespace mrtool
