#include "formats/tcg/tail.hpp"

#include <fmt/core.h>

#include "formats/tcg/opening.hpp"

namespace mrtool::tcg {

void Tail::add(ByteView piece, std::uint64_t offset) {
  if (fill_ + other_ == 0) {
    offset_ = offset;
    fill_byte_ = piece.front();
  }
  std::size_t run = 0;
  if (other_ == 0 && piece.front() == fill_byte_) {
    run = fill_run(piece);
  }
  fill_ += run;
  other_ += piece.size() - run;
}

void Tail::report(QuirkReport& report, std::uint64_t next_record) const {
  if (other_ == 0 && fill_ >= kSmallestFill) {
    report.add(QuirkId::fill, next_record, offset_,
               [&] { return fmt::format("the log ends in {} bytes of {:02x}", fill_, fill_byte_); });
  } else if (fill_ + other_ != 0) {
    report.add(QuirkId::mixed_tail, next_record, offset_, [&] {
      const std::uint64_t fill = other_ == 0 ? 0 : fill_;
      return fmt::format("{} unexplained bytes lie behind the log's end and {} bytes of fill", fill_ + other_ - fill,
                         fill);
    });
  }
}

}  // namespace mrtool::tcg
