#include "lib/content/wbcl.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/base/byte_reader.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/event_text.hpp"
#include "lib/content/tpm_quote.hpp"

namespace mrtool::pcclient {

namespace {

enum class Kind : std::uint8_t { bytes, flag, number, text, algorithm, quote };

struct Row {
  std::uint32_t id;
  std::string_view name;
  Kind kind;
};

constexpr std::array kRows = {
    Row{0x00020001, "information", Kind::bytes},
    Row{0x00020002, "boot_counter", Kind::number},
    Row{0x00020003, "transfer_control", Kind::number},
    Row{0x00020004, "application_return", Kind::bytes},
    Row{0x00020005, "bitlocker_unlock", Kind::number},
    Row{0x00020006, "event_counter", Kind::number},
    Row{0x00020007, "counter_id", Kind::number},
    Row{0x00020008, "mor_bit_not_cancelable", Kind::number},
    Row{0x00020009, "application_svn", Kind::number},
    Row{0x0002000A, "svn_chain_status", Kind::number},
    Row{0x0002000B, "mor_api_status", Kind::number},
    Row{0x00040001, "boot_debugging", Kind::flag},
    Row{0x00040002, "boot_revocation_list", Kind::bytes},
    Row{0x00050001, "os_kernel_debug", Kind::flag},
    Row{0x00050002, "code_integrity", Kind::flag},
    Row{0x00050003, "test_signing", Kind::flag},
    Row{0x00050004, "data_execution_prevention", Kind::number},
    Row{0x00050005, "safe_mode", Kind::flag},
    Row{0x00050006, "winpe", Kind::flag},
    Row{0x00050007, "physical_address_extension", Kind::number},
    Row{0x00050008, "os_device", Kind::number},
    Row{0x00050009, "system_root", Kind::text},
    Row{0x0005000A, "hypervisor_launch_type", Kind::number},
    Row{0x0005000B, "hypervisor_path", Kind::text},
    Row{0x0005000C, "hypervisor_iommu_policy", Kind::number},
    Row{0x0005000D, "hypervisor_debug", Kind::flag},
    Row{0x0005000E, "driver_load_policy", Kind::number},
    Row{0x0005000F, "si_policy", Kind::bytes},
    Row{0x00050010, "hypervisor_mmio_nx_policy", Kind::number},
    Row{0x00050011, "hypervisor_msr_filter_policy", Kind::number},
    Row{0x00050012, "vsm_launch_type", Kind::number},
    Row{0x00050013, "os_revocation_list", Kind::bytes},
    Row{0x00050014, "smt_status", Kind::number},
    Row{0x00050020, "vsm_idk_info", Kind::bytes},
    Row{0x00050021, "flight_signing", Kind::flag},
    Row{0x00050022, "pagefile_encryption_enabled", Kind::flag},
    Row{0x00050023, "vsm_idks_info", Kind::bytes},
    Row{0x00050024, "hibernation_disabled", Kind::flag},
    Row{0x00050025, "dumps_disabled", Kind::flag},
    Row{0x00050026, "dump_encryption_enabled", Kind::flag},
    Row{0x00050027, "dump_encryption_key_digest", Kind::bytes},
    Row{0x00050028, "lsa_iso_config", Kind::number},
    Row{0x00060001, "no_authority", Kind::bytes},
    Row{0x00060002, "authority_public_key", Kind::bytes},
    Row{0x00070001, "file_path", Kind::text},
    Row{0x00070002, "image_size", Kind::number},
    Row{0x00070003, "hash_algorithm", Kind::algorithm},
    Row{0x00070004, "authenticode_hash", Kind::bytes},
    Row{0x00070005, "authority_issuer", Kind::text},
    Row{0x00070006, "authority_serial", Kind::bytes},
    Row{0x00070007, "image_base", Kind::number},
    Row{0x00070008, "authority_publisher", Kind::text},
    Row{0x00070009, "authority_sha1_thumbprint", Kind::bytes},
    Row{0x0007000A, "image_validated", Kind::flag},
    Row{0x0007000B, "module_svn", Kind::number},
    Row{0x00090001, "elam_key_name", Kind::text},
    Row{0x00090002, "elam_configuration", Kind::bytes},
    Row{0x00090003, "elam_policy", Kind::bytes},
    Row{0x00090004, "elam_measured", Kind::bytes},
    Row{0x000A0001, "vbs_vsm_required", Kind::flag},
    Row{0x000A0002, "vbs_secureboot_required", Kind::flag},
    Row{0x000A0003, "vbs_iommu_required", Kind::flag},
    Row{0x000A0004, "vbs_mmio_nx_required", Kind::flag},
    Row{0x000A0005, "vbs_msr_filtering_required", Kind::flag},
    Row{0x000A0006, "vbs_mandatory_enforcement", Kind::flag},
    Row{0x000A0007, "vbs_hvci_policy", Kind::bytes},
    Row{0x000A0008, "vbs_microsoft_boot_chain_required", Kind::flag},
    Row{0x000B0001, "ksr_signature", Kind::bytes},
    Row{0x40010001, "trust_boundary", Kind::bytes},
    Row{0x40010002, "elam_aggregation", Kind::bytes},
    Row{0x40010003, "loaded_module_aggregation", Kind::bytes},
    Row{0x40010005, "ksr_aggregation", Kind::bytes},
    Row{0x40010006, "ksr_signed_measurement_aggregation", Kind::bytes},
    Row{0x80080001, "quote", Kind::quote},
    Row{0x80080002, "quote_signature", Kind::bytes},
    Row{0x80080003, "aik_name", Kind::text},
    Row{0x80080004, "aik_public_digest", Kind::bytes},
    Row{kSipaTrustPoint, "trust_point_aggregation", Kind::bytes},
};

static_assert(std::ranges::is_sorted(kRows, std::ranges::less_equal{}, &Row::id) &&
              std::ranges::adjacent_find(kRows, {}, &Row::id) == kRows.end());

const Row* find_row(std::uint32_t id) {
  const auto* const row = std::ranges::lower_bound(kRows, id, {}, &Row::id);
  return row != kRows.end() && row->id == id ? row : nullptr;
}

bool is_container(std::uint32_t id) {
  constexpr std::uint32_t kTypeMask = 0x000F0000;
  constexpr std::uint32_t kAggregation = 0x00010000;
  return (id & kTypeMask) == kAggregation;
}

std::optional<std::uint64_t> number_of(ByteView data) {
  ByteReader reader(data);
  switch (data.size()) {
    case 1:
      return reader.u8();
    case 2:
      return reader.u16();
    case 4:
      return reader.u32();
    case 8:
      return reader.u64();
    default:
      return std::nullopt;
  }
}

// Identifiers as the Windows cryptographic service providers number them.
std::string_view algorithm_name(std::uint64_t id) {
  constexpr std::uint64_t kNumberMask = 0x7FFF;  // the class of hash algorithms is the highest bit
  switch (id & kNumberMask) {
    case 4:
      return "sha1";
    case 0xC:
      return "sha256";
    case 0xD:
      return "sha384";
    case 0xE:
      return "sha512";
    default:
      return {};
  }
}

Value value_of(Kind kind, ByteView data) {
  const auto number = number_of(data);
  switch (kind) {
    case Kind::flag:
      if (data.size() == 1 && data[0] <= 1) {
        return data[0] == 1;
      }
      break;
    case Kind::number:
      if (number) {
        return Value(Number{.value = *number, .hex = false, .wide = data.size() == sizeof(std::uint64_t)});
      }
      break;
    case Kind::text:
      if (auto text = utf16_text(data)) {
        return std::move(*text);
      }
      break;
    case Kind::algorithm:
      if (const auto name = number ? algorithm_name(*number) : std::string_view(); !name.empty()) {
        return name;
      }
      break;
    case Kind::quote:
      if (auto quote = decode_tpm_quote(data)) {
        return std::move(*quote);
      }
      break;
    case Kind::bytes:
      break;
  }
  return to_bytes(data);
}

class Parser {
 public:
  // `base` is where `data` starts in the outermost data.
  Value::List items(ByteView data, std::uint64_t base, unsigned depth) {
    Value::List list;
    ByteReader reader(data, base);
    while (reader.left() > 0) {
      if (budget_ == 0) {
        note(fmt::format("more than {} items", limits::kListedItems));
        break;
      }
      const std::uint64_t begin = reader.offset();
      const std::uint32_t id = reader.u32();
      const std::uint32_t size = reader.u32();
      if (!reader.ok() || size > reader.left()) {
        note(fmt::format("the item at byte {} is cut short", begin));
        if (reader.ok()) {
          list.emplace_back(Value::Object{
              {"id", Value::hex(id)}, {"name", Value(sipa_name(id))}, {"value", Value(to_bytes(reader.rest()))}});
        }
        break;
      }
      --budget_;
      const std::uint64_t inner = reader.offset();
      list.push_back(item(id, reader.take(size), inner, depth));
    }
    return list;
  }

