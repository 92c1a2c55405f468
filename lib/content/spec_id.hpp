// The spec-ID event: the record that names a log's banks (PFP 1.06, 10.4.5.1; EFI platform specification 1.22, 7.4).
#pragma once

#include "lib/content/pcclient.hpp"

namespace mrtool::pcclient {

// True for the signatures "Spec ID Event00", "02" and "03", and for zeros in their place before an algorithm table that
// fills the data: the header that the Confidential Containers agent writes for guests without a CCEL.
bool is_spec_id(ByteView data);
Decoded decode_spec_id(const Context& context);

}  // namespace mrtool::pcclient
