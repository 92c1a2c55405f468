#include "lib/base/file_descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

namespace mrtool {

int FileDescriptor::close() {
  return number_ < 0 ? 0 : ::close(std::exchange(number_, -1));
}

std::unexpected<Error> io_error(const std::string& path, std::string_view what, int error) {
  return std::unexpected(Error{.kind = ErrorKind::io,
                               .message = fmt::format("{}: {}", what, std::strerror(error)),
                               .file = path,
                               .offset = {},
                               .record = {},
                               .system = error});
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

void sync_directory(const std::string& directory) {
  const FileDescriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() >= 0) {
    (void)::fsync(opened.number());
  }
}

}  // namespace mrtool
