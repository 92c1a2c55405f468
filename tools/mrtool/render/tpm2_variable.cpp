// UEFI variables. The first version of the document shows their data as bytes; the second decodes the variables that
// tpm2_eventlog knows by type of event and name.
#include <algorithm>
#include <array>
#include <optional>

#include "lib/base/guid.hpp"
#include "lib/base/limits.hpp"
#include "tools/mrtool/render/tpm2_event.hpp"
#include "tools/mrtool/render/tpm2_text.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kIndent = "    ";
constexpr std::string_view kInnerIndent = "      ";

struct Variable {
  const RecordView& view;
  ByteView data;

  const Value* find(std::string_view name) const { return view.decoded.find(name); }
};

// What stands below VariableData. Each returns false where the data does not fit; what it appended is taken back then.
using AppendData = bool (*)(std::string& out, const Variable& variable);

bool append_switch(std::string& out, const Variable& variable) {
  const Value* const enabled = variable.find("enabled");
  if (enabled == nullptr && !variable.data.empty()) {
    return false;
  }
  const bool on = enabled != nullptr && *enabled->as<bool>();
  out += on ? "      Enabled: 'Yes'\n" : "      Enabled: 'No'\n";
  return true;
}

void append_key(std::string& out, const Value& key) {
  static constexpr std::array kOwner{Tpm2Member{"SignatureOwner", "signature_owner"}};
  append_tpm2_members(out, key, kOwner, "      - ", {});
  out += "        SignatureData: ";
  if (const Value* const data = key.find("signature_data")) {
    append_hex(out, *data->as<Bytes>());
  }
  out += '\n';
}

bool append_signature_lists(std::string& out, const Variable& variable) {
  static constexpr std::array kHeader{
      Tpm2Member{"SignatureType", "signature_type"}, Tpm2Member{"SignatureListSize", "signature_list_size"},
      Tpm2Member{"SignatureHeaderSize", "signature_header_size"}, Tpm2Member{"SignatureSize", "signature_size"}};
  const Value* const lists = variable.find("signature_lists");
  if (lists == nullptr) {
    return false;
  }
  std::size_t listed = 0;
  for (const Value& list : *lists->as<Value::List>()) {
    append_tpm2_members(out, list, kHeader, "    - ", kInnerIndent);
    out += "      Keys:\n";
    if (const Value* const keys = list.find("keys")) {
      for (const Value& key : *keys->as<Value::List>()) {
        append_key(out, key);
        ++listed;
      }
    }
  }
  // The decoder lists no more than that: rather all of it as bytes than a part.
  return listed < limits::kListedItems;
}

// One EFI_SIGNATURE_DATA (UEFI 2.10, 32.4.1). Shim logs its bare certificate here, whose first bytes then pass for the
// owner.
bool append_signature(std::string& out, const Variable& variable) {
  ByteReader reader(variable.data);
  const Guid owner = read_guid(reader);
  if (!reader.ok()) {
    return false;
  }
  out += "    - SignatureOwner: " + to_string(owner) + "\n      SignatureData: ";
  append_hex(out, reader.rest());
  out += '\n';
  return true;
}

bool append_text(std::string& out, const Variable& variable) {
  out += "      String: ";
  append_tpm2_escaped(out, variable.data, kInnerIndent.size() + 2);
  out += '\n';
  return true;
}

