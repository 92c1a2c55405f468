#include "lib/convert/written_log.hpp"

#include <algorithm>

#include "lib/base/limits.hpp"

namespace mrtool {

class WrittenLog::Follower final : public ByteSource {
 public:
  explicit Follower(WrittenLog& log) : log_(log), source_(log.spool_->open()) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    std::unique_lock lock(log_.mutex_);
    log_.grown_.wait(lock, [this] { return log_.readable_ > offset_ || log_.closed_ || log_.abandoned_; });
    if (log_.abandoned_) {
      return fail(ErrorKind::io, "what is read back is no longer wanted");
    }
    const std::uint64_t there = std::min<std::uint64_t>(buffer.size(), log_.readable_ - offset_);
    auto got = source_->read(buffer.first(static_cast<std::size_t>(there)));
    offset_ += got.value_or(0);
    return got;
  }

 private:
  WrittenLog& log_;
  std::unique_ptr<ByteSource> source_;
  std::uint64_t offset_ = 0;
};

Status WrittenLog::hand_over() {
  const std::scoped_lock lock(mutex_);
  const Status appended = spool_->append(pending_);
  readable_ += pending_.size();
  pending_.clear();
  grown_.notify_all();
  return appended;
}

Status WrittenLog::write(ByteView bytes) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  return pending_.size() < limits::kReadPiece ? Status{} : hand_over();
}

Status WrittenLog::write_first(ByteView bytes) {
  const std::scoped_lock lock(mutex_);
  new_front_ = true;
  spool_->put_first(bytes);
  readable_ += bytes.size();
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
