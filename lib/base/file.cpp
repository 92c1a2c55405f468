#include "lib/base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/file_descriptor.hpp"

namespace mrtool {
namespace {

constexpr mode_t kModeBits = 07777;

// Calls again what a signal broke off.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) {
    result = call();
  }
  return result;
}

class RealFile final : public File {
 public:
  RealFile(FileDescriptor file, std::string path, bool follow_symlinks)
      : file_(std::move(file)), path_(std::move(path)), follow_symlinks_(follow_symlinks) {}

  const std::string& path() const override { return path_; }

  Result<std::uint64_t> size() override {
    MRTOOL_TRY(now, status());
    return static_cast<std::uint64_t>(now.st_size);
  }

  Result<Bytes> read_at(std::uint64_t offset, std::size_t size) override {
    MRTOOL_TRY(length, this->size());
    Bytes out(static_cast<std::size_t>(std::min<std::uint64_t>(size, length - std::min(length, offset))));
    std::size_t have = 0;
    while (have < out.size()) {
      const ssize_t got = uninterrupted([&] {
        return ::pread(file_.number(), out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
      });
      if (got < 0) {
        return io_error(path_, "cannot be read", errno);
      }
      if (got == 0) {
        break;
      }
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
  }

  Status write_at(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = uninterrupted(
          [&] { return ::pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (written <= 0) {
        return io_error(path_, "cannot be written", written < 0 ? errno : EIO);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Status truncate(std::uint64_t size) override {
    const int done = uninterrupted([&] { return ::ftruncate(file_.number(), static_cast<off_t>(size)); });
    return done == 0 ? Status() : io_error(path_, "cannot be cut", errno);
  }

  Status sync() override {
    const int done = uninterrupted([&] { return ::fdatasync(file_.number()); });
    return done == 0 || errno == EINVAL || errno == ENOSYS ? Status() : io_error(path_, "cannot be synced", errno);
  }

  Status reserve(std::uint64_t offset, std::uint64_t size) override {
    if (size == 0) {
      return {};
    }
    // The kernel asks after the limit when the file grows, which is too late.
    rlimit limit = {};
    if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && offset + size > limit.rlim_cur) {
      return io_error(path_, "has no room", EFBIG);
    }
    const int done = uninterrupted([&] {
      return ::fallocate(file_.number(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size));
    });
    return done == 0 || errno == EOPNOTSUPP || errno == ENOSYS ? Status() : io_error(path_, "has no room", errno);
  }

  Result<bool> try_lock() override {
    if (uninterrupted([&] { return ::flock(file_.number(), LOCK_EX | LOCK_NB); }) == 0) {
      return true;
    }
    return errno == EWOULDBLOCK ? Result<bool>(false) : io_error(path_, "cannot be locked", errno);
  }

  Result<std::uint32_t> mode() override {
    MRTOOL_TRY(now, status());
    return now.st_mode & kModeBits;
  }

  Status set_mode(std::uint32_t mode) override {
    return ::fchmod(file_.number(), mode & kModeBits) == 0 ? Status()
                                                           : io_error(path_, "cannot be given another mode", errno);
  }

  bool is_in_place() override {
    struct stat named = {};
    const auto own = status();
    const int found = follow_symlinks_ ? ::stat(path_.c_str(), &named) : ::lstat(path_.c_str(), &named);
    return own && found == 0 && named.st_dev == own->st_dev && named.st_ino == own->st_ino;
  }

 private:
  Result<struct stat> status() {
    struct stat now = {};
    if (::fstat(file_.number(), &now) != 0) {
      return io_error(path_, "cannot be looked at", errno);
    }
    return now;
  }

  FileDescriptor file_;
  std::string path_;
  bool follow_symlinks_;
};

}  // namespace

Result<std::unique_ptr<File>> open_file(const std::string& path, const FileAccess& access) {
  // Not to wait for the other end of a pipe that is in the file's place.
  const int flags =
      O_CLOEXEC | O_NONBLOCK | (access.writable ? O_RDWR : O_RDONLY) | (access.follow_symlinks ? 0 : O_NOFOLLOW);
  int number = uninterrupted([&] { return ::open(path.c_str(), flags); });
  bool made = false;
  if (number < 0 && errno == ENOENT && access.create) {
    number = uninterrupted([&] { return ::open(path.c_str(), flags | O_CREAT | O_EXCL, access.mode); });
    made = number >= 0;
    if (!made && errno == EEXIST) {  // somebody else was faster
      number = uninterrupted([&] { return ::open(path.c_str(), flags); });
    }
  }
  if (number < 0) {
    return io_error(path, errno == ELOOP && !access.follow_symlinks ? "is a symbolic link" : "cannot be opened", errno);
  }
  FileDescriptor file(number);
  struct stat status = {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return io_error(path, "is no regular file", S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  }
  constexpr mode_t kWritableByOthers = 022;
  if (access.own &&
      (status.st_uid != ::geteuid() || status.st_nlink != 1 || (!made && (status.st_mode & kWritableByOthers) != 0))) {
    return io_error(path, "is not this user's alone, and is not trusted: see who made it, and remove it", EPERM);
  }
  if (made) {
    (void)::fchmod(file.number(), access.mode & kModeBits);
    sync_directory(directory_of(path));
  }
  return std::make_unique<RealFile>(std::move(file), path, access.follow_symlinks);
}

}  // namespace mrtool
