// A measurement register in memory, with the event log that the RFC of September 2024 had kernels keep (TSM log format
// notes, 3; observed behaviour of kernels, B). What a write returns is what the kernel's would.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "lib/crypto/hash.hpp"

namespace mrtool::tsmfs {

// The most that one write(2) or read(2) of a file of sysfs moves, in bytes.
inline constexpr std::size_t kPageSize = 4096;
// The most that a log holds before its last line's newline, in bytes: one allocation of the kernel.
inline constexpr std::size_t kLogLimit = 4 * 1024 * 1024;

// What a system call returns: a count of bytes, or the error number.
template <class T>
using Outcome = std::expected<T, std::errc>;

enum class AccessKind : std::uint8_t {
  fixed,        // only read
  stored,       // a write replaces the value
  append_only,  // extended by lines of its log only
  extended,     // by those, and directly
  report,       // computed of other registers
};

struct Definition {
  std::string name;
  HashAlgorithm bank = HashAlgorithm::none;  // none: a value without a hash
  AccessKind kind = AccessKind::fixed;
  Bytes initial{};                    // its size is the register's; empty in a report
  std::string memory{};               // registers that name the same are views of one value; empty: one of its own
  std::vector<std::string> covers{};  // of a report: names, in the order of what is hashed or, without a bank, shown
  std::optional<std::uint64_t> working_extends{};  // every further one fails with EIO
};

inline bool can_be_appended_to(const Definition& definition) {
  return definition.kind == AccessKind::append_only || definition.kind == AccessKind::extended;
}

class SoftwareRegister {
 public:
  explicit SoftwareRegister(Definition definition)
      : definition_(std::move(definition)), memory_(std::make_shared<Bytes>(definition_.initial)) {}
  // One whose value is that of another of the same size.
  SoftwareRegister(Definition definition, const SoftwareRegister& shared)
      : definition_(std::move(definition)), memory_(shared.memory_) {}

  const Definition& definition() const { return definition_; }
  ByteView value() const { return *memory_; }
  void set_value(Bytes value) { *memory_ = std::move(value); }
  std::string_view log() const { return log_; }
  // Each line makes the kernel replace the file that shows the log.
  std::uint64_t logged_lines() const { return logged_lines_; }

  // One write to append_event, at most a page. Where it fails midway, what came before is logged and extended.
  Outcome<std::size_t> append(std::string_view page);
  // One write to `digest`: logged as an .EXTEND, then extended as it is.
  Outcome<std::size_t> extend_logged(ByteView digest);
  // The same where no log is kept; a log that there is doesn't learn of it.
  Outcome<std::size_t> extend(ByteView digest);

 private:
  // Trims, extends by the line's hash unless it is a comment, and logs it. False: nothing was left of it.
  Outcome<bool> add_line(std::string_view text, bool blank_line_before);
  void log_line(std::string_view line, bool blank_line_before);

  Definition definition_;
  std::shared_ptr<Bytes> memory_;
  std::string log_;
  std::uint64_t logged_lines_ = 0;
  std::uint64_t extends_ = 0;
  bool in_sync_ = false;  // the log's last SYNC and what follows explain the value
  HashEngine engine_;
};

}  // namespace mrtool::tsmfs
