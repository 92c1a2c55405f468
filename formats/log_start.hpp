// The prefix of a log that a run before this one has read: bound by a hash of its bytes.
#pragma once

#include <string_view>

#include "formats/chain.hpp"
#include "lib/crypto/stream_hash.hpp"

namespace mrtool {

// Do the format's readers have a position()? Formats of logs that grow, whose records stand for themselves.
bool can_begin_in_middle(const FormatRow& format);

// SHA-256 of a log's front, as far as its records were handed over.
class PrefixHash {
 public:
  PrefixHash();

  // Takes the prefix off the source. Fails (inconclusive) where the log is of another format, shorter, or begins with
  // other bytes than `start` says.
  Status read(ByteSource& source, const FormatRow& format, const LogStart& start);
  // How many bytes were read or added.
  std::uint64_t bytes() const { return end_; }
  // The records that follow.
  void add(const Batch& batch);

  // Fails (unsupported) where `position` is not behind the last of them.
  Result<LogStart> start(const std::string& format, const ReadPosition& position) const;

 private:
  StreamHash hash_;
  std::uint64_t end_ = 0;   // bytes that were added
  bool contiguous_ = true;  // the records' bytes were all there were
};

}  // namespace mrtool
