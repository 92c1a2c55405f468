// The loop that pull readers share: keeps the unfinished record at the end of a piece for the next batch, asks the
// source for no more than a record needs, and gives every record's digests their final place.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "lib/base/piece_source.hpp"
#include "lib/record/reader.hpp"

namespace mrtool {

class PieceReader : public Reader {
 public:
  explicit PieceReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  // The source's end is the end for now: read() then returns true, perhaps without a record, keeps what is there of an
  // unfinished one, and looks for more when it is called again.
  struct Growing {};
  PieceReader(std::unique_ptr<ByteSource> source, Growing) : source_(std::move(source)), growing_(true) {}

  Result<bool> read(Batch& batch) final;
  const LogInfo& info() const final { return info_; }

 protected:
  // How far parsing got in the bytes at hand.
  struct Progress {
    bool ended = false;      // the log has ended
    std::uint64_t need = 0;  // else: bytes from position() on that the next step takes; more than rest() holds
  };
  // Parses as many whole records as rest() holds, each with add_record() and consume(). On an error the records added
  // so far are handed over.
  virtual Result<Progress> parse(Batch& batch) = 0;
  // Called once, after the last parse().
  virtual void end_of_log() {}

  // A new record at offset(), with its number. Its digests are the last `digests` of batch.digest_pool and those that
  // are appended to it before the next record is added.
  Record& add_record(Batch& batch, std::size_t digests = 0);
  // The same in two steps, for who finds damage while it fills the record: what is not kept will not be in the batch.
  Record& begin_record(Batch& batch) const;
  void keep_record(const Batch& batch, std::size_t digests = 0);

  ByteView rest(const Batch& batch) const { return batch.buffer.view().subspan(position_); }
  void consume(std::size_t bytes) { position_ += bytes; }
  std::uint64_t offset() const { return base_ + position_; }  // bytes from the start of the log
  std::uint64_t next_number() const { return number_; }
  // Of readers that have a position(): before the first parse(), and in front of each record.
  void begin_at(const ReadOptions& options) {
    end_ = options.end;
    if (options.begin) {
      base_ = options.begin->offset;
      records_end_ = base_;
      number_ = options.begin->record;
    }
  }
  bool is_to_end_here() const { return number_ >= end_; }
  // Between reads: behind the last record that was handed over.
  std::uint64_t records_end() const { return records_end_; }
  bool whole_rest_is_here() const { return source_.ended() && !growing_; }
  // All that the source gave is at hand, though more may come where the log grows.
  bool source_rests() const { return source_.ended(); }
  // At the record that would come next.
  std::unexpected<Error> damaged(std::string message) const;

  LogInfo info_;

 private:
  void finish_batch(Batch& batch, bool keep_rest);

  PieceSource source_;
  const bool growing_ = false;
  std::uint64_t base_ = 0;         // where the batch's buffer starts in the log
  std::size_t position_ = 0;       // in the batch's buffer
  std::uint64_t records_end_ = 0;  // in the log
  Bytes carry_;                    // bytes of the piece behind the last whole record
  std::uint64_t number_ = 0;       // of the next record
  std::uint64_t end_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::size_t> digest_begins_;  // of the batch's records, in its pool
  std::size_t last_count_ = 0;              // records of the previous batch
};

}  // namespace mrtool
