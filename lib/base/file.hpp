// One file that is changed in place and has to survive its program being killed: what extending a register keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool {

// An open file. Calls go on after EINTR and short writes. All fail with ErrorKind::io, the path and the system's
// reason.
class File {
 public:
  virtual ~File() = default;

  virtual const std::string& path() const = 0;
  virtual Result<std::uint64_t> size() = 0;  // bytes
  // At most `size` bytes, fewer where the file ends.
  virtual Result<Bytes> read_at(std::uint64_t offset, std::size_t size) = 0;
  virtual Status write_at(std::uint64_t offset, ByteView bytes) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  // Waits until the content is on the device; not so where the file system has nothing to wait for.
  virtual Status sync() = 0;
  // Makes sure that `size` bytes from `offset` on can be written, without changing the file's size. Does nothing where
  // the file system cannot promise that.
  virtual Status reserve(std::uint64_t offset, std::uint64_t size) = 0;
  // An exclusive flock(2), until the file is closed. False: somebody else has it.
  virtual Result<bool> try_lock() = 0;
  virtual Result<std::uint32_t> mode() = 0;  // permission bits, S_ISVTX included
  virtual Status set_mode(std::uint32_t mode) = 0;
  // Does its path still name this file? Not so when it was removed or replaced since it was opened.
  virtual bool is_in_place() = 0;
};

struct FileAccess {
  bool writable = true;
  bool create = true;            // where it is not there
  std::uint32_t mode = 0644;     // of a file that is made, whatever the umask
  bool follow_symlinks = false;  // O_NOFOLLOW otherwise
  bool own =
      false;  // fails unless it is this user's alone: nobody else's, writable by nobody else, without another name
};

// Opens a regular file; anything else fails.
Result<std::unique_ptr<File>> open_file(const std::string& path, const FileAccess& access);

}  // namespace mrtool
