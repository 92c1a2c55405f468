#include "formats/log_start.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "lib/base/limits.hpp"

namespace mrtool {
namespace {

constexpr std::array kHash{HashAlgorithm::sha256};
constexpr std::array<std::string_view, 3> kFormats{"ima", "ima-ascii", "tsm"};

constexpr std::string_view kWhatToDo =
    "a machine that was started anew has a new log. Look why, then remove the state and read the log whole";

}  // namespace

bool can_begin_in_middle(const FormatRow& format) {
  return std::ranges::find(kFormats, format.name) != kFormats.end();
}

PrefixHash::PrefixHash() : hash_(kHash) {}

Status PrefixHash::read(ByteSource& source, const FormatRow& format, const LogStart& start) {
  if (format.name != start.format) {
    return fail(ErrorKind::inconclusive, fmt::format("the state is of a log of format {}, and this one is of format {}",
                                                     start.format, format.name));
  }
  const std::uint64_t size = start.position.offset;
  Bytes piece(limits::kReadPiece);
  while (end_ < size) {
    const auto room = std::span(piece).first(std::min<std::uint64_t>(piece.size(), size - end_));
    MRTOOL_TRY(count, source.read(room));
    if (count == 0) {
      return fail(
          ErrorKind::inconclusive,
          fmt::format("the state is of a log of {} bytes or more, and this one has {}: {}", size, end_, kWhatToDo));
    }
    hash_.add(room.first(count));
    end_ += count;
  }
  if (hash_.so_far().front() != start.sha256) {
    return fail(
        ErrorKind::inconclusive,
        fmt::format("the first {} bytes are not those of the log that the state was saved of: {}", size, kWhatToDo));
  }
  return {};
}

void PrefixHash::add(const Batch& batch) {
  if (batch.records.empty()) {
    return;
  }
  // The records of a batch lie one behind the other, as in the log.
  const std::uint64_t begin = batch.records.front().offset;
  const std::uint8_t* at = batch.records.front().raw.data();
  for (const Record& record : batch.records) {
    if (!contiguous_ || record.raw.data() != at || !record.suffix.empty()) {
      contiguous_ = false;
      return;
    }
    at += record.raw.size();
  }
  contiguous_ = begin == end_;
  if (contiguous_) {
    const std::uint8_t* const front = batch.records.front().raw.data();
    const ByteView bytes(front, static_cast<std::size_t>(at - front));
    hash_.add(bytes);
    end_ += bytes.size();
  }
}

Result<LogStart> PrefixHash::start(const std::string& format, const ReadPosition& position) const {
  if (!contiguous_ || position.offset != end_) {
    return fail(ErrorKind::unsupported,
                "the log holds bytes between its records: it cannot be read from its middle on");
  }
  return LogStart{.format = format, .position = position, .sha256 = hash_.so_far().front()};
}

}  // namespace mrtool
