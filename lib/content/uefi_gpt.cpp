// PFP 1.06, 10.2.5: UEFI_GPT_DATA, the GPT header (UEFI 2.10, 5.3.2) and the partition entries in use (5.3.3).
#include <fmt/format.h>

#include <array>

#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/decoders.hpp"
#include "lib/content/field_reader.hpp"

namespace mrtool::pcclient {

namespace {

constexpr std::uint64_t kSignatureSize = 8;
constexpr std::uint64_t kEntryMinimum = 128;  // bytes of an EFI_PARTITION_ENTRY
constexpr std::uint64_t kNameSize = 72;       // UTF-16, NUL-padded
constexpr std::uint64_t kAlignment = 4;       // bytes between a header of 92 bytes and an aligned u64

struct PartitionType {
  Guid guid;
  std::string_view name;
};

constexpr std::array kPartitionTypes{
    PartitionType{make_guid(0xc12a7328, 0xf81f, 0x11d2, {0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}),
                  "EFI system"},
    PartitionType{make_guid(0x0fc63daf, 0x8483, 0x4772, {0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4}),
                  "Linux data"},
    PartitionType{make_guid(0x21686148, 0x6449, 0x6e6f, {0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49}), "BIOS boot"},
    PartitionType{make_guid(0x0657fd6d, 0xa4ab, 0x43c4, {0x84, 0xe5, 0x09, 0x33, 0xc8, 0x4b, 0x4f, 0x4f}),
                  "Linux swap"},
    PartitionType{make_guid(0xe6d6d379, 0xf507, 0x44c2, {0xa2, 0x3c, 0x23, 0x8f, 0x2a, 0x3d, 0xf9, 0x28}), "Linux LVM"},
    PartitionType{make_guid(0x4f68bce3, 0xe8cd, 0x4db1, {0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84, 0xb7, 0x09}),
                  "Linux root (x86-64)"},
    PartitionType{make_guid(0xbc13c2ff, 0x59e6, 0x4262, {0xa3, 0x52, 0xb2, 0x75, 0xfd, 0x6f, 0x71, 0x72}),
                  "Linux extended boot"},
    PartitionType{make_guid(0xe3c9e316, 0x0b5c, 0x4db8, {0x81, 0x7d, 0xf9, 0x2d, 0xf0, 0x02, 0x15, 0xae}),
                  "Microsoft reserved"},
    PartitionType{make_guid(0xebd0a0a2, 0xb9e5, 0x4433, {0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7}),
                  "Microsoft basic data"},
    PartitionType{make_guid(0xde94bba4, 0x06d1, 0x4d40, {0xa1, 0x6a, 0xbf, 0xd5, 0x01, 0x79, 0xd6, 0xac}),
                  "Windows recovery"},
};

void add_type_name(Value::Object& entry, const Guid& guid) {
  for (const PartitionType& type : kPartitionTypes) {
    if (type.guid == guid) {
      entry.push_back({"partition_type", type.name});
    }
  }
}

Value::Object read_partition(ByteReader entry) {
  const Guid type = read_guid(entry);
  Value::Object partition{{"partition_type_guid", to_string(type)}};
  add_type_name(partition, type);
  partition.push_back({"unique_partition_guid", to_string(read_guid(entry))});
  partition.push_back({"starting_lba", Value::wide_hex(entry.u64())});
  partition.push_back({"ending_lba", Value::wide_hex(entry.u64())});
  partition.push_back({"attributes", Value::wide_hex(entry.u64())});
  std::string name = utf16le_to_utf8(entry.take(kNameSize));
  name.resize(std::min(name.size(), name.find('\0')));
  partition.push_back({"partition_name", std::move(name)});
  return partition;
}

void read_partitions(FieldReader& fields, std::uint64_t count, std::uint64_t entry_size) {
  const std::uint64_t begin = fields.position();
  Value::List partitions;
  while (partitions.size() < count && partitions.size() < limits::kListedItems && fields.left() >= entry_size) {
    partitions.emplace_back(read_partition(fields.reader().sub(entry_size)));
  }
  const bool cut_short = partitions.size() < count && fields.left() < entry_size;
  fields.add("partitions", std::move(partitions), begin);
  if (cut_short) {
    fields.reader().skip(entry_size);
  }
}

// Firmware that does not pack the structure aligns the count of partitions to eight bytes. Only the event's size tells.
bool count_is_aligned(ByteReader reader, std::uint64_t entry_size) {
  const auto fits = [entry_size](ByteReader rest) {
    const std::uint64_t count = rest.u64();
    return rest.ok() && rest.left() % entry_size == 0 && rest.left() / entry_size == count;
  };
  if (entry_size == 0 || fits(reader)) {
    return false;
  }
  reader.skip(kAlignment);
  return fits(reader);
}

}  // namespace

Decoded decode_gpt(const Context& context) {
  FieldReader fields(context.data);
  fields.text("signature", kSignatureSize);
  fields.hex32("revision");
  fields.u32("header_size");
  fields.hex32("header_crc32");
  fields.u32("reserved");
  fields.hex64("my_lba");
  fields.hex64("alternate_lba");
  fields.hex64("first_usable_lba");
  fields.hex64("last_usable_lba");
  const Guid disk = fields.guid("disk_guid");
  fields.hex64("partition_entry_lba");
  fields.u32("number_of_partition_entry");
  const std::uint32_t entry_size = fields.u32("size_of_partition_entry");
  fields.hex32("partition_entry_array_crc32");
  if (count_is_aligned(fields.reader(), entry_size)) {
    fields.reader().skip(kAlignment);
  }
  const std::uint64_t count = fields.u64("number_of_partitions");
  std::string summary = fmt::format("disk {}, {} partition{}", to_string(disk), count, count == 1 ? "" : "s");
  if (!fields.ok()) {
    return fields.finish("gpt", "incomplete GPT header");
  }
  if (entry_size < kEntryMinimum) {
    fields.bytes("partition_data", fields.left());
    Decoded decoded = fields.finish("gpt", std::move(summary));
    decoded.problem = fmt::format("partition entries of {} bytes, {} expected at least", entry_size, kEntryMinimum);
    return decoded;
  }
  read_partitions(fields, count, entry_size);
  return fields.finish("gpt", std::move(summary));
}

}  // namespace mrtool::pcclient
