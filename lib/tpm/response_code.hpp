// What a TPM's response code, or a code of libtss2, means to somebody who extends or reads PCRs, and what to do about
// it (TPM 2.0 part 2, 6.6; TSS 2.0 overview, 3).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "lib/tpm/libtss2.hpp"

namespace mrtool {

struct ResponseCodeRow {
  std::uint32_t code;  // without the layer, parameter and handle that it is about
  std::string_view name;
  std::string_view meaning;  // "the TPM ..."
  std::string_view advice;   // "; "-joined behind the meaning; may be empty
  bool retried = false;      // nothing was done, and the same command may succeed presently
};

std::span<const ResponseCodeRow> response_codes();
// nullptr for a code that is not in the table.
const ResponseCodeRow* find_response_code(std::uint32_t code);

// "the TPM ... (TPM_RC_X); do ...". A code that is not in the table is told by libtss2, else as a number.
std::string describe_response_code(const Tss2& tss2, std::uint32_t code);

// Calls again, after pauses that grow, as long as the code says that the command was not executed and may be; gives up
// after about five seconds and returns the last code. `pause` waits.
std::uint32_t with_retries(const std::function<std::uint32_t()>& call,
                           const std::function<void(std::chrono::milliseconds)>& pause);

}  // namespace mrtool
