#include "lib/convert/written_log.hpp"

#include <utility>

#include "lib/base/limits.hpp"

namespace mrtool {

class WrittenLog::Follower final : public ByteSource {
 public:
  explicit Follower(WrittenLog& log) : log_(log) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    if (whole_) {
      return whole_->read(buffer);
    }
    if (offset_ == seen_) {
      std::unique_lock lock(log_.mutex_);
      while (log_.filed_ == offset_ && !log_.closed_ && !log_.abandoned_) {
        log_.work_or_wait(lock);
      }
      if (log_.abandoned_) {
        return fail(ErrorKind::io, "what is read back is no longer wanted");
      }
      seen_ = log_.filed_;
      if (offset_ == seen_) {
        whole_ = log_.spool_->open(offset_);
        return whole_->read(buffer);
      }
    }
    auto got = log_.spool_->read_file(offset_, seen_, buffer);
    offset_ += got.value_or(0);
    return got;
  }

 private:
  WrittenLog& log_;
  std::uint64_t offset_ = 0;
  std::uint64_t seen_ = 0;             // bytes that are in the file, when it last looked
  std::unique_ptr<ByteSource> whole_;  // once the log is closed: of what is not in the file
};

// Puts what waits first into the spool, unless another thread is doing so: then, or where nothing waits, until
// something has changed.
void WrittenLog::work_or_wait(std::unique_lock<std::mutex>& lock) {
  if (spooling_ || waiting_.empty()) {
    changed_.wait(lock);
    return;
  }
  Bytes piece = std::move(waiting_.front());
  waiting_.pop_front();
  spooling_ = true;
  lock.unlock();
  Status appended = spool_->append(piece);
  piece.clear();
  lock.lock();
  spooling_ = false;
  filed_ = spool_->filed();
  spare_ = std::move(piece);
  if (!appended && appended_) {
    appended_ = std::move(appended);
  }
  changed_.notify_all();
}

// Leaves so many pieces to a follower that has time.
Status WrittenLog::hand_over(std::size_t most) {
  std::unique_lock lock(mutex_);
  waiting_.push_back(std::exchange(pending_, std::move(spare_)));
  spare_ = {};
  changed_.notify_all();
  while (waiting_.size() > most || (most == 0 && spooling_)) {
    work_or_wait(lock);
  }
  return appended_;
}

Status WrittenLog::write(ByteView bytes) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  constexpr std::size_t kLeft = 3;
  return pending_.size() < limits::kReadPiece ? Status{} : hand_over(followed_ ? kLeft : 0);
}

Status WrittenLog::write_first(ByteView bytes) {
  auto handed = hand_over(0);  // so that no other thread is about the spool
  new_front_ = true;
  spool_->put_first(bytes);
  return handed;
}

Status WrittenLog::close() {
  auto handed = hand_over(0);
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
  return handed;
}

void WrittenLog::abandon() {
  const std::scoped_lock lock(mutex_);
  abandoned_ = true;
  changed_.notify_all();
}

std::unique_ptr<ByteSource> WrittenLog::follow() {
  followed_ = true;
  return std::make_unique<Follower>(*this);
}

}  // namespace mrtool
