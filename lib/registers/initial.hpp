// Where registers start: the platforms' rules (TPM 2.0 part 1, 17.3 and PC Client PTP 4.6 for PCRs; TDX module 1.5 and
// RMM 1.0 for RTMRs and REMs).
#pragma once

#include <string>
#include <string_view>

#include "lib/crypto/digest.hpp"
#include "lib/record/register.hpp"

namespace mrtool {

inline constexpr std::string_view kInitialIsGiven = "--initial";  // the reason of a value that the caller gave

struct InitialValue {
  Digest value;
  std::string reason;  // "platform rule: PCR 1 starts at zeros", "StartupLocality 3 in record 1", "--initial", ...
};

// `size` is the bank's, in bytes. `extended`: a record extends it, so that a dynamic PCR (17-22) has been reset to
// zeros by a dynamic launch; otherwise it still holds ones.
InitialValue platform_initial_value(const Register& reg, std::size_t size, bool extended);

// PCR 0 after startup at a locality, or after an H-CRTM sequence (locality 4).
Digest locality_initial_value(std::size_t size, std::uint8_t locality);

}  // namespace mrtool
