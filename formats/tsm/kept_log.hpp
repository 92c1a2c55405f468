// The TSM text log that is kept beside a register: byte for byte what the kernel of the RFC would have written for the
// same appends and direct extensions (TSM log format notes, 3).
#pragma once

#include <memory>

#include "lib/extend/kept_log.hpp"

namespace mrtool::tsm {

// Events are of content tsm, `type` a TsmLine and `data` the line without LF. encode() refuses (unsupported) a line
// that the kernel would not store as it is, and one whose type is another than the line's in a log of the bank.
std::unique_ptr<extend::KeptLog> make_tsm_kept_log(HashAlgorithm bank);

}  // namespace mrtool::tsm
