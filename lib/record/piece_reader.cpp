#include "lib/record/piece_reader.hpp"

#include <algorithm>
#include <utility>

#include "lib/base/limits.hpp"

namespace mrtool {

std::unexpected<Error> PieceReader::damaged(std::string message) const {
  return std::unexpected(Error{
      .kind = ErrorKind::malformed, .message = std::move(message), .file = {}, .offset = offset(), .record = number_});
}

Record& PieceReader::begin_record(Batch& batch) const {
  Record& record = batch.records.emplace_back();
  record.number = number_;
  record.offset = offset();
  return record;
}

void PieceReader::keep_record(const Batch& batch, std::size_t digests) {
  digest_begins_.push_back(batch.digest_pool.size() - digests);
  ++number_;
}

Record& PieceReader::add_record(Batch& batch, std::size_t digests) {
  Record& record = begin_record(batch);
  keep_record(batch, digests);
  return record;
}

Result<bool> PieceReader::read(Batch& batch) {
  batch.records.clear();
  batch.digest_pool.clear();
  batch.arena.clear();
  batch.trailing = {};
  batch.buffer.assign(carry_);
  constexpr std::size_t kFew = 256;  // a short log's: growing to them would touch twice the memory
  batch.records.reserve(std::max(last_count_, kFew));
  digest_begins_.clear();
  position_ = 0;

  if (growing_) {
    source_.resume();
  }
  std::uint64_t target = carry_.size() + limits::kReadPiece;
  while (true) {
    source_.fill(batch.buffer, target);
    auto progress = parse(batch);
    const bool stuck = progress && !progress->ended && source_.exhausted();
    if (stuck && growing_ && !source_.failure()) {
      finish_batch(batch, true);
      return true;
    }
    if (!progress || progress->ended || stuck) {
      finish_batch(batch, false);
      end_of_log();
      if (!progress) {
        return std::unexpected(std::move(progress).error());
      }
      if (stuck) {
        return source_.failure() ? std::unexpected(*source_.failure()) : damaged("the log ends inside a record");
      }
      return false;
    }
    if (!batch.records.empty() || !batch.trailing.empty()) {
      finish_batch(batch, true);
      return true;
    }
    target = position_ + progress->need;
  }
}

// The buffer and the pool have their final places now: the digests can be pointed at.
void PieceReader::finish_batch(Batch& batch, bool keep_rest) {
  batch.records.erase(batch.records.begin() + static_cast<std::ptrdiff_t>(digest_begins_.size()), batch.records.end());
  const std::span<const DigestEntry> digests(batch.digest_pool);
  digest_begins_.push_back(digests.size());
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    batch.records[i].digests = digests.subspan(digest_begins_[i], digest_begins_[i + 1] - digest_begins_[i]);
  }
  last_count_ = batch.records.size();
  if (!batch.records.empty()) {
    const Record& last = batch.records.back();
    records_end_ = last.offset + last.raw.size() + last.suffix.size();
  }
  carry_.clear();
  if (keep_rest) {
    const ByteView left = rest(batch);
    carry_.assign(left.begin(), left.end());
  }
  base_ += position_;
}

}  // namespace mrtool
