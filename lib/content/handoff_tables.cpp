// PFP 1.06, 10.2.4: UEFI_HANDOFF_TABLE_POINTERS and UEFI_HANDOFF_TABLE_POINTERS2. The digest is of the tables'
// contents, which the log does not hold.
#include <fmt/format.h>

#include <array>
#include <limits>

#include "lib/base/limits.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/field_reader.hpp"

namespace mrtool::pcclient {

namespace {

constexpr std::size_t kShownInSummary = 8;

struct TableName {
  Guid guid;
  std::string_view name;
};

constexpr std::array kTableNames{
    TableName{make_guid(0xeb9d2d31, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}), "SMBIOS"},
    TableName{make_guid(0xf2fd1544, 0x9794, 0x4a2c, {0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94}), "SMBIOS 3"},
    TableName{make_guid(0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}), "ACPI 1.0"},
    TableName{make_guid(0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}), "ACPI 2.0"},
    TableName{make_guid(0xeb9d2d2f, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}), "MPS"},
    TableName{make_guid(0x3fdda605, 0xa76e, 0x4f46, {0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08}), "MP services"},
    TableName{make_guid(0x93bb96af, 0xb9f2, 0x4eb8, {0x94, 0x62, 0xe0, 0xba, 0x74, 0x56, 0x42, 0x36}), "TD HOB"},
};

std::string_view name_of(const Guid& guid) {
  for (const TableName& row : kTableNames) {
    if (row.guid == guid) {
      return row.name;
    }
  }
  return {};
}

// Whether count and pointers of that width fill the bytes exactly.
bool fits(ByteView bytes, std::uint64_t width) {
  ByteReader reader(bytes);
  const std::uint64_t count = width == sizeof(std::uint64_t) ? reader.u64() : reader.u32();
  const std::uint64_t entry = kGuidSize + width;
  return reader.ok() && reader.left() % entry == 0 && reader.left() / entry == count;
}

// The firmware's UINTN, as the spec-ID event states it; the other width where only that fits. A count and the GUID
// behind it, read as one u64, are huge, which tells 32-bit firmware from an event that was cut.
std::uint64_t pointer_width(ByteView bytes, const LogInfo& log) {
  constexpr std::uint64_t kNarrow = sizeof(std::uint32_t);
  constexpr std::uint64_t kWide = sizeof(std::uint64_t);
  if (log.uintn_size == kNarrow) {
    return !fits(bytes, kNarrow) && fits(bytes, kWide) ? kWide : kNarrow;
  }
  const bool huge = ByteReader(bytes).u64() > std::numeric_limits<std::uint32_t>::max();
  return huge && fits(bytes, kNarrow) ? kNarrow : kWide;
}

std::uint64_t read_width(ByteReader& reader, std::uint64_t width) {
  return width == sizeof(std::uint64_t) ? reader.u64() : reader.u32();
}

// NumberOfTables and the tables. Returns their names, joined.
std::string read_tables(FieldReader& fields, std::uint64_t width) {
  const std::uint64_t count =
      width == sizeof(std::uint64_t) ? fields.u64("number_of_tables") : fields.u32("number_of_tables");
  const std::uint64_t entry = kGuidSize + width;
  const std::uint64_t begin = fields.position();
  Value::List tables;
  std::string names;
  while (tables.size() < count && tables.size() < limits::kListedItems && fields.left() >= entry) {
    const Guid guid = read_guid(fields.reader());
    const std::uint64_t pointer = read_width(fields.reader(), width);
    const std::string_view known = name_of(guid);
    Value::Object table{{"guid", to_string(guid)}, {"pointer", Value::wide_hex(pointer)}};
    if (!known.empty()) {
      table.push_back({"name", known});
    }
    if (tables.size() < kShownInSummary) {
      names += (names.empty() ? "" : ", ") + (known.empty() ? to_string(guid) : std::string(known));
    }
    tables.emplace_back(std::move(table));
  }
  const std::uint64_t listed = tables.size();
  if (listed > kShownInSummary) {
    names += ", ...";
  }
  fields.add("tables", std::move(tables), begin);
  if (listed < count && fields.left() < entry) {
    fields.reader().skip(entry);  // marks the structure as cut short
  }
  return names;
}

Decoded decode_tables(const Context& context, std::string kind) {
  FieldReader fields(context.data);
  std::string names = read_tables(fields, pointer_width(context.data, context.log));
  return fields.finish(std::move(kind), std::move(names));
}

}  // namespace

Decoded decode_handoff_tables(const Context& context) {
  return decode_tables(context, "handoff-tables");
}

Decoded decode_handoff_tables2(const Context& context) {
  FieldReader fields(context.data);
  const std::uint8_t size = fields.u8("description_size");
  const std::string description = fields.text("description", size);
  const ByteView rest = fields.ok() ? context.data.subspan(fields.position()) : ByteView{};
  const std::string names = read_tables(fields, pointer_width(rest, context.log));
  return fields.finish("handoff-tables2", names.empty() ? description : description + ": " + names);
}

// A block of pointers in edk2; elsewhere the vendor's own.
Decoded decode_table_of_devices(const Context& context) {
  const std::uint64_t width = pointer_width(context.data, context.log);
  return fits(context.data, width) ? decode_tables(context, "table-of-devices") : decode_raw(context);
}

}  // namespace mrtool::pcclient
