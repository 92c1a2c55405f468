// The log that a conversion writes: kept aside, and read back while the rest of it is still being written.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "lib/base/host.hpp"
#include "lib/base/spool.hpp"
#include "lib/record/writer.hpp"

namespace mrtool {

// One thread writes; another may read behind it, and then shares the work of spooling.
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
  std::uint64_t readable() const {
    const std::scoped_lock lock(mutex_);
    return filed_;
  }
  // From the front to the end, for which it waits until close(). Fails (io) once abandoned. The log outlives it. Called
  // by the writer.
  std::unique_ptr<ByteSource> follow();
  // After close().
  const Spool& spool() const { return *spool_; }

 private:
  class Follower;
  void work_or_wait(std::unique_lock<std::mutex>& lock);
  Status hand_over(std::size_t most);

  // Of whoever spools; what its file holds stays as it is, so that nobody waits for a write or a read of another
  // thread.
  std::unique_ptr<Spool> spool_;
  Bytes pending_;           // the writer's alone
  bool new_front_ = false;  // likewise
  bool followed_ = false;   // likewise

  mutable std::mutex mutex_;   // of all that follows
  std::deque<Bytes> waiting_;  // to be spooled, in order
  Bytes spare_;                // room for another piece
  bool spooling_ = false;      // a thread is about it
  Status appended_;            // what came of it
  std::uint64_t filed_ = 0;    // bytes of the spool's file
  bool closed_ = false;        // and spooled to the end
  bool abandoned_ = false;
  std::condition_variable changed_;
};

}  // namespace mrtool
