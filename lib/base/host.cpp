#include "lib/base/host.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "lib/base/file_descriptor.hpp"
#include "lib/base/limits.hpp"

namespace mrtool {

namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(FileDescriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    for (int again = 0;;) {
      const ssize_t got = ::read(file_.number(), buffer.data(), buffer.size());
      if (got >= 0) {
        offset_ += got;
        return static_cast<std::size_t>(got);
      }
      const int error = errno;
      if (error == EINTR || (error == ENODEV && ++again < kReopenings && reopen())) {
        continue;
      }
      return io_error(path_, "cannot be read", error);
    }
  }

  bool skip_to(std::uint64_t offset) {
    offset_ = static_cast<off_t>(offset);
    return ::lseek(file_.number(), offset_, SEEK_SET) == offset_;
  }

 private:
  static constexpr int kReopenings = 1000;

  // Measurement logs of the kernel are made anew, longer, whenever something is logged: what is open then is gone, and
  // goes on where it was in the file that took its place (TSM observations, B 16).
  bool reopen() {
    struct stat status = {};
    if (path_ == kStandardInput || ::fstat(file_.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return false;
    }
    FileDescriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0 || ::lseek(file.number(), offset_, SEEK_SET) != offset_) {
      return false;
    }
    file_ = std::move(file);
    return true;
  }

  FileDescriptor file_;
  std::string path_;
  off_t offset_ = 0;  // in a file that can be sought in
};

