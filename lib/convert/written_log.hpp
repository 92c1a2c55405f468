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
  // Bytes that followers can read by now; a short log's none before it is closed.
  std::uint64_t readable() const { return filed_; }
  // From the front to the end, for which it waits until close(). Fails (io) once abandoned. The log outlives it.
  std::unique_ptr<ByteSource> follow();
  // After close().
  const Spool& spool() const { return *spool_; }

 private:
  class Follower;
  Status hand_over();

  // The writer's alone, but for what the spool's file holds, which stays as it is: so nobody waits for a write or a read
  // of another thread.
  std::unique_ptr<Spool> spool_;
  Bytes pending_;           // behind what the spool has
  bool new_front_ = false;

  std::mutex mutex_;  // of what tells followers:
  std::uint64_t filed_ = 0;  // of the spool; the writer, who sets it, need not lock to look
  bool closed_ = false;      // nothing is appended to the spool any more
  bool abandoned_ = false;
  std::condition_variable grown_;
};

}  // namespace mrtool
