// Shared libraries that are loaded when they are first needed: a run that needs none does not pay for them, and works
// where they are not installed.
#pragma once

#include <dlfcn.h>

#include "lib/base/error.hpp"

namespace mrtool {

// A shared library and the Debian package that has it.
struct SharedLibrary {
  const char* user;  // what cannot be done without it, as a subject: "a TPM"
  const char* file;
  const char* package;
};
// dlopen's handle, for as long as the process lives. Fails (io) with the package's name.
Result<void*> load_library(const SharedLibrary& library);

// False where the library has no function of that name.
template <class Function>
bool find_function(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));  // POSIX: this is how functions come out of dlsym
  return function != nullptr;
}

}  // namespace mrtool
