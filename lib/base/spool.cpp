#include "lib/base/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lib/base/host.hpp"

namespace mrtool {

class SpoolSource final : public ByteSource {
 public:
  SpoolSource(const Spool& spool, std::uint64_t offset) : spool_(spool), offset_(offset) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    auto got = spool_.read_at(offset_, buffer);
    offset_ += got.value_or(0);
    return got;
  }

 private:
  const Spool& spool_;
  std::uint64_t offset_;
};

Spool::~Spool() {
  if (file_ >= 0) {
    ::close(file_);
  }
}

std::unexpected<Error> Spool::failed(std::string_view what, int number) const {
  return std::unexpected(Error{.kind = ErrorKind::io,
                               .message = fmt::format("a temporary file {}: {}", what, std::strerror(number)),
                               .file = directory_,
                               .offset = {},
                               .record = {}});
}

Status Spool::make_file() {
  constexpr mode_t kOwnerOnly = 0600;
  file_ = ::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (file_ >= 0) {
    return {};
  }
  // Not every file system has nameless files; a name that is taken away at once is the next best.
  std::string path = fmt::format("{}/mrtool-XXXXXX", directory_);
  file_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (file_ < 0) {
    return failed("cannot be made", errno);
  }
  (void)::unlink(path.c_str());
  return {};
}

Status Spool::write_to_file(ByteView bytes) {
  if (file_ < 0) {
    if (auto made = make_file(); !made) {
      return made;
    }
  }
  const std::size_t size = bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return failed("cannot be written", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  filed_ += size;
  return {};
}

Status Spool::append(ByteView bytes) {
  constexpr std::size_t kPiece = 64 * 1024;  // what is worth a write of its own, and then needs no copy
  if (file_ >= 0 && held_.empty() && bytes.size() >= kPiece) {
    return write_to_file(bytes);
  }
  held_.insert(held_.end(), bytes.begin(), bytes.end());
  if (held_.size() <= kMemory) {
    return {};
  }
  auto written = write_to_file(held_);
  held_.clear();
  return written;
}

Result<std::size_t> Spool::read_at(std::uint64_t offset, std::span<std::uint8_t> buffer) const {
  const auto copy_from = [&buffer](const Bytes& bytes, std::uint64_t at) {
    const ByteView rest = ByteView(bytes).subspan(static_cast<std::size_t>(at));
    const std::size_t count = std::min(rest.size(), buffer.size());
    std::ranges::copy(rest.first(count), buffer.begin());
    return count;
  };
  if (offset < head_.size()) {
    return copy_from(head_, offset);
  }
  offset -= head_.size();
  if (offset >= filed_) {
    return copy_from(held_, std::min<std::uint64_t>(offset - filed_, held_.size()));
  }
  return read_file(offset, filed_, buffer);
}

Result<std::size_t> Spool::read_file(std::uint64_t offset, std::uint64_t end, std::span<std::uint8_t> buffer) const {
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - offset));
  for (;;) {
    const ssize_t got = ::pread(file_, buffer.data(), wanted, static_cast<off_t>(offset));
    if (got > 0) {
      return static_cast<std::size_t>(got);
    }
    if (got == 0) {
      return failed("has lost bytes", EIO);
    }
    if (errno != EINTR) {
      return failed("cannot be read", errno);
    }
  }
}

std::unique_ptr<ByteSource> Spool::open(std::uint64_t offset) const {
  return std::make_unique<SpoolSource>(*this, offset);
}

}  // namespace mrtool
