#include "lib/base/shared_library.hpp"

#include <fmt/format.h>

namespace mrtool {

Result<void*> load_library(const SharedLibrary& library) {
  if (void* const handle = ::dlopen(library.file, RTLD_NOW | RTLD_LOCAL)) {
    return handle;
  }
  const char* const reason = ::dlerror();
  return fail(ErrorKind::io,
              fmt::format("{} needs the library {}, which cannot be loaded ({}); install the package {}", library.user,
                          library.file, reason == nullptr ? "no reason given" : reason, library.package));
}

}  // namespace mrtool
