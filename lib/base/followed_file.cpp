#include "lib/base/followed_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "lib/base/limits.hpp"

namespace mrtool {
namespace {

std::unexpected<Error> replaced(const std::string& path, std::string_view how) {
  auto error = fail(ErrorKind::check_failed,
                    fmt::format("expected a file that only grows, found that {}: what was added since then cannot be "
                                "told; run again when it is whole",
                                how));
  error.error().file = path;
  return error;
}

// O_NONBLOCK: not to wait for the other end of a pipe.
Result<FileDescriptor> open_to_read(const std::string& path) {
  int number = 0;
  do {
    number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (number < 0 && errno == EINTR);
  if (number < 0) {
    return io_error(path, "cannot be opened", errno);
  }
  FileDescriptor file(number);
  struct stat status = {};
  if (::fstat(number, &status) != 0 || !S_ISREG(status.st_mode)) {
    return io_error(path, "cannot be followed, for it is no regular file", S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  }
  return file;
}

// Fewer bytes only at the end.
Result<std::size_t> read_some(const FileDescriptor& file, const std::string& path, std::span<std::uint8_t> buffer,
                              std::uint64_t offset) {
  std::size_t have = 0;
  while (have < buffer.size()) {
    const ssize_t got =
        ::pread(file.number(), buffer.data() + have, buffer.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno != EINTR) {
      return io_error(path, "cannot be read", errno);
    }
    if (got == 0) {
      break;
    }
    have += got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  return have;
}

}  // namespace

Result<std::unique_ptr<FollowedFile>> FollowedFile::open(const std::string& path) {
  MRTOOL_TRY(file, open_to_read(path));
  return std::unique_ptr<FollowedFile>(new FollowedFile(std::move(file), path));
}

Result<std::size_t> FollowedFile::read(std::span<std::uint8_t> buffer) {
  ssize_t got = 0;
  do {
    got = ::read(file_->number(), buffer.data(), buffer.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return io_error(path_, "cannot be read", errno);
  }
  const auto count = static_cast<std::size_t>(got);
  const std::size_t wanted = std::min(count, kFrontBytes - front_.size());
  front_.insert(front_.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(wanted));
  position_ += count;
  return count;
}

Status FollowedFile::check() {
  MRTOOL_TRY(named, open_to_read(path_));
  struct stat own = {};
  struct stat other = {};
  if (::fstat(file_->number(), &own) != 0 || ::fstat(named.number(), &other) != 0) {
    return io_error(path_, "cannot be looked at", errno);
  }
  if (own.st_dev != other.st_dev || own.st_ino != other.st_ino) {
    MRTOOL_TRY(same, is_front_of(named));
    if (!same) {
      return replaced(path_, "another one is in its place");
    }
    if (::lseek(named.number(), static_cast<off_t>(position_), SEEK_SET) < 0) {
      return io_error(path_, "cannot be read on", errno);
    }
    file_.emplace(std::move(named));
    return {};
  }
  // The kernel's files state no size.
  if (own.st_size > 0 && static_cast<std::uint64_t>(own.st_size) < position_) {
    return replaced(path_, fmt::format("it was cut to {} bytes after {} had been read", own.st_size, position_));
  }
  Bytes front(front_.size());
  MRTOOL_TRY(have, read_some(named, path_, front, 0));
  return have == front.size() && front == front_
             ? Status()
             : replaced(path_, "it begins with other bytes than those that were read");
}

// Does the other file begin with all that was read of this one?
Result<bool> FollowedFile::is_front_of(const FileDescriptor& other) {
  Bytes mine(limits::kReadPiece);
  Bytes theirs(limits::kReadPiece);
  for (std::uint64_t at = 0; at < position_;) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(limits::kReadPiece, position_ - at));
    MRTOOL_TRY(have, read_some(*file_, path_, std::span(mine).first(step), at));
    MRTOOL_TRY(found, read_some(other, path_, std::span(theirs).first(step), at));
    if (have != step || found != step ||
        !std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(step), theirs.begin())) {
      return false;
    }
    at += step;
  }
  return true;
}

}  // namespace mrtool
