// The growing buffer behind a reader: as much of a source as a record needs, never more than arrives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "lib/base/host.hpp"
#include "lib/base/piece_buffer.hpp"

namespace mrtool {

class PieceSource {
 public:
  explicit PieceSource(std::unique_ptr<ByteSource> source);

  // Appends to `buffer` until it holds `target` bytes or more, the source ends or fails. Waits for no more than
  // `target`. Allocates at most about twice what has arrived, and a piece.
  void fill(PieceBuffer& buffer, std::uint64_t target);

  bool exhausted() const { return ended_ || failure_.has_value(); }
  bool ended() const { return ended_; }  // all of the source has been read
  const std::optional<Error>& failure() const { return failure_; }
  // The source may have grown since it ended: asks it again.
  void resume() { ended_ = false; }

 private:
  std::unique_ptr<ByteSource> source_;
  std::uint64_t piece_;  // bytes to read at a time: new room that nothing is read into costs its zeros
  bool ended_ = false;
  std::optional<Error> failure_;
};

}  // namespace mrtool
