#include "tools/mrtool/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>

namespace mrtool {
namespace {

constexpr std::size_t kBufferSize = 64 * 1024;  // bytes gathered before a write
constexpr mode_t kNewFileMode = 0666;           // less the umask, as for any file that a shell would make

// Writes all of the text; the error number, or 0.
int write_to(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// How many of the file's first bytes the system has copied.
std::uint64_t send_to(int descriptor, int file, std::uint64_t size) {
  constexpr std::uint64_t kAtOnce = 16 * 1024 * 1024;
  off_t sent = 0;
  while (static_cast<std::uint64_t>(sent) < size) {
    const auto left = size - static_cast<std::uint64_t>(sent);
    if (::sendfile(descriptor, file, &sent, static_cast<std::size_t>(std::min(left, kAtOnce))) <= 0) {
      break;
    }
  }
  return static_cast<std::uint64_t>(sent);
}

std::string reason_of(int number) {
  return strerrordesc_np(number) != nullptr ? strerrordesc_np(number) : "unknown";
}

std::string link_of(int descriptor) {
  return fmt::format("/proc/self/fd/{}", descriptor);
}

// A file without a name in the directory of `path`, which is gone with the process however that ends; -1 where the
// file system has no such files, or they could not be named.
int open_unnamed(const std::string& path) {
  constexpr mode_t kOwnOnly = 0600;
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kOwnOnly);
  if (descriptor >= 0 && ::access(link_of(descriptor).c_str(), F_OK) != 0) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

bool is_unnamed(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0;
}

// Names a file that has no name: `beginning` and what no other file there has. Empty, with errno, where it cannot be.
std::string name_file(int descriptor, const std::string& beginning) {
  constexpr int kTries = 100;
  std::random_device random;
  for (int i = 0; i < kTries; ++i) {
    std::string name = fmt::format("{}.{:08x}", beginning, random());
    if (::linkat(AT_FDCWD, link_of(descriptor).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      return name;
    }
    if (errno != EEXIST) {
      break;
    }
  }
  return {};
}

mode_t current_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

}  // namespace

void Output::settle() {
  if (buffer_.size() >= kBufferSize) {
    flush();
  }
}

void Output::flush() {
  write(buffer_);
  buffer_.clear();
}

void Output::put(std::string_view text) {
  flush();
  write(text);
}

std::uint64_t Output::send(int file, std::uint64_t size) {
  flush();
  return failed() || file < 0 ? 0 : send_all(file, size);
}

void Output::write(std::string_view text) {
  if (!failed() && !text.empty()) {
    std::string reason;
    switch (write_all(text, reason)) {
      case Wrote::all:
        break;
      case Wrote::reader_gone:
        reader_gone_ = true;
        break;
      case Wrote::failed:
        error_ = Error{.kind = ErrorKind::io,
                       .message = fmt::format("cannot write: {}", reason),
                       .file = std::string(name()),
                       .offset = {},
                       .record = {}};
        break;
    }
  }
}

Output::Wrote DescriptorOutput::write_all(std::string_view text, std::string& reason) {
  const int number = write_to(descriptor_, text);
  if (number == 0) {
    return Wrote::all;
  }
  if (number == EPIPE) {
    return Wrote::reader_gone;
  }
  reason = reason_of(number);
  return Wrote::failed;
}

std::uint64_t DescriptorOutput::send_all(int file, std::uint64_t size) {
  return send_to(descriptor_, file, size);
}

Status FileOutput::fail_with(std::string_view what, int number) const {
  return std::unexpected(Error{.kind = ErrorKind::io,
                               .message = fmt::format("{}: {}", what, reason_of(number)),
                               .file = path_,
                               .offset = {},
                               .record = {}});
}

Result<std::unique_ptr<FileOutput>> FileOutput::create(const std::string& path) {
  std::unique_ptr<FileOutput> output(new FileOutput);
  output->path_ = path;
  output->target_ = path;
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    output->descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (output->descriptor_ < 0) {
      return std::unexpected(output->fail_with("cannot open it for writing", errno).error());
    }
    return output;
  }
  if (exists) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (real) {
      output->target_ = real.get();
    }
  }
  output->descriptor_ = open_unnamed(output->target_);
  if (output->descriptor_ < 0) {
    std::string temporary = output->target_ + ".XXXXXX";
    output->descriptor_ = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (output->descriptor_ < 0) {
      return std::unexpected(output->fail_with("cannot make a file beside it", errno).error());
    }
    output->temporary_ = std::move(temporary);
  }
  constexpr mode_t kPermissions = 07777;
  const mode_t mode = exists ? status.st_mode & kPermissions : kNewFileMode & ~current_umask();
  if (::fchmod(output->descriptor_, mode) != 0) {
    return std::unexpected(output->fail_with("cannot set its mode", errno).error());
  }
  return output;
}

FileOutput::~FileOutput() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

Output::Wrote FileOutput::write_all(std::string_view text, std::string& reason) {
  const int number = write_to(descriptor_, text);
  if (number == 0) {
    return Wrote::all;
  }
  if (number == EPIPE) {
    return Wrote::reader_gone;
  }
  reason = reason_of(number);
  return Wrote::failed;
}

std::uint64_t FileOutput::send_all(int file, std::uint64_t size) {
  return send_to(descriptor_, file, size);
}

Status FileOutput::commit() {
  flush();
  if (error()) {
    return std::unexpected(*error());
  }
  const bool unnamed = temporary_.empty() && is_unnamed(descriptor_);
  if (temporary_.empty() && !unnamed) {
    return {};
  }
  if (::fsync(descriptor_) != 0) {
    return fail_with("cannot synchronise it", errno);
  }
  if (unnamed) {
    temporary_ = name_file(descriptor_, target_);
    if (temporary_.empty()) {
      return fail_with("cannot put it in its place", errno);
    }
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    return fail_with("cannot put it in its place", errno);
  }
  temporary_.clear();
  return {};
}

}  // namespace mrtool
