#include "lib/tpm/libtss2.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace mrtool {

namespace {

constexpr Tss2Library kLoader{"libtss2-tctildr.so.0", "libtss2-tctildr0"};
constexpr Tss2Library kEsys{"libtss2-esys.so.0", "libtss2-esys-3.0.2-0"};
constexpr Tss2Library kCodes{"libtss2-rc.so.0", "libtss2-rc0"};

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));  // POSIX: this is how functions come out of dlsym
  return function != nullptr;
}

Result<Tss2> load() {
  MRTOOL_TRY(loader, load_library(kLoader));
  MRTOOL_TRY(esys, load_library(kEsys));
  Tss2 tss2;
  const bool complete = find(loader, "Tss2_TctiLdr_Initialize", tss2.tcti_initialize) &&
                        find(loader, "Tss2_TctiLdr_Finalize", tss2.tcti_finalize) &&
                        find(esys, "Esys_Initialize", tss2.esys_initialize) &&
                        find(esys, "Esys_Finalize", tss2.esys_finalize) &&
                        find(esys, "Esys_GetCapability", tss2.get_capability) &&
                        find(esys, "Esys_PCR_Read", tss2.pcr_read) && find(esys, "Esys_PCR_Extend", tss2.pcr_extend) &&
                        find(esys, "Esys_PCR_Event", tss2.pcr_event) && find(esys, "Esys_Free", tss2.free);
  if (!complete) {
    return fail(ErrorKind::io, fmt::format("{} and {} lack functions that are needed; install version 3 or later of {}",
                                           kLoader.file, kEsys.file, kEsys.package));
  }
  if (const auto codes = load_library(kCodes)) {
    find(*codes, "Tss2_RC_Decode", tss2.rc_decode);
  }
  return tss2;
}

}  // namespace

Result<void*> load_library(const Tss2Library& library) {
  if (void* const handle = ::dlopen(library.file, RTLD_NOW | RTLD_LOCAL)) {
    return handle;
  }
  const char* const reason = ::dlerror();
  return fail(ErrorKind::io,
              fmt::format("a TPM needs the library {}, which cannot be loaded ({}); install the package {}",
                          library.file, reason == nullptr ? "no reason given" : reason, library.package));
}

Result<const Tss2*> load_tss2() {
  static const Result<Tss2> loaded = load();
  if (!loaded) {
    return std::unexpected(loaded.error());
  }
  return &*loaded;
}

}  // namespace mrtool
