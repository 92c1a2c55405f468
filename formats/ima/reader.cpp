#include "formats/ima/reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "formats/formats.hpp"
#include "formats/ima/base_reader.hpp"
#include "formats/ima/quirks.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::ima {
namespace {

enum class Phase : std::uint8_t { header, layout, entries, tail };

class BinaryReader final : public BaseReader {
 public:
  template <class... Growth>
  BinaryReader(std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics,
               Growth... growth)
      : BaseReader("ima", std::move(source), options, diagnostics, growth...) {}

 private:
  using Step = Result<std::optional<Progress>>;

  Result<Progress> parse_entries(Batch& batch) override;
  Step parse_header(ByteView rest);
  Step find_layout(ByteView rest);
  Step parse_entry(ByteView rest, Batch& batch);
  Progress take_tail(ByteView rest, Batch& batch);
  void push_entry(ByteView raw, const Entry& entry, Batch& batch);
  void end_entries();
  std::unexpected<Error> cut_short(ByteView rest, std::uint64_t need) const;

  Phase phase_ = Phase::header;
  Layout layout_;
  std::optional<KexecHeader> kexec_;
  bool fill_reported_ = false;
};

std::unexpected<Error> BinaryReader::cut_short(ByteView rest, std::uint64_t need) const {
  return damaged(fmt::format("expected an entry of at least {} bytes, found {} before the end: {} are missing", need,
                             rest.size(), need - rest.size()));
}

Result<PieceReader::Progress> BinaryReader::parse_entries(Batch& batch) {
  if (options_.begin && phase_ == Phase::header) {
    layout_ = {.order = info_.byte_order, .digest_bytes = info_.algorithms.front().size};
    phase_ = Phase::entries;
  }
  while (true) {
    const ByteView bytes = rest(batch);
    if (phase_ == Phase::tail) {
      return take_tail(bytes, batch);
    }
    auto step = phase_ == Phase::header   ? parse_header(bytes)
                : phase_ == Phase::layout ? find_layout(bytes)
                                          : parse_entry(bytes, batch);
    if (!step) {
      return std::unexpected(std::move(step).error());
    }
    if (*step) {
      return **step;
    }
  }
}

BinaryReader::Step BinaryReader::parse_header(ByteView rest) {
  if (rest.size() < kKexecHeaderBytes && !whole_rest_is_here()) {
    return Progress{.ended = false, .need = kKexecHeaderBytes};
  }
  phase_ = Phase::layout;
  kexec_ = read_kexec_header(rest);
  if (kexec_) {
    report(diagnostics_, QuirkId::kexec_buffer, next_number(), offset(),
           fmt::format("a kexec header states {} entries in {} bytes", kexec_->entries, kexec_->buffer_bytes));
    info_.preamble = to_bytes(rest.first(kKexecHeaderBytes));
    consume(kKexecHeaderBytes);
  }
  return std::nullopt;
}

BinaryReader::Step BinaryReader::find_layout(ByteView rest) {
  const bool complete = whole_rest_is_here();
  if (rest.empty() && complete) {
    end_entries();
    return std::nullopt;
  }
  // The bytes behind the list of a kexec buffer are none of its entries.
  const std::uint64_t list = kexec_ ? kexec_->buffer_bytes - kKexecHeaderBytes : rest.size();
  const ByteView looked_at =
      rest.first(static_cast<std::size_t>(std::min<std::uint64_t>({list, rest.size(), kDetectBytes})));
  const Survey found = survey(engine_, looked_at, options_.bank);
  // Of a list that grows, nobody knows when more will come: a whole entry has to do.
  const bool decide_now = complete || (source_rests() && found.whole_entry);
  if (found.state != SurveyState::confirmed && !decide_now && rest.size() < kDetectBytes) {
    return Progress{
        .ended = false,
        .need = std::max<std::uint64_t>(limits::kReadPiece, std::min<std::uint64_t>(rest.size() * 2, kDetectBytes))};
  }
  switch (found.state) {
    case SurveyState::none:
      return damaged("expected an IMA entry, found none with a template digest of 20, 32, 48 or 64 bytes");
    case SurveyState::undecided:
      if (!found.whole_entry && complete) {
        return damaged(fmt::format("expected an IMA entry, found {} bytes that hold no whole one", rest.size()));
      }
      return undecided();
    case SurveyState::confirmed:
    case SurveyState::assumed:
      break;
  }
  adopt(found);
  layout_ = found.layout;
  phase_ = Phase::entries;
  return std::nullopt;
}

void BinaryReader::end_entries() {
  phase_ = Phase::tail;
  if (kexec_ && kexec_->entries != next_number()) {
    report(diagnostics_, QuirkId::kexec_count, next_number(), offset(),
           fmt::format("the kexec header states {} entries, {} are there", kexec_->entries, next_number()));
  }
}

BinaryReader::Step BinaryReader::parse_entry(ByteView rest, Batch& batch) {
  const bool complete = whole_rest_is_here();
  if (is_to_end_here()) {
    return Progress{.ended = true, .need = 0};
  }
  if ((rest.empty() && complete && !kexec_) || (kexec_ && offset() >= kexec_->buffer_bytes)) {
    end_entries();
    return std::nullopt;
  }
  Entry entry;
  EntryResult result = read_entry(rest, layout_, entry);
  if (result.state == EntryState::malformed) {
    return damaged(std::move(result.message));
  }
  const std::uint64_t end = offset() + (result.state == EntryState::complete ? entry.size : result.need);
  if (kexec_ && end > kexec_->buffer_bytes) {
    return damaged(
        fmt::format("expected the list to end at byte {} as its kexec header states, found an entry that "
                    "ends at byte {}",
                    kexec_->buffer_bytes, end));
  }
  if (result.state == EntryState::incomplete) {
    if (complete) {
      return cut_short(rest, result.need);
    }
    return Progress{.ended = false, .need = result.need};
  }
  push_entry(rest.first(static_cast<std::size_t>(entry.size)), entry, batch);
  return std::nullopt;
}

void BinaryReader::push_entry(ByteView raw, const Entry& entry, Batch& batch) {
  std::uint8_t framing = 0;
  ByteView data = entry.data;
  if (entry.legacy) {
    for (ByteView name = entry.data; !name.empty() && name.back() == 0; name = name.first(name.size() - 1)) {
      ++framing;  // names have at most 255 bytes
    }
    const std::span<std::uint8_t> room = batch.arena.room(kLegacyDataBytes);
    std::ranges::fill(room, std::uint8_t{0});
    std::ranges::copy(entry.file_digest, room.begin());
    std::ranges::copy(entry.data, room.subspan(kLegacyDigestBytes).begin());
    data = room;
  }
  Record& record = add_entry(batch, {.pcr = entry.pcr, .digest = entry.digest, .name = entry.name, .data = data});
  record.raw = raw;
  record.framing = framing;
  consume(raw.size());
}

PieceReader::Progress BinaryReader::take_tail(ByteView rest, Batch& batch) {
  if (!rest.empty()) {
    if (!std::exchange(fill_reported_, true)) {
      report(diagnostics_, QuirkId::kexec_fill, next_number(), offset(),
             "bytes follow the end of the list that the kexec header states");
    }
    batch.trailing = rest;
    consume(rest.size());
  }
  return {.ended = whole_rest_is_here(), .need = limits::kReadPiece};
}

}  // namespace

std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics) {
  return std::make_unique<BinaryReader>(std::move(source), options, diagnostics);
}

std::unique_ptr<Reader> make_growing_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                            DiagnosticSink& diagnostics) {
  return std::make_unique<BinaryReader>(std::move(source), options, diagnostics, PieceReader::Growing{});
}

}  // namespace mrtool::ima
