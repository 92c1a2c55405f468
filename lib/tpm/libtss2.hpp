// The functions of libtss2 that are used. Its libraries are loaded when a TPM is first asked for: a run that needs none
// does not pay for them, and works where they are not installed.
#pragma once

#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "lib/base/error.hpp"

namespace mrtool {

struct Tss2 {
  decltype(&Tss2_TctiLdr_Initialize) tcti_initialize = nullptr;
  decltype(&Tss2_TctiLdr_Finalize) tcti_finalize = nullptr;
  decltype(&Esys_Initialize) esys_initialize = nullptr;
  decltype(&Esys_Finalize) esys_finalize = nullptr;
  decltype(&Esys_GetCapability) get_capability = nullptr;
  decltype(&Esys_PCR_Read) pcr_read = nullptr;
  decltype(&Esys_PCR_Extend) pcr_extend = nullptr;
  decltype(&Esys_PCR_Event) pcr_event = nullptr;
  decltype(&Esys_Free) free = nullptr;
  decltype(&Tss2_RC_Decode) rc_decode = nullptr;  // may be nullptr: then codes stay numbers
};

// Loaded once, for as long as the process lives. Fails (io) with the package that is missing.
Result<const Tss2*> load_tss2();

}  // namespace mrtool
