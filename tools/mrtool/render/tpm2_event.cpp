#include "tools/mrtool/render/tpm2_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "lib/content/decoders.hpp"
#include "lib/content/device_path.hpp"
#include "tools/mrtool/render/quote.hpp"
#include "tools/mrtool/render/tpm2_text.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kEventIndent = "    ";
constexpr std::string_view kInnerIndent = "      ";

void append_bytes(std::string& out, ByteView bytes) {
  out += "  Event: ";
  append_tpm2_hex(out, bytes);
  out += '\n';
}

bool append_members(std::string& out, const Decoded& decoded, std::span<const Tpm2Member> members) {
  const std::size_t before = out.size();
  out += "  Event:\n";
  if (append_tpm2_members(out, decoded, members, kEventIndent, kEventIndent)) {
    return true;
  }
  out.resize(before);
  return false;
}

// Each returns false, and appends nothing, for data that does not fit.
using Append = bool (*)(std::string& out, const RecordView& view, EventlogVersion version);

// Decoded here because this tool takes labels of sixteen bytes or more for a base and a length, too.
bool append_blob(std::string& out, const RecordView& view, EventlogVersion /*version*/) {
  static constexpr std::array kMembers{Tpm2Member{"BlobBase", "blob_base"}, Tpm2Member{"BlobLength", "blob_length"}};
  const pcclient::Context context{.record = *view.record, .log = *view.info, .data = view.record->data};
  return append_members(out, pcclient::decode_firmware_blob(context), kMembers);
}

bool append_blob2(std::string& out, const RecordView& view, EventlogVersion /*version*/) {
  static constexpr std::array kBefore{Tpm2Member{"BlobDescriptionSize", "description_size"}};
  static constexpr std::array kAfter{Tpm2Member{"BlobBase", "blob_base"}, Tpm2Member{"BlobLength", "blob_length"}};
  const auto& fields = view.decoded.fields;
  const auto description = std::ranges::find(fields, "description", &Field::name);
  if (description == fields.end() || view.decoded.find("blob_length") == nullptr) {
    return false;
  }
  append_members(out, view.decoded, kBefore);
  out += "    BlobDescription: ";
  const ByteRange range = description->range;
  append_tpm2_hex(out, view.record->data.subspan(range.begin, range.end - range.begin));
  out += '\n';
  return append_tpm2_members(out, view.decoded, kAfter, kEventIndent, kEventIndent);
}

bool append_literal(std::string& out, const RecordView& view, EventlogVersion /*version*/) {
  out += "  Event: ";
  append_tpm2_literal(out, view.record->data, kEventIndent.size());
  return true;
}

bool append_post_code(std::string& out, const RecordView& view, EventlogVersion version) {
  constexpr std::size_t kBlobSize = 16;
  return view.record->data.size() == kBlobSize ? append_blob(out, view, version) : append_literal(out, view, version);
}

bool append_ipl(std::string& out, const RecordView& view, EventlogVersion /*version*/) {
  out += "  Event:\n    String: ";
  append_tpm2_escaped(out, view.record->data, kInnerIndent.size());
  out += '\n';
  return true;
}

bool append_image_load(std::string& out, const RecordView& view, EventlogVersion /*version*/) {
  static constexpr std::array kMembers{Tpm2Member{"ImageLocationInMemory", "image_location_in_memory"},
                                       Tpm2Member{"ImageLengthInMemory", "image_length_in_memory"},
                                       Tpm2Member{"ImageLinkTimeAddress", "image_link_time_address"},
                                       Tpm2Member{"LengthOfDevicePath", "length_of_device_path"}};
  const auto& fields = view.decoded.fields;
  const auto path = std::ranges::find(fields, "device_path", &Field::name);
  if (path == fields.end() || !append_members(out, view.decoded, kMembers)) {
    return false;
  }
  out += "    DevicePath: ";
  append_tpm2_device_path(out, view.record->data.subspan(path->range.begin, path->range.end - path->range.begin));
  return true;
}

bool append_gpt(std::string& out, const RecordView& view, EventlogVersion version) {
  static constexpr std::array kHeader{Tpm2Member{"Signature", "signature", true},
                                      Tpm2Member{"Revision", "revision"},
                                      Tpm2Member{"HeaderSize", "header_size"},
                                      Tpm2Member{"HeaderCRC32", "header_crc32"},
                                      Tpm2Member{"MyLBA", "my_lba"},
                                      Tpm2Member{"AlternateLBA", "alternate_lba"},
                                      Tpm2Member{"FirstUsableLBA", "first_usable_lba"},
                                      Tpm2Member{"LastUsableLBA", "last_usable_lba"},
                                      Tpm2Member{"DiskGUID", "disk_guid"},
                                      Tpm2Member{"PartitionEntryLBA", "partition_entry_lba"},
                                      Tpm2Member{"NumberOfPartitionEntry", "number_of_partition_entry"},
                                      Tpm2Member{"SizeOfPartitionEntry", "size_of_partition_entry"},
                                      Tpm2Member{"PartitionEntryArrayCRC32", "partition_entry_array_crc32"}};
  static constexpr std::array kCount{Tpm2Member{"NumberOfPartitions", "number_of_partitions"}};
  static constexpr std::array kPartition{Tpm2Member{"PartitionTypeGUID", "partition_type_guid"},
                                         Tpm2Member{"UniquePartitionGUID", "unique_partition_guid"},
                                         Tpm2Member{"StartingLBA", "starting_lba"},
                                         Tpm2Member{"EndingLBA", "ending_lba"},
                                         Tpm2Member{"Attributes", "attributes"},
                                         Tpm2Member{"PartitionName", "partition_name", true}};
  const Value* const count = view.decoded.find("number_of_partitions");
  const Value* const listed = view.decoded.find("partitions");
  const auto* const partitions = listed == nullptr ? nullptr : listed->as<Value::List>();
  // Partitions that are counted but not there, or too many to be listed.
  if (version == EventlogVersion::v1 || count == nullptr || partitions == nullptr ||
      count->as<Number>()->value != partitions->size()) {
    return false;
  }
  out += "  Event:\n    Header:\n";
  append_tpm2_members(out, view.decoded, kHeader, kInnerIndent, kInnerIndent);
  append_tpm2_members(out, view.decoded, kCount, kEventIndent, kEventIndent);
  out += "    Partitions:\n";
  for (const Value& partition : *partitions) {
    append_tpm2_members(out, partition, kPartition, "    - ", kInnerIndent);
  }
  return true;
}