  std::string problem() { return std::move(problem_); }

 private:
  Value item(std::uint32_t id, ByteView data, std::uint64_t base, unsigned depth) {
    Value::Object object{{"id", Value::hex(id)}, {"name", Value(sipa_name(id))}};
    if (!is_container(id)) {
      const Row* row = find_row(id);
      object.push_back({"value", value_of(row != nullptr ? row->kind : Kind::bytes, data)});
    } else if (depth + 1 >= limits::kNesting) {
      note(fmt::format("items nested deeper than {}", limits::kNesting));
      object.push_back({"value", Value(to_bytes(data))});
    } else {
      object.push_back({"items", Value(items(data, base, depth + 1))});
    }
    return object;
  }

  void note(std::string problem) {
    if (problem_.empty()) {
      problem_ = std::move(problem);
    }
  }

  std::uint64_t budget_ = limits::kListedItems;
  std::string problem_;
};

}  // namespace

SipaItems read_sipa_items(ByteView data) {
  Parser parser;
  SipaItems result;
  result.items = parser.items(data, 0, 0);
  result.problem = parser.problem();
  return result;
}

bool is_sipa_id(std::uint32_t id) {
  constexpr unsigned kGroupShift = 16;
  switch (id >> kGroupShift) {
    case 0x0002:
    case 0x0004:
    case 0x0005:
    case 0x0006:
    case 0x0007:
    case 0x0008:
    case 0x0009:
    case 0x000A:
    case 0x000B:
    case 0x4001:
    case 0x8008:
    case 0xC001:
      return true;
    default:
      return false;
  }
}

std::string sipa_name(std::uint32_t id) {
  const Row* row = find_row(id);
  return row != nullptr ? std::string(row->name) : fmt::format("0x{:08x}", id);
}

}  // namespace mrtool::pcclient
