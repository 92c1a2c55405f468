#include "lib/convert/loss_report.hpp"

#include "lib/base/byte_writer.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/piece_source.hpp"

namespace mrtool {
namespace {

constexpr std::uint64_t kFixedBytes = 8 + 8 + 4 + 4;  // log, record, the lengths of field and reason

}  // namespace

Status LossReport::add(const Loss& loss) {
  ByteWriter out;
  out.u64(loss.log).u64(loss.record);
  out.u32(static_cast<std::uint32_t>(loss.field.size())).u32(static_cast<std::uint32_t>(loss.reason.size()));
  out.bytes(as_bytes(loss.field)).bytes(as_bytes(loss.reason));
  ++size_;
  return spool_->append(out.data());
}

Status LossReport::for_each(const std::function<void(const Loss&)>& take) const {
  PieceSource source(spool_->open());
  PieceBuffer buffer;
  std::size_t position = 0;
  const auto next = [&](std::uint64_t size) {
    if (buffer.size() - position < size) {
      buffer.drop_front(position);
      position = 0;
      source.fill(buffer, std::max(size, limits::kReadPiece));
    }
    const std::size_t there = std::min<std::size_t>(static_cast<std::size_t>(size), buffer.size() - position);
    const ByteView view = buffer.view().subspan(position, there);
    position += there;
    return view;
  };
  for (std::uint64_t i = 0; i < size_; ++i) {
    ByteReader fixed(next(kFixedBytes));
    Loss loss;
    loss.log = static_cast<std::size_t>(fixed.u64());
    loss.record = fixed.u64();
    const std::uint32_t field = fixed.u32();
    const std::uint32_t reason = fixed.u32();
    loss.field = as_text(next(field));
    loss.reason = as_text(next(reason));
    if (source.failure()) {
      return std::unexpected(*source.failure());
    }
    take(loss);
  }
  return {};
}

}  // namespace mrtool