bool append_no_action(std::string& out, const RecordView& view, EventlogVersion version) {
  static constexpr std::array kMembers{Tpm2Member{"StartupLocality", "startup_locality"}};
  return version == EventlogVersion::v2 && append_members(out, view.decoded, kMembers);
}

struct EventRow {
  std::uint32_t type;
  Append append;
};

// The types that are shown otherwise than as bytes.
constexpr std::array kEvents{
    EventRow{0x01, append_post_code},            // EV_POST_CODE
    EventRow{0x03, append_no_action},            // EV_NO_ACTION
    EventRow{0x07, append_blob},                 // EV_S_CRTM_CONTENTS
    EventRow{0x0D, append_ipl},                  // EV_IPL
    EventRow{0x80000001, append_tpm2_variable},  // EV_EFI_VARIABLE_DRIVER_CONFIG
    EventRow{0x80000002, append_tpm2_variable},  // EV_EFI_VARIABLE_BOOT
    EventRow{0x80000003, append_image_load},     // EV_EFI_BOOT_SERVICES_APPLICATION
    EventRow{0x80000004, append_image_load},     // EV_EFI_BOOT_SERVICES_DRIVER
    EventRow{0x80000005, append_image_load},     // EV_EFI_RUNTIME_SERVICES_DRIVER
    EventRow{0x80000006, append_gpt},            // EV_EFI_GPT_EVENT
    EventRow{0x80000007, append_literal},        // EV_EFI_ACTION
    EventRow{0x80000008, append_blob},           // EV_EFI_PLATFORM_FIRMWARE_BLOB
    EventRow{0x8000000A, append_blob2},          // EV_EFI_PLATFORM_FIRMWARE_BLOB2
    EventRow{0x8000000C, append_tpm2_variable},  // EV_EFI_VARIABLE_BOOT2
    EventRow{0x80000010, append_literal},        // EV_EFI_HCRTM_EVENT
    EventRow{0x800000E0, append_tpm2_variable},  // EV_EFI_VARIABLE_AUTHORITY
};

struct TypeRange {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr std::array kNamedTypes{TypeRange{0x00, 0x12}, TypeRange{0x80000001, 0x8000000C},
                                 TypeRange{0x80000010, 0x80000010}, TypeRange{0x800000E0, 0x800000E0}};

}  // namespace

std::string tpm2_event_type(const Record& record) {
  const bool named =
      record.content == ContentType::pcclient && std::ranges::any_of(kNamedTypes, [&record](const TypeRange& range) {
        return range.first <= record.type && record.type <= range.last;
      });
  return named ? event_type_name(record) : "Unknown event type";
}

void append_tpm2_event(std::string& out, const RecordView& view, EventlogVersion version) {
  if (view.record->data.empty()) {
    return;
  }
  const auto* const row = std::ranges::find(kEvents, view.record->type, &EventRow::type);
  const bool known = row != kEvents.end() && view.record->content == ContentType::pcclient;
  if (!known || !row->append(out, view, version)) {
    append_bytes(out, view.record->data);
  }
}

void append_tpm2_device_path(std::string& out, ByteView path) {
  const DevicePathText shown = format_device_path(path);
  append_tpm2_single_quoted(out, shown.problem.empty() ? shown.text : to_hex(path));
  out += '\n';
}

void append_tpm2_member(std::string& out, std::string_view name, const Value& value, bool quoted) {
  out += name;
  out += ':';
  if (const auto* const number = value.as<Number>()) {
    fmt::format_to(std::back_inserter(out), fmt::runtime(number->hex ? " 0x{:x}" : " {}"), number->value);
  } else if (const auto* const text = value.as<std::string>(); text != nullptr && quoted) {
    out += ' ';
    append_quoted(out, before_nul(*text), QuoteStyle::yaml);
  } else if (text != nullptr && !before_nul(*text).empty()) {
    out += ' ';
    append_tpm2_plain(out, before_nul(*text));
  }
  out += '\n';
}

}  // namespace mrtool
