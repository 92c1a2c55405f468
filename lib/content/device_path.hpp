// UEFI device paths as text (UEFI 2.10, 10.3), the way libefivar writes it.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.hpp"

namespace mrtool {

struct DevicePathText {
  std::string text;         // nodes joined with '/', instances with ','; may hold text from the log
  std::string problem;      // of the first bad node, or a missing end; empty when all is well
  std::uint64_t bytes = 0;  // of the path, its end node included
};

// Every node is checked before the library sees it; one that fails is shown as Path(type,subtype,hex), or by the name
// of its type, and is the problem. Bytes behind the end node are not looked at. Behind the limits on nodes and text the
// rest is no longer divided, which is a problem too.
DevicePathText format_device_path(ByteView path);

}  // namespace mrtool
