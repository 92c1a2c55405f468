// The machine that mrtool runs on, as far as the library reaches it: files, directories and the place of /sys, /dev,
// /run and /var. Handed in, so that --root, tests and fault injection can stand in its place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/spool.hpp"

namespace mrtool {

// The path that means standard input.
inline constexpr std::string_view kStandardInput = "-";

// A stream of bytes, read once from front to back.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `buffer`, waiting for at least one byte; 0 means the end.
  virtual Result<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
};

enum class FileKind : std::uint8_t { absent, regular, directory, other };

class Host {
 public:
  virtual ~Host() = default;

  // A path of this machine (/sys/...) as it is to be opened: under --root when there is one.
  virtual std::string system_path(const std::string& path) const = 0;

  // Paths below are used as they are. Opening a directory fails (ErrorKind::io).
  virtual Result<std::unique_ptr<ByteSource>> open(const std::string& path) = 0;
  // The same from `offset` (bytes) on; at the end where there is no more.
  virtual Result<std::unique_ptr<ByteSource>> open_at(const std::string& path, std::uint64_t offset);
  virtual std::unique_ptr<ByteSource> standard_input() = 0;
  // What is there but cannot be looked at because of a fault is `other`: who opens it is told.
  virtual FileKind kind(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  // The whole of a file of at most `limit` bytes; a larger one fails. Never trusts the size that stat reports.
  Result<Bytes> read_file(const std::string& path, std::uint64_t limit);
  // Replaces or makes a file in one step: a reader sees the old one or all of the new one.
  virtual Status write_file(const std::string& path, ByteView content) = 0;
  // One ioctl on a device. The kernel gets `argument` and leaves its answer there. Fails (io) with the kernel's reason.
  virtual Status control(const std::string& device, unsigned long request, std::span<std::uint8_t> argument);
  // A file's permission bits, S_ISVTX included. The kernel's files keep to them whoever opens them.
  virtual Result<std::uint32_t> mode(const std::string& path);
  // Does the kernel itself serve this file or directory (sysfs, configfs, a character device), so that what is read
  // there is what it says and not what somebody wrote?
  virtual bool is_kernels(const std::string& path);
  // Microseconds since this machine was started, those that it slept included (CLOCK_BOOTTIME).
  virtual std::uint64_t since_boot();
  // One write(2) to a file that is there, as kernel attributes want it. Fails (io) where less than all was taken.
  virtual Status write_once(const std::string& path, ByteView content);
  // One directory, whose parent is there and which is not; and the removal of an empty one.
  virtual Status make_directory(const std::string& path);
  virtual Status remove_directory(const std::string& path);
  // A directory and those above it, as far as they are not there; mode 0755, whatever the umask.
  virtual Status make_directories(const std::string& path);
  // A file that is changed in place; as mrtool::open_file.
  virtual Result<std::unique_ptr<File>> open_file(const std::string& path, const FileAccess& access);
  // Gives a file another name in the same directory. Fails (io) where there is a file of that name already.
  virtual Status rename_file(const std::string& from, const std::string& to);
  // A place for bytes that are too many for memory.
  virtual std::unique_ptr<Spool> spool() { return std::make_unique<Spool>(std::string(kTemporaryDirectory)); }

 protected:
  static constexpr std::string_view kTemporaryDirectory = "/tmp";
};

// The real one. `root` is the prefix of system_path; empty for /. Spools are in `temporary_directory`; empty for /tmp.
std::unique_ptr<Host> make_host(std::string root, std::string temporary_directory = {});

// Lets detection look at the front of a source before a reader takes it.
class PeekSource final : public ByteSource {
 public:
  explicit PeekSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // The first `want` bytes, or all there are; they stay to be read. Valid until the next call. Memory grows with what
  // arrives, never with `want`.
  Result<ByteView> peek(std::uint64_t want);
  bool at_end_after_peek() const { return ended_; }  // the last peek saw the end of the source
  Result<std::size_t> read(std::span<std::uint8_t> buffer) override;

 private:
  std::unique_ptr<ByteSource> source_;
  Bytes held_;
  std::size_t given_ = 0;  // of held_
  bool ended_ = false;
};

// A source over bytes that the caller keeps alive.
std::unique_ptr<ByteSource> make_memory_source(ByteView bytes);
// Everything that is left of a source, at most `limit` bytes.
Result<Bytes> read_all(ByteSource& source, std::uint64_t limit);

}  // namespace mrtool
