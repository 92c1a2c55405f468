#include "lib/tpm/libtss2.hpp"

#include <fmt/format.h>

#include "lib/base/shared_library.hpp"

namespace mrtool {

namespace {

constexpr SharedLibrary kLoader{"a TPM", "libtss2-tctildr.so.0", "libtss2-tctildr0"};
constexpr SharedLibrary kEsys{"a TPM", "libtss2-esys.so.0", "libtss2-esys-3.0.2-0"};
constexpr SharedLibrary kCodes{"a TPM", "libtss2-rc.so.0", "libtss2-rc0"};

Result<Tss2> load() {
  MRTOOL_TRY(loader, load_library(kLoader));
  MRTOOL_TRY(esys, load_library(kEsys));
  Tss2 tss2;
  const bool complete =
      find_function(loader, "Tss2_TctiLdr_Initialize", tss2.tcti_initialize) &&
      find_function(loader, "Tss2_TctiLdr_Finalize", tss2.tcti_finalize) &&
      find_function(esys, "Esys_Initialize", tss2.esys_initialize) &&
      find_function(esys, "Esys_Finalize", tss2.esys_finalize) &&
      find_function(esys, "Esys_GetCapability", tss2.get_capability) &&
      find_function(esys, "Esys_PCR_Read", tss2.pcr_read) && find_function(esys, "Esys_PCR_Extend", tss2.pcr_extend) &&
      find_function(esys, "Esys_PCR_Event", tss2.pcr_event) && find_function(esys, "Esys_Free", tss2.free);
  if (!complete) {
    return fail(ErrorKind::io, fmt::format("{} and {} lack functions that are needed; install version 3 or later of {}",
                                           kLoader.file, kEsys.file, kEsys.package));
  }
  if (const auto codes = load_library(kCodes)) {
    find_function(*codes, "Tss2_RC_Decode", tss2.rc_decode);
  }
  return tss2;
}

}  // namespace

Result<const Tss2*> load_tss2() {
  static const Result<Tss2> loaded = load();
  if (!loaded) {
    return std::unexpected(loaded.error());
  }
  return &*loaded;
}

}  // namespace mrtool
