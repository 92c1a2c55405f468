#include "lib/content/uefi_variable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/field_reader.hpp"
#include "lib/content/load_option.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/signature_list.hpp"

namespace mrtool {

namespace {

constexpr std::uint64_t kWideLength = 8;
constexpr std::uint64_t kNarrowLength = 4;
constexpr std::size_t kShownInSummary = 16;  // boot options

struct Lengths {
  std::uint64_t width = kWideLength;
  std::uint64_t name_units = 0;
  std::uint64_t data_size = 0;
  bool complete = false;  // the fixed part is there
  bool fits = false;
  bool exact = false;
};

Lengths read_lengths(ByteView event, std::uint64_t width) {
  ByteReader reader(event);
  reader.skip(kGuidSize);
  Lengths lengths{.width = width};
  lengths.name_units = width == kWideLength ? reader.u64() : reader.u32();
  lengths.data_size = width == kWideLength ? reader.u64() : reader.u32();
  lengths.complete = reader.ok();
  const std::uint64_t left = reader.left();
  lengths.fits =
      lengths.complete && lengths.name_units <= left / 2 && lengths.data_size <= left - 2 * lengths.name_units;
  lengths.exact = lengths.fits && lengths.data_size == left - 2 * lengths.name_units;
  return lengths;
}

// Two lengths of four bytes, or one and the name behind it, read as one of eight are huge; a cut event's are not.
bool plausible(const Lengths& lengths) {
  constexpr std::uint64_t kLimit = 0xFFFFFFFF;
  return lengths.complete && lengths.name_units <= kLimit && lengths.data_size <= kLimit;
}

}  // namespace

std::optional<VariableLayout> variable_layout(ByteView event) {
  Lengths lengths = read_lengths(event, kWideLength);
  if (!lengths.fits && !plausible(lengths)) {
    if (const Lengths narrow = read_lengths(event, kNarrowLength); narrow.exact) {
      lengths = narrow;
    }
  }
  if (!lengths.complete) {
    return {};
  }
  VariableLayout layout{.length_width = lengths.width,
                        .name_units = lengths.name_units,
                        .data_size = lengths.data_size,
                        .name = {},
                        .data = {},
                        .problem = {}};
  const std::uint64_t size = event.size();
  const std::uint64_t name_begin = kGuidSize + 2 * lengths.width;
  const std::uint64_t name_size = std::min(lengths.name_units, (size - name_begin) / 2) * 2;
  layout.name = {name_begin, name_begin + name_size};
  layout.data = {layout.name.end, layout.name.end + std::min(lengths.data_size, size - layout.name.end)};
  if (!lengths.fits) {
    layout.problem = fmt::format("a name of {} characters and {} bytes of data do not fit in {} bytes",
                                 lengths.name_units, lengths.data_size, size - name_begin);
  } else if (!lengths.exact) {
    layout.problem = fmt::format("{} bytes follow the variable", size - layout.data.end);
  }
  return layout;
}

namespace {

struct Namespace {
  Guid guid;
  std::string_view name;
};

constexpr std::array kNamespaces{
    Namespace{make_guid(0x8be4df61, 0x93ca, 0x11d2, {0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}), "EFI global"},
    Namespace{make_guid(0xd719b2cb, 0x3d3a, 0x4596, {0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f}),
              "EFI image security"},
    Namespace{make_guid(0x605dab50, 0xe046, 0x4300, {0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23}), "shim"},
    Namespace{make_guid(0xb9c2b4f4, 0xbf5f, 0x462d, {0x8a, 0xdf, 0xc5, 0xc7, 0x0a, 0xc3, 0x5d, 0xad}),
              "EFI device signatures"},
    Namespace{make_guid(0x4a67b082, 0x0a4c, 0x41cf, {0xb6, 0xc7, 0x44, 0x0b, 0x29, 0xbb, 0x8c, 0x4f}),
              "systemd boot loader"},
};

std::string_view namespace_of(const Guid& guid) {
  const auto* const row = std::ranges::find_if(kNamespaces, [&](const Namespace& item) { return item.guid == guid; });
  return row == kNamespaces.end() ? std::string_view{} : row->name;
}

Decoded raw_data(ByteView data) {
  Decoded decoded{.kind = {}, .summary = hex_preview(data), .fields = {}, .problem = {}};
  decoded.fields.push_back({"data", to_bytes(data), {0, data.size()}});
  return decoded;
}

Decoded switch_state(std::string_view name, ByteView data) {
  if (data.size() != 1) {
    Decoded decoded = raw_data(data);
    if (!data.empty()) {
      decoded.problem = fmt::format("one byte expected, {} found", data.size());
    }
    return decoded;
  }
  const bool enabled = data[0] != 0;
  Decoded decoded{.kind = {}, .summary = enabled ? "enabled" : "disabled", .fields = {}, .problem = {}};
  if (name == "MokSBState" && enabled) {
    decoded.summary += " (shim does not validate)";
  }
  decoded.fields.push_back({"enabled", enabled, {0, 1}});
  return decoded;
}

Decoded text_value(std::string_view /*name*/, ByteView data) {
  std::string text(as_text(data));
  text.resize(text.find_last_not_of('\0') + 1);
  std::string line = text.substr(0, text.find('\n'));
  Decoded decoded{.kind = {}, .summary = std::move(line), .fields = {}, .problem = {}};
  decoded.fields.push_back({"text", std::move(text), {0, data.size()}});
  return decoded;
}

std::string option_number(std::uint16_t number) {
  return fmt::format("{:04X}", number);
}

// BootOrder and its like: u16 numbers of options, whose names begin as the variable's does.
Decoded option_order(std::string_view name, ByteView data) {
  if (data.size() % 2 != 0) {
    Decoded decoded = raw_data(data);
    decoded.problem = "an odd number of bytes is not a list of options";
    return decoded;
  }
  const std::string prefix(name.substr(0, name.size() - std::string_view("Order").size()));
  Value::List options;
  std::string summary;
  ByteReader reader(data);
  while (reader.left() > 0 && options.size() < limits::kListedItems) {
    const std::string number = option_number(reader.u16());
    if (options.size() < kShownInSummary) {
      summary += (summary.empty() ? "" : ", ") + number;
    }
    options.emplace_back(prefix + number);
  }
  if (options.size() > kShownInSummary) {
    summary += ", ...";
  }
  Decoded decoded{.kind = {}, .summary = std::move(summary), .fields = {}, .problem = {}};
  if (reader.left() > 0) {
    decoded.problem = fmt::format("only the first {} options are listed", limits::kListedItems);
  }
  decoded.fields.push_back({"options", std::move(options), {0, data.size()}});
  return decoded;
}

Decoded one_option(std::string_view /*name*/, ByteView data) {
  if (data.size() != 2) {
    return raw_data(data);
  }
  ByteReader reader(data);
  const std::string option = "Boot" + option_number(reader.u16());
  Decoded decoded{.kind = {}, .summary = option, .fields = {}, .problem = {}};
  decoded.fields.push_back({"option", option, {0, 2}});
  return decoded;
}

Decoded lists(std::string_view /*name*/, ByteView data) {
  return decode_signature_lists(data);
}

struct KnownVariable {
  std::string_view name;
  Decoded (*decode)(std::string_view name, ByteView data);
};

constexpr std::array kKnownVariables{
    KnownVariable{"SecureBoot", switch_state},     KnownVariable{"SetupMode", switch_state},
    KnownVariable{"AuditMode", switch_state},      KnownVariable{"DeployedMode", switch_state},
    KnownVariable{"VendorKeys", switch_state},     KnownVariable{"MokSBState", switch_state},
    KnownVariable{"MokDBState", switch_state},     KnownVariable{"MokIgnoreDB", switch_state},
    KnownVariable{"MokListTrusted", switch_state}, KnownVariable{"MokListTrustedRT", switch_state},
    KnownVariable{"SbatLevel", text_value},        KnownVariable{"SbatLevelRT", text_value},
    KnownVariable{"BootOrder", option_order},      KnownVariable{"DriverOrder", option_order},
    KnownVariable{"SysPrepOrder", option_order},   KnownVariable{"BootCurrent", one_option},
    KnownVariable{"BootNext", one_option},
};

// Variables that hold signature lists; as an authority, one signature of such a list.
constexpr std::array<std::string_view, 16> kSignatureDatabases{
    "PK",        "KEK",     "db",        "dbx",      "dbt",        "dbr",       "dbDefault",  "dbxDefault",
    "PKDefault", "MokList", "MokListRT", "MokListX", "MokListXRT", "vendor_db", "vendor_dbx", "devdb"};

const KnownVariable* find_known(std::string_view name) {
  const auto* const row =
      std::ranges::find_if(kKnownVariables, [&](const KnownVariable& item) { return item.name == name; });
  return row == kKnownVariables.end() ? nullptr : row;
}

// Boot0001, Driver00AF, SysPrep0000.
bool is_load_option(std::string_view name) {
  constexpr std::size_t kDigits = 4;
  for (const std::string_view prefix : {"Boot", "Driver", "SysPrep"}) {
    if (name.size() == prefix.size() + kDigits && name.starts_with(prefix)) {
      return name.find_first_not_of("0123456789abcdefABCDEF", prefix.size()) == std::string_view::npos;
    }
  }
  return false;
}

bool is_authority(std::uint32_t type) {
  constexpr std::uint32_t kVariableAuthority = 0x800000E0;
  constexpr std::uint32_t kDeviceAuthority = 0x800000E4;
  return type == kVariableAuthority || type == kDeviceAuthority;
}

Decoded decode_value(std::uint32_t type, std::string_view name, ByteView data) {
  if (const KnownVariable* known = find_known(name)) {
    return known->decode(name, data);
  }
  if (is_authority(type)) {
    Decoded decoded = decode_single_signature(data);
    return decoded.fields.empty() ? raw_data(data) : decoded;
  }
  if (std::ranges::find(kSignatureDatabases, name) != kSignatureDatabases.end()) {
    return lists(name, data);
  }
  return is_load_option(name) ? decode_load_option(data) : raw_data(data);
}

// "SecureBoot = enabled", "Boot0001 ubuntu: HD(...)", "db: 3 certificates".
std::string join_summary(std::string_view name, const Decoded& value) {
  const std::string_view separator = value.kind == "load-option" ? " " : find_known(name) != nullptr ? " = " : ": ";
  return std::string(name) + std::string(separator) + value.summary;
}

}  // namespace

namespace pcclient {

Decoded decode_variable(const Context& context) {
  const auto layout = variable_layout(context.data);
  if (!layout) {
    Decoded decoded = decode_raw(context);
    decoded.problem = fmt::format("{} bytes are too few for a UEFI variable", context.data.size());
    return decoded;
  }
  FieldReader fields(context.data.first(layout->name.end));
  const Guid guid = fields.guid("variable_name");
  if (const auto name = namespace_of(guid); !name.empty()) {
    fields.add("namespace", name, 0);
  }
  for (const std::string_view name : {"unicode_name_length", "variable_data_length"}) {
    layout->length_width == kWideLength ? fields.u64(name) : std::uint64_t{fields.u32(name)};
  }
  const std::string name = fields.utf16("name", layout->name.end - layout->name.begin);
  Decoded decoded = fields.finish("uefi-variable", {});

  const std::uint64_t base = layout->data.begin;
  Decoded value = decode_value(context.record.type, name, context.data.subspan(base, layout->data.end - base));
  decoded.summary = join_summary(name, value);
  for (Field& field : value.fields) {
    field.range = {field.range.begin + base, field.range.end + base};
    decoded.fields.push_back(std::move(field));
  }
  decoded.problem = layout->problem.empty() ? value.problem : layout->problem;
  return decoded;
}

}  // namespace pcclient

}  // namespace mrtool
