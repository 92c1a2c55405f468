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
// separator.cpp
Decoded decode_separator(const Context& context);
// no_action.cpp: spec-ID events, StartupLocality, SP800-155, H-CRTM component measurements, NV index records, WBCL trust point
Decoded decode_no_action(const Context& context);
// boot_loader.cpp: EV_IPL of shim, GRUB and systemd-stub; COMPACT_HASH
Decoded decode_ipl(const Context& context);
Decoded decode_compact_hash(const Context& context);
// tagged_event.cpp (with wbcl.cpp for Windows' SIPA items)
Decoded decode_event_tag(const Context& context);
// spdm.cpp
Decoded decode_spdm(const Context& context);

}  // namespace mrtool::pcclient
