#include "lib/convert/written_log.hpp"

#include <algorithm>

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
      log_.grown_.wait(lock, [this] { return log_.filed_ > offset_ || log_.closed_ || log_.abandoned_; });
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
  std::uint64_t seen_ = 0;              // bytes that are in the file, when it last looked
  std::unique_ptr<ByteSource> whole_;  // once the log is closed: of what is not in the file
};

Status WrittenLog::hand_over() {
  const Status appended = spool_->append(pending_);
  pending_.clear();
  const std::scoped_lock lock(mutex_);
  filed_ = spool_->filed();
  grown_.notify_all();
  return appended;
}

Status WrittenLog::write(ByteView bytes) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  return pending_.size() < limits::kReadPiece ? Status{} : hand_over();
}

Status WrittenLog::write_first(ByteView bytes) {
  new_front_ = true;
  spool_->put_first(bytes);
  return {};
}

Status WrittenLog::close() {
  auto handed = hand_over();
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  grown_.notify_all();
  return handed;
}

void WrittenLog::abandon() {
  const std::scoped_lock lock(mutex_);
  abandoned_ = true;
  grown_.notify_all();
}

std::unique_ptr<ByteSource> WrittenLog::follow() {
  return std::make_unique<Follower>(*this);
}

}  // namespace mrtool
