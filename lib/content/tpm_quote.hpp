// A TPM 2.0 quote that an event carries (TPM 2.0 part 2, 10.12.8): shown, not verified.
#pragma once

#include <optional>

#include "lib/content/value.hpp"

namespace mrtool::pcclient {

// An object of the TPMS_ATTEST's fields; nothing when the bytes are not a whole quote.
std::optional<Value> decode_tpm_quote(ByteView data);

}  // namespace mrtool::pcclient
