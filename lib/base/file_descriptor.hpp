// What lib/base shares of the system's file interface.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "lib/base/error.hpp"

namespace mrtool {

// Owns a descriptor; a negative number is none.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() { close(); }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int number() const { return number_; }
  // Closes now, so that a late write error is seen. As close(2).
  int close();

 private:
  int number_;
};

// "what: the reason of errno `error`", about `path`.
std::unexpected<Error> io_error(const std::string& path, std::string_view what, int error);

std::string directory_of(const std::string& path);
// What was made or renamed in a directory is there after a crash, too; not so where the file system cannot sync one.
void sync_directory(const std::string& directory);

}  // namespace mrtool