Status write_all(const FileDescriptor& file, ByteView content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(file.number(), content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return io_error(path, "cannot be written", errno);
    }
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// Writes and syncs a new file beside the target, then renames it over the target.
Status write_beside_and_rename(const std::string& path, const std::string& temporary, FileDescriptor file,
                               ByteView content) {
  if (auto written = write_all(file, content, path); !written) {
    return written;
  }
  if (::fsync(file.number()) != 0 && errno != EINVAL) {
    return io_error(path, "cannot be synced", errno);
  }
  if (file.close() != 0) {
    return io_error(path, "cannot be written", errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return io_error(path, "cannot be replaced", errno);
  }
  sync_directory(directory_of(path));
  return {};
}

class RealHost final : public Host {
 public:
  RealHost(std::string root, std::string temporary_directory)
      : root_(std::move(root)), temporary_directory_(std::move(temporary_directory)) {
    if (temporary_directory_.empty()) {
      temporary_directory_ = kTemporaryDirectory;
    }
    while (root_.ends_with('/')) {
      root_.pop_back();
    }
  }

  std::string system_path(const std::string& path) const override { return root_ + path; }

  Result<std::unique_ptr<ByteSource>> open(const std::string& path) override { return open_at(path, 0); }

  Result<std::unique_ptr<ByteSource>> open_at(const std::string& path, std::uint64_t offset) override {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) {
      return io_error(path, "cannot be opened", errno);
    }
    struct stat status = {};
    if (::fstat(file.number(), &status) == 0 && S_ISDIR(status.st_mode)) {
      return io_error(path, "cannot be read", EISDIR);
    }
    auto source = std::make_unique<FileSource>(std::move(file), path);
    if (offset != 0 && !source->skip_to(offset)) {
      return io_error(path, "cannot be read from its middle on", errno);
    }
    return source;
  }

  std::unique_ptr<ByteSource> standard_input() override {
    return std::make_unique<FileSource>(FileDescriptor(::dup(STDIN_FILENO)), std::string(kStandardInput));
  }

  FileKind kind(const std::string& path) override {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
      return errno == EIO || errno == ENOMEM ? FileKind::other : FileKind::absent;
    }
    if (S_ISDIR(status.st_mode)) {
      return FileKind::directory;
    }
    return S_ISREG(status.st_mode) ? FileKind::regular : FileKind::other;
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(directory.c_str()), &::closedir);
    if (!handle) {
      return io_error(directory, "cannot be listed", errno);
    }
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(handle.get());
      if (entry == nullptr) {
        if (errno != 0) {
          return io_error(directory, "cannot be listed", errno);
        }
        break;
      }
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        names.emplace_back(name);
      }
    }
    std::ranges::sort(names);
    return names;
  }

  Status write_file(const std::string& path, ByteView content) override {
    // A device or pipe cannot be replaced and is written to.
    if (kind(path) == FileKind::other) {
      const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (file.number() < 0) {
        return io_error(path, "cannot be opened", errno);
      }
      return write_all(file, content, path);
    }
    std::string temporary = directory_of(path) + "/.mrtool-XXXXXX";
    FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (file.number() < 0) {
      return io_error(path, "cannot be created", errno);
    }
    struct stat status = {};
    const mode_t mask = ::umask(0);
    ::umask(mask);
    const mode_t mode = ::stat(path.c_str(), &status) == 0 ? (status.st_mode & 07777U) : (0666U & ~mask);
    (void)::fchmod(file.number(), mode);
    auto done = write_beside_and_rename(path, temporary, std::move(file), content);
    if (!done) {
      (void)::unlink(temporary.c_str());
    }
    return done;
  }

  Status control(const std::string& device, unsigned long request, std::span<std::uint8_t> argument) override {
    const FileDescriptor file(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (file.number() < 0) {
      return io_error(device, "cannot be opened", errno);
    }
    if (::ioctl(file.number(), request, argument.data()) < 0) {
      return io_error(device, "does not answer", errno);
    }
    return {};
  }

  Result<std::uint32_t> mode(const std::string& path) override {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
      return io_error(path, "cannot be looked at", errno);
    }
    return status.st_mode & 07777U;
  }

  bool is_kernels(const std::string& path) override {
    constexpr auto kConfigfsMagic = 0x62656570;  // fs/configfs/mount.c: no header has it
    struct stat status = {};
    if (::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode)) {
      return true;
    }
    struct statfs system = {};
    return ::statfs(path.c_str(), &system) == 0 && (system.f_type == SYSFS_MAGIC || system.f_type == kConfigfsMagic);
  }

  Status write_once(const std::string& path, ByteView content) override {
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.number() < 0) {
      return io_error(path, "cannot be opened", errno);
    }
    const ssize_t written = ::write(file.number(), content.data(), content.size());
    if (written < 0) {
      return io_error(path, "cannot be written", errno);
    }
    if (static_cast<std::size_t>(written) != content.size()) {
      return io_error(path, fmt::format("took {} of {} bytes", written, content.size()), EIO);
    }
    return file.close() == 0 ? Status() : io_error(path, "cannot be written", errno);
  }

  Status make_directory(const std::string& path) override {
    constexpr mode_t kMode = 0777;  // less the umask
    return ::mkdir(path.c_str(), kMode) == 0 ? Status() : io_error(path, "cannot be created", errno);
  }

  Status remove_directory(const std::string& path) override {
    return ::rmdir(path.c_str()) == 0 ? Status() : io_error(path, "cannot be removed", errno);
  }

  Status make_directories(const std::string& path) override {
    constexpr mode_t kMode = 0755;
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string part = path.substr(0, end);
      const int error = ::mkdir(part.c_str(), kMode) == 0 ? 0 : errno;
      if (error == 0) {
        (void)::chmod(part.c_str(), kMode);
        sync_directory(directory_of(part));
      } else if (kind(part) != FileKind::directory) {
        return io_error(part, "cannot be created", error == EEXIST ? ENOTDIR : error);
      }
      if (end == std::string::npos) {
        return {};
      }
    }
  }

  Result<std::unique_ptr<File>> open_file(const std::string& path, const FileAccess& access) override {
    return mrtool::open_file(path, access);
  }

  Status rename_file(const std::string& from, const std::string& to) override {
    int error = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
    if (error == EINVAL || error == ENOSYS) {  // the file system cannot spare what is there
      error = kind(to) != FileKind::absent ? EEXIST : ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
    }
    if (error != 0) {
      return io_error(from, fmt::format("cannot be renamed to {}", to), error);
    }
    sync_directory(directory_of(to));
    return {};
  }

  std::unique_ptr<Spool> spool() override { return std::make_unique<Spool>(temporary_directory_); }

 private:
  std::string root_;
  std::string temporary_directory_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) : bytes_(bytes) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t n = std::min(buffer.size(), bytes_.size());
    std::ranges::copy(bytes_.first(n), buffer.begin());
    bytes_ = bytes_.subspan(n);
    return n;
  }

 private:
  ByteView bytes_;
};

}  // namespace

std::unique_ptr<Host> make_host(std::string root, std::string temporary_directory) {
  return std::make_unique<RealHost>(std::move(root), std::move(temporary_directory));
}

std::unique_ptr<ByteSource> make_memory_source(ByteView bytes) {
  return std::make_unique<MemorySource>(bytes);
}

