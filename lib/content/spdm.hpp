// Device security events: what SPDM attestation of a device left in the log (PFP 1.06, 10.2.7).
#pragma once

#include <string>
#include <string_view>

#include "lib/content/field_reader.hpp"

namespace mrtool::pcclient {

// Reads a structure of either version that starts at the reader's position and takes all that is left; its signature
// becomes the field `signature_name`. The summary says what was measured.
Decoded finish_device_event(FieldReader& reader, std::string_view signature_name);

}  // namespace mrtool::pcclient
