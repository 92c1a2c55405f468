#include "lib/content/pcclient.hpp"

#include <algorithm>
#include <array>

#include "lib/content/decoders.hpp"
#include "lib/content/firmware.hpp"
#include "lib/content/recipes.hpp"
#include "lib/content/uefi_variable.hpp"

namespace mrtool::pcclient {

namespace {

// EV_EFI_VARIABLE_BOOT: edk2 hashes the variable's data, other firmware the whole event.
std::optional<Preimage> variable_data(const Context& context) {
  const auto layout = variable_layout(context.data);
  if (!layout) {
    return {};
  }
  return part_of(context, layout->data.begin, layout->data.end);
}

std::optional<Preimage> td_shim_info(const Context& context) {
  if (!is_td_shim_block(context.data)) {
    return {};
  }
  return part_of(context, kTdShimInfoOffset, context.data.size());
}

// What some firmware extends when Boot Guard or the FIT has measured the S-CRTM already.
std::optional<Preimage> zero_word(const Context& /*context*/) {
  return Preimage{.part = {}, .made = Bytes(sizeof(std::uint32_t)), .nul_after = false, .covers = {}};
}

// Old shim measured certificates without the last byte of the event, which is whatever memory held.
std::optional<Preimage> without_stray_byte(const Context& context) {
  constexpr std::size_t kShortest = 2;
  if (context.data.size() < kShortest) {
    return {};
  }
  return part_of(context, 0, context.data.size() - 1);
}

std::span<const Recipe> authority_recipes() {
  static constexpr std::array kRecipes{kExact, Recipe{"without-last-byte", without_stray_byte}, kWithNul};
  return kRecipes;
}

std::span<const Recipe> boot_variable_recipes() {
  static constexpr std::array kRecipes{Recipe{"variable-data", variable_data}, kExact, kWithoutLastByte, kWithNul};
  return kRecipes;
}

std::span<const Recipe> config_flags_recipes() {
  static constexpr std::array kRecipes{kExact, kWithoutLastByte, kWithNul, Recipe{"td-shim-info", td_shim_info}};
  return kRecipes;
}

std::span<const Recipe> firmware_recipes() {
  static constexpr std::array kRecipes{kExact, kEmpty};
  return kRecipes;
}

std::span<const Recipe> s_crtm_contents_recipes() {
  static constexpr std::array kRecipes{kExact, kEmpty, Recipe{"zero-word", zero_word}};
  return kRecipes;
}

Otherwise config_flags_otherwise(const Context& context) {
  return is_td_shim_block(context.data) ? Otherwise::differs : Otherwise::unverifiable;
}

constexpr std::string_view kVendorData = "vendor-data";
constexpr std::string_view kFirmwareCode = "firmware-code";
constexpr std::string_view kImage = "pe-image";
constexpr std::string_view kTables = "firmware-tables";
constexpr std::string_view kDrtm = "dynamic-launch-data";

constexpr EventType vendor_type(std::uint32_t value, std::string_view name, std::string_view outside) {
  return {.value = value,
          .name = name,
          .decode = decode_raw,
          .recipes = exact_recipe,
          .otherwise = always_unverifiable,
          .outside = outside};
}

// PFP 1.06, 10.4.1, table 27; from 0x400 Intel's TXT software development guide, tboot and TrenchBoot.
constexpr std::array kEventTypes{
    EventType{0x00, "EV_PREBOOT_CERT", decode_raw, tolerant_recipes, always_unverifiable, kVendorData},
    EventType{0x01, "EV_POST_CODE", decode_post_code, firmware_recipes, always_unverifiable, kFirmwareCode},
    EventType{0x02, "EV_UNUSED", decode_raw, exact_recipe, always_unverifiable, kVendorData},
    EventType{kNoAction, "EV_NO_ACTION", decode_no_action, exact_recipe, always_unverifiable, "device-measurements"},
    EventType{0x04, "EV_SEPARATOR", decode_separator, separator_recipes, always_differs, {}},
    EventType{0x05, "EV_ACTION", decode_text, tolerant_recipes, action_otherwise, "named-object"},
    EventType{0x06, "EV_EVENT_TAG", decode_event_tag, exact_recipe, event_tag_otherwise, "tagged-object"},
    EventType{0x07, "EV_S_CRTM_CONTENTS", decode_s_crtm_contents, s_crtm_contents_recipes, always_unverifiable,
              kFirmwareCode},
    EventType{0x08, "EV_S_CRTM_VERSION", decode_s_crtm_version, tolerant_recipes, always_differs, {}},
    EventType{0x09, "EV_CPU_MICROCODE", decode_post_code, firmware_recipes, always_unverifiable, "microcode"},
    EventType{0x0A, "EV_PLATFORM_CONFIG_FLAGS", decode_config_flags, config_flags_recipes, config_flags_otherwise,
              "platform-configuration"},
    EventType{0x0B, "EV_TABLE_OF_DEVICES", decode_table_of_devices, tolerant_recipes, always_unverifiable, kTables},
    EventType{0x0C, "EV_COMPACT_HASH", decode_compact_hash, exact_recipe, compact_hash_otherwise, kVendorData},
    EventType{0x0D, "EV_IPL", decode_ipl, ipl_recipes, ipl_otherwise, "loaded-object"},
    EventType{0x0E, "EV_IPL_PARTITION_DATA", decode_raw, tolerant_recipes, always_differs, {}},
    EventType{0x0F, "EV_NONHOST_CODE", decode_post_code, firmware_recipes, always_unverifiable, "non-host-code"},
    EventType{0x10, "EV_NONHOST_CONFIG", decode_raw, tolerant_recipes, always_unverifiable, "non-host-configuration"},
    EventType{0x11, "EV_NONHOST_INFO", decode_raw, tolerant_recipes, always_unverifiable, "non-host-information"},
    EventType{0x12, "EV_OMIT_BOOT_DEVICE_EVENTS", decode_text, tolerant_recipes, always_differs, {}},
    EventType{0x13, "EV_POST_CODE2", decode_firmware_blob2, firmware_recipes, always_unverifiable, kFirmwareCode},
    vendor_type(0x401, "EV_TXT_PCR_MAPPING", kDrtm),
    vendor_type(0x402, "EV_TXT_HASH_START", kDrtm),
    vendor_type(0x403, "EV_TXT_COMBINED_HASH", kDrtm),
    vendor_type(0x404, "EV_TXT_MLE_HASH", kDrtm),
    vendor_type(0x40A, "EV_TXT_BIOSAC_REG_DATA", kDrtm),
    vendor_type(0x40B, "EV_TXT_CPU_SCRTM_STAT", kDrtm),
    vendor_type(0x40C, "EV_TXT_LCP_CONTROL_HASH", kDrtm),
    vendor_type(0x40D, "EV_TXT_ELEMENTS_HASH", kDrtm),
    // 0x40E is TXT's STM_HASH, but boards of two vendors log it empty in PCR 0: a name would say too much.
    vendor_type(0x40F, "EV_TXT_OSSINITDATA_CAP_HASH", kDrtm),
    vendor_type(0x410, "EV_TXT_SINIT_PUBKEY_HASH", kDrtm),
    vendor_type(0x411, "EV_TXT_LCP_HASH", kDrtm),
    vendor_type(0x412, "EV_TXT_LCP_DETAILS_HASH", kDrtm),
    vendor_type(0x413, "EV_TXT_LCP_AUTHORITIES_HASH", kDrtm),
    vendor_type(0x414, "EV_TXT_NV_INFO_HASH", kDrtm),
    vendor_type(0x416, "EV_TXT_KM_HASH", kDrtm),
    vendor_type(0x417, "EV_TXT_BPM_HASH", kDrtm),
    vendor_type(0x418, "EV_TXT_KM_INFO_HASH", kDrtm),
    vendor_type(0x419, "EV_TXT_BPM_INFO_HASH", kDrtm),
    vendor_type(0x41A, "EV_TXT_BOOT_POL_HASH", kDrtm),
    vendor_type(0x4FF, "EV_TXT_CAP_VALUE", kDrtm),
    vendor_type(0x501, "EV_TBOOT_MODULE_HASH", kDrtm),
    vendor_type(0x502, "EV_TRENCHBOOT_SECURE_LAUNCH", kDrtm),
    vendor_type(0x80000000, "EV_EFI_EVENT_BASE", kVendorData),
    EventType{0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG", decode_variable, tolerant_recipes, always_differs, {}},
    EventType{0x80000002, "EV_EFI_VARIABLE_BOOT", decode_variable, boot_variable_recipes, always_differs, {}},
    EventType{0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION", decode_image_load, no_recipes, always_unverifiable,
              kImage},
    EventType{0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER", decode_image_load, no_recipes, always_unverifiable, kImage},
    EventType{0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER", decode_image_load, no_recipes, always_unverifiable, kImage},
    EventType{0x80000006, "EV_EFI_GPT_EVENT", decode_gpt, tolerant_recipes, always_differs, {}},
    EventType{0x80000007, "EV_EFI_ACTION", decode_text, tolerant_recipes, always_differs, {}},
    EventType{0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB", decode_firmware_blob, firmware_recipes, always_unverifiable,
              "firmware-volume"},
    EventType{0x80000009, "EV_EFI_HANDOFF_TABLES", decode_handoff_tables, no_recipes, always_unverifiable, kTables},
    EventType{0x8000000A, "EV_EFI_PLATFORM_FIRMWARE_BLOB2", decode_firmware_blob2, firmware_recipes,
              always_unverifiable, "firmware-volume"},
    EventType{0x8000000B, "EV_EFI_HANDOFF_TABLES2", decode_handoff_tables2, no_recipes, always_unverifiable, kTables},
    EventType{0x8000000C, "EV_EFI_VARIABLE_BOOT2", decode_variable, tolerant_recipes, always_differs, {}},
    EventType{0x8000000D, "EV_EFI_GPT_EVENT2", decode_gpt, tolerant_recipes, always_differs, {}},
    EventType{0x80000010, "EV_EFI_HCRTM_EVENT", decode_hcrtm, no_recipes, always_unverifiable, "h-crtm-code"},
    EventType{0x800000E0, "EV_EFI_VARIABLE_AUTHORITY", decode_variable, authority_recipes, always_differs, {}},
    EventType{0x800000E1, "EV_EFI_SPDM_FIRMWARE_BLOB", decode_spdm, tolerant_recipes, always_differs, {}},
    EventType{0x800000E2, "EV_EFI_SPDM_FIRMWARE_CONFIG", decode_spdm, tolerant_recipes, always_differs, {}},
    EventType{0x800000E3, "EV_EFI_SPDM_DEVICE_POLICY", decode_variable, tolerant_recipes, always_differs, {}},
    EventType{0x800000E4, "EV_EFI_SPDM_DEVICE_AUTHORITY", decode_variable, tolerant_recipes, always_differs, {}},
};

// "Strictly" makes values unique, too.
constexpr bool strictly_sorted() {
  return std::ranges::adjacent_find(kEventTypes, std::ranges::greater_equal{}, &EventType::value) == kEventTypes.end();
}
static_assert(strictly_sorted());

}  // namespace

std::span<const EventType> event_types() {
  return kEventTypes;
}

const EventType* find_event_type(std::uint32_t value) {
  const auto* const row = std::ranges::lower_bound(kEventTypes, value, {}, &EventType::value);
  return row != kEventTypes.end() && row->value == value ? row : nullptr;
}

const EventType* find_event_type(std::string_view name) {
  constexpr std::string_view kPrefix = "EV_";
  std::string wanted;
  for (const char c : name) {
    wanted += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (!wanted.starts_with(kPrefix)) {
    wanted.insert(0, kPrefix);
  }
  const auto* const row = std::ranges::find(kEventTypes, wanted, &EventType::name);
  return row != kEventTypes.end() ? row : nullptr;
}

}  // namespace mrtool::pcclient
