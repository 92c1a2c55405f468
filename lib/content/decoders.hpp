// The decoders and digest recipes that the table of event types is made of. Each decoder's source names the
// specification section it follows.
#pragma once

#include "lib/content/pcclient.hpp"

namespace mrtool::pcclient {

// raw.cpp: shown as bytes, or as text where all of it is printable.
Decoded decode_raw(const Context& context);

// uefi_variable.cpp (with signature_list.cpp, load_option.cpp, device_path.cpp)
Decoded decode_variable(const Context& context);
// uefi_image.cpp
Decoded decode_image_load(const Context& context);
// uefi_gpt.cpp
Decoded decode_gpt(const Context& context);
// handoff_tables.cpp
Decoded decode_handoff_tables(const Context& context);
Decoded decode_handoff_tables2(const Context& context);
Decoded decode_table_of_devices(const Context& context);
// firmware.cpp: blobs, POST code, S-CRTM, microcode, platform configuration flags, non-host code and information
Decoded decode_firmware_blob(const Context& context);
Decoded decode_firmware_blob2(const Context& context);
Decoded decode_post_code(const Context& context);
Decoded decode_s_crtm_contents(const Context& context);
Decoded decode_s_crtm_version(const Context& context);
Decoded decode_config_flags(const Context& context);
Decoded decode_hcrtm(const Context& context);

// text_events.cpp: actions, omitted boot devices, microcode and other plain text
Decoded decode_text(const Context& context);
// EV_ACTION has the tolerant rules; coreboot and POWER use it for labels of things that the log does not hold.
Otherwise action_otherwise(const Context& context);
// separator.cpp. The rules are the constants first, then the data itself; otherwise the digest differs.
Decoded decode_separator(const Context& context);
std::span<const Recipe> separator_recipes();
// The name of the rule of an error separator: the firmware failed to measure (PFP 1.06, 3.3.2.2).
inline constexpr std::string_view kErrorSeparatorRecipe = "error-separator";
// no_action.cpp: spec-ID events, StartupLocality, SP800-155, H-CRTM component measurements, NV index records, WBCL
// trust point
Decoded decode_no_action(const Context& context);
// boot_loader.cpp: EV_IPL of shim, GRUB and systemd-stub; COMPACT_HASH
Decoded decode_ipl(const Context& context);
std::span<const Recipe> ipl_recipes();
Otherwise ipl_otherwise(const Context& context);
// The data itself is the only rule of EV_COMPACT_HASH.
Decoded decode_compact_hash(const Context& context);
Otherwise compact_hash_otherwise(const Context& context);
// tagged_event.cpp (with wbcl.cpp for Windows' SIPA items)
Decoded decode_event_tag(const Context& context);
// The data itself is the only rule of EV_EVENT_TAG; who wrote it decides what another digest means.
Otherwise event_tag_otherwise(const Context& context);
// spdm.cpp: device measurements, and the part of NvIndexInstance records that has the same layout. Rule: the data
// itself.
Decoded decode_spdm(const Context& context);

}  // namespace mrtool::pcclient
