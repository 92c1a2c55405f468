#include "lib/state/trusted_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/file_descriptor.hpp"

namespace mrtool {
namespace {

constexpr mode_t kWritableByOthers = 022;

std::unexpected<Error> not_trusted(const std::string& path, std::string_view what) {
  return io_error(path, what, EPERM);
}

bool is_own(const struct stat& status) {
  return status.st_uid == ::geteuid() || status.st_uid == 0;
}

Status check(const std::string& path, const struct stat& status) {
  if (!is_own(status)) {
    return not_trusted(path, "belongs to another user, who could decide the verdict: see who made it, and remove it");
  }
  if ((status.st_mode & kWritableByOthers) != 0) {
    return not_trusted(path, "can be written by others, who could decide the verdict: if it is sound, 'chmod go-w' it");
  }
  return {};
}

// Who may rename in the directory may put another file in the place.
Status check_directory(const std::string& path) {
  const std::string directory = directory_of(path);
  struct stat status = {};
  if (::stat(directory.c_str(), &status) != 0) {
    return io_error(directory, "cannot be looked at", errno);
  }
  if ((status.st_mode & S_ISVTX) != 0 && status.st_uid == 0) {
    return {};
  }
  if (!is_own(status) || (status.st_mode & kWritableByOthers) != 0) {
    return not_trusted(path, "is in a directory that others can write: keep it in one that this user alone can write");
  }
  return {};
}

Status write_all(int descriptor, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return io_error(path, "cannot be written", written < 0 ? errno : EIO);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

bool begins_with(const std::string& path, std::string_view beginning) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  std::string there(beginning.size(), '\0');
  return file.number() >= 0 &&
         ::pread(file.number(), there.data(), there.size(), 0) == static_cast<ssize_t>(there.size()) &&
         there == beginning;
}

}  // namespace

Result<std::optional<Bytes>> read_trusted_file(const std::string& path, std::uint64_t limit) {
  // Not to wait for the other end of a pipe that is in the file's place.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  if (file.number() < 0) {
    if (errno == ENOENT) {
      return std::optional<Bytes>();
    }
    return io_error(path, errno == ELOOP ? "is a symbolic link" : "cannot be opened", errno);
  }
  struct stat status = {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return io_error(path, "is no regular file", S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  }
  if (auto trusted = in_turn([&] { return check(path, status); }, [&] { return check_directory(path); }); !trusted) {
    return std::unexpected(std::move(trusted).error());
  }
  Bytes content;
  Bytes piece(64 * 1024);
  while (true) {
    const ssize_t got = ::read(file.number(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return io_error(path, "cannot be read", errno);
    }
    if (got == 0) {
      return content;
    }
    content.insert(content.end(), piece.begin(), piece.begin() + got);
    if (content.size() > limit) {
      return io_error(path, fmt::format("has more than {} bytes", limit), EFBIG);
    }
  }
}

bool is_untrusted(const Error& error) {
  return error.kind == ErrorKind::io && (error.system == EPERM || error.system == ELOOP);
}

Status check_trusted_place(const std::string& path, std::string_view beginning) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) {
      return io_error(path, "is no regular file, and is not replaced", EINVAL);
    }
    if (status.st_size != 0 && !begins_with(path, beginning)) {
      return io_error(path, "holds something else, and is not replaced", EEXIST);
    }
  }
  return check_directory(path);
}

Status write_trusted_file(const std::string& path, ByteView content, std::string_view beginning) {
  if (auto place = check_trusted_place(path, beginning); !place) {
    return place;
  }
  std::string temporary = directory_of(path) + "/.mrtool-XXXXXX";
  FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // of mode 0600
  if (file.number() < 0) {
    return io_error(path, "cannot be created", errno);
  }
  Status done = write_all(file.number(), content, path);
  if (done && ::fsync(file.number()) != 0) {
    done = io_error(path, "cannot be synchronised", errno);
  }
  if (done && file.close() != 0) {
    done = io_error(path, "cannot be written", errno);
  }
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) {
    done = io_error(path, "cannot be put in its place", errno);
  }
  if (!done) {
    (void)::unlink(temporary.c_str());
    return done;
  }
  sync_directory(directory_of(path));
  return {};
}

}  // namespace mrtool
