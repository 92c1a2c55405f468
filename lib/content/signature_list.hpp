// EFI_SIGNATURE_LIST and EFI_SIGNATURE_DATA (UEFI 2.10, 32.4.1): what PK, KEK, db, dbx and their relatives hold.
#pragma once

#include "lib/content/content.hpp"

namespace mrtool {

// Concatenated signature lists. One field, "signature_lists", with a range relative to `data`; the summary counts what
// is in them: "3 certificates, 1 hash".
Decoded decode_signature_lists(ByteView data);

// One EFI_SIGNATURE_DATA, or the bare certificate that old shims log instead. One field, "signature". Nothing in it:
// the data is neither.
Decoded decode_single_signature(ByteView data);

}  // namespace mrtool
