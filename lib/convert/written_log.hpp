// The log that a conversion writes: kept aside, and read back while the rest of it is still being written.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "lib/base/host.hpp"
#include "lib/base/spool.hpp"
#include "lib/record/writer.hpp"

namespace mrtool {

// One thread writes; others may read behind it.
class WrittenLog final : public ByteSink {
 public:
  explicit WrittenLog(std::unique_ptr<Spool> spool) : spool_(std::move(spool)) {}

  Status write(ByteView bytes) override;
  Status write_first(ByteView bytes) override;
  // Nothing more will be written.
  Status close();
  // Nobody needs it any longer: whoever waits for bytes is told that there are none.
  void abandon();

  // Bytes were put before those that a follower has read, so that it has read another log.
  bool has_new_front() const { return new_front_; }
  // Bytes that followers can read by now.
  std::uint64_t readable() const { return readable_; }
  // From the front to the end, for which it waits until close(). Fails (io) once abandoned. The log outlives it.
  std::unique_ptr<ByteSource> follow();
  // After close().
  const Spool& spool() const { return *spool_; }

 private:
  class Follower;
  Status hand_over();

  std::unique_ptr<Spool> spool_;
  Bytes pending_;               // the writer's alone
  bool new_front_ = false;      // likewise
  std::uint64_t readable_ = 0;  // set by the writer, who need not lock to look; so of closed_
  bool closed_ = false;
  bool abandoned_ = false;
  std::mutex mutex_;  // of the spool, and of what tells followers about it
  std::condition_variable grown_;
};

}  // namespace mrtool
