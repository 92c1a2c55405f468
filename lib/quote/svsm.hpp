// The services manifest of a Secure VM Service Module (AMD 58019, 7.1; configfs-tsm: manifestblob).
#pragma once

#include "lib/base/bytes.hpp"
#include "lib/content/value.hpp"

namespace mrtool::quotes {

// Of all services: each with its GUID, name and data. Of one service, which a manifest doesn't name: its bytes. Never
// fails: what doesn't decode is shown as bytes.
Value decode_svsm_manifest(ByteView manifest);

}  // namespace mrtool::quotes
