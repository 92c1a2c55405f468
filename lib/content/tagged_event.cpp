// EV_EVENT_TAG: one TCG_PCClientTaggedEvent or several, {u32 id, u32 size, data} (PFP 1.06, 10.4.2.1).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/base/limits.hpp"
#include "lib/content/aael_line.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/field_reader.hpp"
#include "lib/content/raw.hpp"
#include "lib/content/recipes.hpp"
#include "lib/content/wbcl.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t kTagHeaderSize = 8;
constexpr std::uint32_t kAaelTag = 0x4141454C;  // "AAEL"

struct TagRow {
  std::uint32_t id;
  std::string_view writer;
  std::string_view name;
  bool covers_data;  // the digest is H(whole event data); otherwise it is of what the tag names
};

constexpr std::array kTags = {
    TagRow{1, "bios", "smbios-structure", true},
    TagRow{2, "bios", "bis-certificate", true},
    TagRow{3, "bios", "post-bios-rom-strings", true},
    TagRow{4, "bios", "escd", true},
    TagRow{5, "bios", "cmos", true},
    TagRow{6, "bios", "nvram", true},
    TagRow{7, "bios", "option-rom-execute", true},
    TagRow{8, "bios", "option-rom-configuration", true},
    TagRow{0x13AED6DB, "systemd-stub", "uki-profile", false},
    TagRow{kAaelTag, "coco-attestation-agent", "aael", true},
    TagRow{0x49DFFE0F, "systemd-stub", "initrd-addon", false},
    TagRow{0x6C46F751, "systemd-stub", "devicetree-addon", false},
    TagRow{0x8F3B22EC, "linux-efi-stub", "initrd", false},
    TagRow{0x8F3B22ED, "linux-efi-stub", "load-options", false},
    TagRow{0xC0B3BD23, "systemd-stub", "smbios-type-11", false},
    TagRow{0xD5CB7CBC, "systemd-stub", "smbios-type-1", false},
    TagRow{0xDAC08E1A, "systemd-stub", "microcode-addon", false},
    TagRow{0xE0D47BC8, "systemd-stub", "smbios-type-2", false},
    TagRow{0xF5BC582A, "systemd-boot", "loader-configuration", false},
};
static_assert(std::ranges::is_sorted(kTags, std::ranges::less_equal{}, &TagRow::id) &&
              std::ranges::adjacent_find(kTags, {}, &TagRow::id) == kTags.end());

const TagRow* find_tag(std::uint32_t id) {
  const auto* const row = std::ranges::lower_bound(kTags, id, {}, &TagRow::id);
  return row != kTags.end() && row->id == id ? row : nullptr;
}

// The first structure's header.
struct Header {
  std::uint32_t id = 0;
  std::uint32_t size = 0;
  bool present = false;
};

Header read_header(ByteView data) {
  ByteReader reader(data);
  Header header{.id = reader.u32(), .size = reader.u32(), .present = false};
  header.present = reader.ok();
  return header;
}

// Several structures fill the data exactly.
bool is_sequence(ByteView data) {
  ByteReader reader(data);
  std::uint32_t count = 0;
  while (reader.ok() && reader.left() > 0) {
    reader.skip(sizeof(std::uint32_t));
    reader.skip(reader.u32());
    ++count;
  }
  return reader.ok() && count > 1;
}

// Linux on confidential platforms once wrote the label alone.
bool is_bare_label(ByteView data, const Header& header) {
  return (!header.present || header.size > data.size() - kTagHeaderSize) && printable_text(data).has_value();
}

Decoded decode_aael(FieldReader& reader, std::uint32_t size) {
  const std::uint64_t begin = reader.position();
  const ByteView bytes = reader.reader().take(size);
  if (!reader.ok()) {
    return reader.finish("aael", "AAEL event");
  }
  const std::string_view text = as_text(bytes);
  Decoded decoded = reader.finish("aael", std::string(text));
  aael::add_event_fields(decoded, text, begin);
  return decoded;
}

