// EFI_LOAD_OPTION: what Boot####, Driver#### and SysPrep#### variables hold (UEFI 2.10, 3.1.3).
#pragma once

#include "lib/content/content.hpp"

namespace mrtool {

// Field ranges are relative to `data`. The summary is "description: device path".
Decoded decode_load_option(ByteView data);

}  // namespace mrtool