bool append_boot_order(std::string& out, const Variable& variable) {
  constexpr std::string_view kPrefix = "Boot";
  const Value* const options = variable.find("options");
  if (options == nullptr) {
    return false;
  }
  for (const Value& option : *options->as<Value::List>()) {
    std::string number = option.as<std::string>()->substr(kPrefix.size());
    std::ranges::transform(number, number.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    out += "    - Boot" + number + '\n';
  }
  return true;
}

bool append_load_option(std::string& out, const Variable& variable) {
  static constexpr std::array kMembers{Tpm2Member{"FilePathListLength", "file_path_list_length"},
                                       Tpm2Member{"Description", "description", true}};
  const auto& fields = variable.view.decoded.fields;
  const auto path = std::ranges::find(fields, "device_path", &Field::name);
  if (path == fields.end() || !append_switch(out, variable) ||
      !append_tpm2_members(out, variable, kMembers, kInnerIndent, kInnerIndent)) {
    return false;
  }
  out += "      DevicePath: ";
  append_tpm2_device_path(out,
                          variable.view.record->data.subspan(path->range.begin, path->range.end - path->range.begin));
  return true;
}

constexpr std::uint32_t kDriverConfig = 0x80000001;
constexpr std::uint32_t kBoot = 0x80000002;
constexpr std::uint32_t kBoot2 = 0x8000000C;
constexpr std::uint32_t kAuthority = 0x800000E0;

struct DataRow {
  std::uint32_t type;
  std::string_view name;
  AppendData append;
};

constexpr std::array kData{
    DataRow{kDriverConfig, "PK", append_signature_lists}, DataRow{kDriverConfig, "KEK", append_signature_lists},
    DataRow{kDriverConfig, "db", append_signature_lists}, DataRow{kDriverConfig, "dbx", append_signature_lists},
    DataRow{kDriverConfig, "SecureBoot", append_switch},  DataRow{kAuthority, "MokListTrusted", append_switch},
    DataRow{kAuthority, "db", append_signature},          DataRow{kAuthority, "Shim", append_signature},
    DataRow{kAuthority, "SbatLevel", append_text},        DataRow{kBoot, "BootOrder", append_boot_order},
    DataRow{kBoot2, "BootOrder", append_boot_order},
};

bool is_boot_option(std::uint32_t type, std::string_view name) {
  constexpr std::string_view kPrefix = "Boot";
  constexpr std::size_t kSize = 8;
  return (type == kBoot || type == kBoot2) && name.size() == kSize && name.starts_with(kPrefix) &&
         name.find_first_not_of("0123456789abcdefABCDEF", kPrefix.size()) == std::string_view::npos;
}

// nullptr: the data is shown as bytes.
AppendData find_append(std::uint32_t type, std::string_view name) {
  if (is_boot_option(type, name)) {
    return append_load_option;
  }
  const auto* const row =
      std::ranges::find_if(kData, [&](const DataRow& item) { return item.type == type && item.name == name; });
  return row == kData.end() ? nullptr : row->append;
}

bool append_decoded(std::string& out, const Variable& variable, std::string_view name) {
  const AppendData append = find_append(variable.view.record->type, name);
  if (append == nullptr) {
    return false;
  }
  const std::size_t before = out.size();
  out += "    VariableData:\n";
  if (append(out, variable)) {
    return true;
  }
  out.resize(before);
  return false;
}

// The bytes of the data that are there, by the length that the event states.
ByteView data_of(const RecordView& view, std::uint64_t begin) {
  const ByteView rest = view.record->data.subspan(begin);
  const Value* const length = view.decoded.find("variable_data_length");
  return rest.first(std::min<std::uint64_t>(rest.size(), length->as<Number>()->value));
}

}  // namespace

bool append_tpm2_variable(std::string& out, const RecordView& view, EventlogVersion version) {
  static constexpr std::array kMembers{
      Tpm2Member{"VariableName", "variable_name"}, Tpm2Member{"UnicodeNameLength", "unicode_name_length"},
      Tpm2Member{"VariableDataLength", "variable_data_length"}, Tpm2Member{"UnicodeName", "name"}};
  const auto& fields = view.decoded.fields;
  const auto name = std::ranges::find(fields, "name", &Field::name);
  const std::size_t before = out.size();
  out += "  Event:\n";
  if (name == fields.end() || !append_tpm2_members(out, view.decoded, kMembers, kIndent, kIndent)) {
    out.resize(before);
    return false;
  }
  const Variable variable{.view = view, .data = data_of(view, name->range.end)};
  const bool decoded =
      version == EventlogVersion::v2 && append_decoded(out, variable, before_nul(*name->value.as<std::string>()));
  if (!decoded && !variable.data.empty()) {
    out += "    VariableData: ";
    append_tpm2_hex(out, variable.data);
    out += '\n';
  }
  return true;
}

}  // namespace mrtool