Decoded decode_labelled(FieldReader& reader, std::uint32_t size, const TagRow* row, std::uint32_t id) {
  const std::uint64_t begin = reader.position();
  const ByteView bytes = reader.reader().take(size);
  const auto label = any_text(bytes);
  if (reader.ok() && size > 0) {
    reader.add(label ? "label" : "data", label ? Value(*label) : Value(to_bytes(bytes)), begin);
  }
  std::string summary = row != nullptr ? fmt::format("{} {}", row->writer, row->name) : fmt::format("tag 0x{:08x}", id);
  if (row != nullptr && !row->covers_data && label) {
    summary = *label;
  } else if (label) {
    summary += ": " + *label;
  }
  return reader.finish("tagged-event", std::move(summary));
}

Decoded decode_windows(const Context& context, std::uint32_t id) {
  SipaItems sipa = read_sipa_items(context.data);
  std::string summary = fmt::format("Windows {}", sipa_name(id));
  std::ranges::replace(summary, '_', ' ');
  if (sipa.items.size() > 1) {
    summary += fmt::format(" and {} more", sipa.items.size() - 1);
  } else if (const Value* inner = sipa.items.empty() ? nullptr : sipa.items.front().find("items")) {
    summary += fmt::format(": {} items", inner->as<Value::List>()->size());
  }
  Decoded decoded{.kind = "windows-sipa", .summary = std::move(summary), .fields = {}, .problem = sipa.problem};
  decoded.fields.push_back({"items", Value(std::move(sipa.items)), {0, context.data.size()}});
  return decoded;
}

Decoded decode_sequence(const Context& context) {
  FieldReader reader(context.data);
  Value::List structures;
  while (reader.left() > 0 && structures.size() < limits::kListedItems) {
    const std::uint32_t id = reader.reader().u32();
    const std::uint32_t size = reader.reader().u32();
    const ByteView bytes = reader.reader().take(size);
    const auto label = any_text(bytes);
    const TagRow* row = find_tag(id);
    structures.emplace_back(Value::Object{{"tag_id", Value::hex(id)},
                                          {"tag_name", row != nullptr ? Value(row->name) : Value()},
                                          {label ? "label" : "data", label ? Value(*label) : Value(to_bytes(bytes))}});
  }
  std::string summary = fmt::format("{} tagged structures", structures.size());
  reader.add("structures", Value(std::move(structures)), 0);
  return reader.finish("tagged-event", std::move(summary));
}

}  // namespace

Decoded decode_event_tag(const Context& context) {
  const Header header = read_header(context.data);
  if (is_bare_label(context.data, header)) {
    FieldReader reader(context.data);
    std::string label = reader.text("label", context.data.size());
    return reader.finish("tagged-event", std::move(label));
  }
  if (header.present && is_sipa_id(header.id)) {
    return decode_windows(context, header.id);
  }
  if (is_sequence(context.data)) {
    return decode_sequence(context);
  }
  FieldReader reader(context.data);
  reader.hex32("tag_id");
  const TagRow* row = find_tag(header.id);
  if (row != nullptr && reader.ok()) {
    reader.add("writer", Value(row->writer), 0);
    reader.add("tag_name", Value(row->name), 0);
  }
  reader.u32("tag_size");
  return header.id == kAaelTag && reader.ok() ? decode_aael(reader, header.size)
                                              : decode_labelled(reader, header.size, row, header.id);
}

Otherwise event_tag_otherwise(const Context& context) {
  const Header header = read_header(context.data);
  if (!header.present) {
    return Otherwise::unverifiable;
  }
  const TagRow* row = find_tag(header.id);
  const bool covers_data = row != nullptr ? row->covers_data : is_sipa_id(header.id);
  return covers_data ? Otherwise::differs : Otherwise::unverifiable;
}

}  // namespace mrtool::pcclient
