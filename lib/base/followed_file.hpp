// A file that others append to, read on at its end: a list that the kernel serves, or a copy that somebody keeps up to
// date. What has been read must stay the file's front, or reading on would pass over something: check() tells.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lib/base/file_descriptor.hpp"
#include "lib/base/host.hpp"

namespace mrtool {

class FollowedFile final : public ByteSource {
 public:
  // Follows symbolic links. Fails (io) for what is no regular file: it has no end to wait at.
  static Result<std::unique_ptr<FollowedFile>> open(const std::string& path);

  // 0 means the end for now: call again. The descriptor stays open, so that a file of the kernel (a seq_file) goes on
  // where it was instead of being made anew up to there, and so that nobody takes entries out of an IMA list meanwhile.
  Result<std::size_t> read(std::span<std::uint8_t> buffer) override;

  // Is what has been read still the front of what the path names? Of the file that is open, its first kFrontBytes and,
  // where it has one, its size are looked at. A file that took its place is compared with all that was read, and read
  // on from there. Fails: check_failed where it is not so; io.
  Status check();

  std::uint64_t position() const { return position_; }  // bytes read

  static constexpr std::size_t kFrontBytes = 4096;

 private:
  FollowedFile(FileDescriptor file, std::string path) : path_(std::move(path)) { file_.emplace(std::move(file)); }
  Result<bool> is_front_of(const FileDescriptor& other);

  std::optional<FileDescriptor> file_;  // always there; optional because descriptors are not assigned
  std::string path_;
  Bytes front_;
  std::uint64_t position_ = 0;
};

}  // namespace mrtool
