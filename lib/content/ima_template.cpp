#include "lib/content/ima_template.hpp"

#include <algorithm>
#include <string>

namespace mrtool::ima {

namespace {

struct FieldRow {
  std::string_view name;
  FieldId id;
};

constexpr std::array kFieldRows = std::to_array<FieldRow>({
    {"d", FieldId::d},
    {"n", FieldId::n},
    {"d-ng", FieldId::d_ng},
    {"d-ngv2", FieldId::d_ngv2},
    {"n-ng", FieldId::n_ng},
    {"sig", FieldId::sig},
    {"buf", FieldId::buf},
    {"d-modsig", FieldId::d_modsig},
    {"modsig", FieldId::modsig},
    {"evmsig", FieldId::evmsig},
    {"iuid", FieldId::iuid},
    {"igid", FieldId::igid},
    {"imode", FieldId::imode},
    {"xattrnames", FieldId::xattrnames},
    {"xattrlengths", FieldId::xattrlengths},
    {"xattrvalues", FieldId::xattrvalues},
});

struct TemplateRow {
  std::string_view name;
  std::string_view format;
};

constexpr std::array kTemplateRows = std::to_array<TemplateRow>({
    {kLegacyName, "d|n"},
    {"ima-ng", "d-ng|n-ng"},
    {"ima-sig", "d-ng|n-ng|sig"},
    {"ima-ngv2", "d-ngv2|n-ng"},
    {"ima-sigv2", "d-ngv2|n-ng|sig"},
    {"ima-buf", "d-ng|n-ng|buf"},
    {"ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig"},
    {"evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"},
});

std::optional<Template> parse_format(std::string_view format) {
  Template kind;
  while (true) {
    const std::size_t bar = format.find('|');
    const auto row = std::ranges::find(kFieldRows, format.substr(0, bar), &FieldRow::name);
    if (row == kFieldRows.end() || !kind.add(row->id)) {
      return std::nullopt;
    }
    if (bar == std::string_view::npos) {
      return kind;
    }
    format.remove_prefix(bar + 1);
  }
}

std::optional<Fields> split_legacy(ByteView data) {
  if (data.size() != kLegacyDataBytes) {
    return std::nullopt;
  }
  ByteView name = data.subspan(kLegacyDigestBytes);
  while (!name.empty() && name.back() == 0) {
    name = name.first(name.size() - 1);
  }
  Fields fields;
  fields.add({.id = FieldId::d, .bytes = data.first(kLegacyDigestBytes), .range = {0, kLegacyDigestBytes}});
  fields.add({.id = FieldId::n, .bytes = name, .range = {kLegacyDigestBytes, kLegacyDigestBytes + name.size()}});
  return fields;
}

}  // namespace

bool Template::add(FieldId id) {
  if (count_ == ids_.size()) {
    return false;
  }
  ids_[count_++] = id;
  return true;
}

std::optional<Template> find_template(std::string_view name) {
  const auto row = std::ranges::find(kTemplateRows, name, &TemplateRow::name);
  auto kind = parse_format(row == kTemplateRows.end() ? name : row->format);
  if (kind) {
    kind->legacy = name == kLegacyName;
  }
  return kind;
}

const std::optional<Template>& recent_template(std::string_view name) {
  thread_local std::string recent;
  thread_local std::optional<Template> kind;
  if (recent != name) {
    kind = find_template(name);
    recent = name;
  }
  return kind;
}

const FieldPart* Fields::find(FieldId id) const {
  const auto found = std::ranges::find(parts(), id, &FieldPart::id);
  return found == parts().end() ? nullptr : &*found;
}

ByteView Fields::name() const {
  for (const FieldPart& part : parts()) {
    if (part.id == FieldId::n || part.id == FieldId::n_ng) {
      return without_nul(part.bytes);
    }
  }
  return {};
}

std::optional<Fields> split_fields(const Template& kind, ByteView data, ByteOrder order) {
  if (kind.legacy) {
    return split_legacy(data);
  }
  std::optional<Fields> fields(std::in_place);
  const auto add = [&](FieldId id, ByteView bytes) {
    const auto begin = static_cast<std::uint64_t>(bytes.data() - data.data());
    fields->add({.id = id, .bytes = bytes, .range = {begin, begin + bytes.size()}});
    return true;
  };
  if (!see_fields(kind, data, order, add)) {
    fields.reset();
  }
  return fields;
}

bool is_named(const Template& kind, ByteView data, ByteOrder order, std::string_view name) {
  if (kind.legacy) {
    const auto fields = split_legacy(data);
    return fields && as_text(fields->name()) == name;
  }
  bool found = false;
  const bool whole = see_fields(kind, data, order, [&](FieldId id, ByteView bytes) {
    if (!found && (id == FieldId::n || id == FieldId::n_ng)) {
      found = as_text(without_nul(bytes)) == name;
      return found;
    }
    return true;
  });
  return whole && found;
}

ByteView without_nul(ByteView bytes) {
  return !bytes.empty() && bytes.back() == 0 ? bytes.first(bytes.size() - 1) : bytes;
}

}  // namespace mrtool::ima
