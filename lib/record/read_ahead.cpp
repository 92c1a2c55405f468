#include "lib/record/read_ahead.hpp"

#include <utility>

namespace mrtool {

ReadAhead::ReadAhead(const Make& make, Workers& workers, DiagnosticSink& diagnostics, std::uint64_t& bytes)
    : diagnostics_(diagnostics),
      bytes_(bytes),
      read_bytes_(bytes),
      reader_(make(said_, read_bytes_)),
      strand_(&workers) {}

void ReadAhead::read_into(Piece& piece) {
  if (read_all_) {
    return;
  }
  piece.more = reader_->read(piece.batch);
  read_all_ = !piece.more || !*piece.more;
  if (!std::exchange(begun_, true) || read_all_) {
    piece.info = reader_->info();
  }
  piece.diagnostics = std::exchange(said_, DiagnosticSink()).all();
  piece.bytes = read_bytes_;
}

Result<bool> ReadAhead::read(Batch& batch) {
  if (taken_ == 0) {
    read_into(pieces_.front());  // small logs have no other
  } else {
    for (; posted_ < taken_ + kAhead - 1; ++posted_) {
      strand_.post([this, &piece = pieces_[(posted_ + 1) % kAhead]] { read_into(piece); });
    }
    strand_.wait_for(taken_);
  }
  Piece& piece = pieces_[taken_++ % kAhead];
  std::swap(batch, piece.batch);
  for (Diagnostic& diagnostic : piece.diagnostics) {
    diagnostics_.add(std::move(diagnostic));
  }
  piece.diagnostics.clear();
  if (piece.info) {
    info_ = *std::exchange(piece.info, std::nullopt);
  }
  bytes_ = piece.bytes;
  return std::exchange(piece.more, true);
}

// Asked for when all is read.
Result<ReadPosition> ReadAhead::position() const {
  return reader_->position();
}

}  // namespace mrtool
