#include "lib/base/piece_source.hpp"

#include <algorithm>

#include "lib/base/limits.hpp"

namespace mrtool {

PieceSource::PieceSource(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), piece_(limits::kFirstPiece) {}

void PieceSource::fill(PieceBuffer& buffer, std::uint64_t target) {
  // Who looks for an end asks for one byte more, time and again: as much as is there already is taken along.
  const auto along = std::min<std::uint64_t>(limits::kReadPiece, buffer.size());
  while (!exhausted() && buffer.size() < target) {
    std::size_t have = buffer.size();
    const auto step = std::min<std::uint64_t>(target - have, std::max<std::uint64_t>(piece_, have));
    piece_ = std::min(2 * piece_, limits::kReadPiece);
    buffer.resize(have + static_cast<std::size_t>(std::max(step, along)));
    while (have < buffer.size() && have < target) {
      auto got = source_->read(buffer.mutable_view().subspan(have));
      if (!got) {
        failure_ = std::move(got).error();
        break;
      }
      if (*got == 0) {
        ended_ = true;
        break;
      }
      have += *got;
    }
    buffer.resize(have);
  }
}

}  // namespace mrtool
