// Bytes that are kept aside: written once from front to back, then read any number of times. A few stay in memory; more
// go to a nameless temporary file that nobody else can open and that is gone with the process.
#pragma once

#include <memory>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace mrtool {

class ByteSource;

class Spool {
 public:
  // Bytes held before they go to a file.
  static constexpr std::size_t kMemory = 1024 * 1024;

  // `directory`: where the file is made once it is needed.
  explicit Spool(std::string directory) : directory_(std::move(directory)) {}
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Fails (io) where there is no room.
  Status append(ByteView bytes);
  // Puts bytes before all others; they stay in memory, so only a header is worth it.
  void put_first(ByteView bytes) { head_.insert(head_.begin(), bytes.begin(), bytes.end()); }
  std::uint64_t size() const { return head_.size() + filed_ + held_.size(); }

  // Reads from `offset` on, perhaps what was appended since. The spool outlives the source; calls do not overlap.
  std::unique_ptr<ByteSource> open(std::uint64_t offset = 0) const;

  // Bytes that are in the file, the first that were appended; they stay there.
  std::uint64_t filed() const { return filed_; }
  // The file, for the system to copy from, where its filed() bytes are the spool's first; else -1.
  int file() const { return head_.empty() ? file_ : -1; }
  // Reads some of the first `end` of these, from `offset` on. Another thread may append meanwhile.
  Result<std::size_t> read_file(std::uint64_t offset, std::uint64_t end, std::span<std::uint8_t> buffer) const;

 private:
  friend class SpoolSource;

  Status make_file();
  Status write_to_file(ByteView bytes);
  // From `offset` on; 0 at the end.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> buffer) const;
  std::unexpected<Error> failed(std::string_view what, int number) const;

  std::string directory_;
  Bytes head_;
  std::uint64_t filed_ = 0;  // bytes in the file
  Bytes held_;               // behind those
  int file_ = -1;
};

}  // namespace mrtool