Result<Bytes> read_all(ByteSource& source, std::uint64_t limit) {
  constexpr std::size_t kFirst = 4096;  // most files that are read whole are small, and room costs its zeros
  Bytes out;
  for (;;) {
    const std::size_t had = out.size();
    out.resize(had + std::clamp<std::size_t>(had, kFirst, limits::kReadPiece));
    MRTOOL_TRY(got, source.read(std::span(out).subspan(had)));
    out.resize(had + got);
    if (got == 0) {
      return out;
    }
    if (out.size() > limit) {
      return fail(ErrorKind::malformed, fmt::format("larger than the {} bytes that are read here", limit));
    }
  }
}

Status Host::control(const std::string& device, unsigned long, std::span<std::uint8_t>) {
  return io_error(device, "cannot be opened", ENODEV);
}

std::uint64_t Host::since_boot() {
  constexpr std::uint64_t kMicroseconds = 1'000'000;
  constexpr std::uint64_t kNanoseconds = 1'000;
  struct timespec now = {};
  (void)::clock_gettime(CLOCK_BOOTTIME, &now);  // it fails for no clock that there is
  return static_cast<std::uint64_t>(now.tv_sec) * kMicroseconds +
         static_cast<std::uint64_t>(now.tv_nsec) / kNanoseconds;
}

Result<std::uint32_t> Host::mode(const std::string& path) {
  return io_error(path, "cannot be looked at", ENOTSUP);
}

bool Host::is_kernels(const std::string&) {
  return false;
}

Status Host::write_once(const std::string& path, ByteView /*content*/) {
  return io_error(path, "cannot be written", ENOTSUP);
}

Status Host::make_directory(const std::string& path) {
  return io_error(path, "cannot be created", ENOTSUP);
}

Status Host::remove_directory(const std::string& path) {
  return io_error(path, "cannot be removed", ENOTSUP);
}

Result<std::unique_ptr<ByteSource>> Host::open_at(const std::string& path, std::uint64_t offset) {
  MRTOOL_TRY(source, open(path));
  Bytes passed(limits::kReadPiece);
  while (offset > 0) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(offset, passed.size()));
    MRTOOL_TRY(got, source->read(std::span(passed).first(wanted)));
    if (got == 0) {
      break;
    }
    offset -= got;
  }
  return source;
}

Status Host::make_directories(const std::string& path) {
  return io_error(path, "cannot be created", ENOTSUP);
}

Result<std::unique_ptr<File>> Host::open_file(const std::string& path, const FileAccess& /*access*/) {
  return io_error(path, "cannot be opened", ENOTSUP);
}

Status Host::rename_file(const std::string& from, const std::string& /*to*/) {
  return io_error(from, "cannot be renamed", ENOTSUP);
}

Result<Bytes> Host::read_file(const std::string& path, std::uint64_t limit) {
  MRTOOL_TRY(source, open(path));
  auto content = read_all(*source, limit);
  if (!content && content.error().file.empty()) {
    content.error().file = path;
  }
  return content;
}

Result<ByteView> PeekSource::peek(std::uint64_t want) {
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(std::exchange(given_, 0)));
  while (held_.size() < want && !ended_) {
    std::size_t had = held_.size();
    const auto piece = std::clamp<std::uint64_t>(had, limits::kFirstPiece, limits::kReadPiece);
    held_.resize(had + std::min<std::uint64_t>(piece, want - had));
    while (had < held_.size() && !ended_) {
      const auto got = source_->read(std::span(held_).subspan(had));
      if (!got) {
        held_.resize(had);
        return std::unexpected(got.error());
      }
      had += *got;
      ended_ = *got == 0;
    }
    held_.resize(had);
  }
  return ByteView(held_).first(std::min<std::size_t>(held_.size(), static_cast<std::size_t>(want)));
}

Result<std::size_t> PeekSource::read(std::span<std::uint8_t> buffer) {
  const std::size_t held = held_.size() - given_;
  if (held == 0) {
    return ended_ ? Result<std::size_t>(0) : source_->read(buffer);
  }
  const std::size_t n = std::min(buffer.size(), held);
  std::ranges::copy(ByteView(held_).subspan(given_, n), buffer.begin());
  given_ += n;
  if (given_ == held_.size()) {
    held_ = {};
    given_ = 0;
  }
  return n;
}

}  // namespace mrtool
