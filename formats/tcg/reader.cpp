#include "formats/tcg/reader.hpp"

#include <fmt/core.h>

#include <optional>

#include "formats/tcg/acpi_table.hpp"
#include "formats/tcg/meaning.hpp"
#include "formats/tcg/opening.hpp"
#include "formats/tcg/opening_report.hpp"
#include "formats/tcg/quirks.hpp"
#include "formats/tcg/tail.hpp"
#include "lib/base/limits.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::tcg {
namespace {

constexpr std::array<std::string_view, 3> kRowNames{"tcg", "tcg2", "ccel"};

enum class Phase : std::uint8_t { preamble, opening, records, tail };

class TcgReader final : public PieceReader {
 public:
  TcgReader(Row row, std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)), row_(row), options_(options), report_(diagnostics) {
    info_.format = kRowNames[static_cast<std::size_t>(row)];
    info_.evidence = "named";
    info_.platform = Platform::tpm;
    if (row == Row::ccel) {
      info_.platform = options.platform == Platform::unknown ? Platform::tdx : options.platform;
    }
  }

 private:
  Result<Progress> parse(Batch& batch) override;
  void end_of_log() override;
  Result<std::optional<Progress>> parse_preamble(ByteView rest);
  Result<std::optional<Progress>> parse_opening(ByteView rest);
  Result<std::optional<Progress>> parse_record(ByteView rest, Batch& batch);
  std::optional<Progress> check_end(ByteView rest);
  void push_record(ByteView rest, const Frame& frame, Batch& batch);
  Progress take_tail(ByteView rest, Batch& batch);

  Status check_shape(const Opening& opening) const;
  void adopt(const Opening& opening, ByteView rest);
  std::unexpected<Error> cut_short(ByteView rest, const FrameResult& result) const;

  Row row_;
  ReadOptions options_;
  QuirkReport report_;

  Phase phase_ = Phase::preamble;
  Layout layout_;           // of the next record
  std::size_t suffix_ = 0;  // of the next record; read_opening saw that it is there
  std::optional<std::uint64_t> stated_records_;
  std::optional<RecordMeaning> meaning_;
  Tail tail_;
};

std::unexpected<Error> TcgReader::cut_short(ByteView rest, const FrameResult& result) const {
  return damaged(
      fmt::format("expected a record of at least {} bytes, found {} before the end: {} bytes of its {} are "
                  "missing",
                  result.need, rest.size(), result.need - rest.size(), result.part));
}

void TcgReader::end_of_log() {
  if (meaning_) {
    meaning_->finish();
  }
  report_.flush();
}

Result<PieceReader::Progress> TcgReader::parse(Batch& batch) {
  while (true) {
    const ByteView rest = this->rest(batch);
    if (phase_ == Phase::tail) {
      return take_tail(rest, batch);
    }
    auto step = phase_ == Phase::preamble  ? parse_preamble(rest)
                : phase_ == Phase::opening ? parse_opening(rest)
                                           : parse_record(rest, batch);
    if (!step) {
      return std::unexpected(std::move(step).error());
    }
    if (*step) {
      return **step;
    }
  }
}

// An ACPI table as the first 56 bytes of the same file.
Result<std::optional<PieceReader::Progress>> TcgReader::parse_preamble(ByteView rest) {
  if (rest.size() < kAcpiTableBytes && !whole_rest_is_here()) {
    return Progress{.ended = false, .need = kAcpiTableBytes};
  }
  phase_ = Phase::opening;
  const auto table = read_acpi_table(rest);
  if (!table) {
    return std::nullopt;
  }
  if (rest.size() == kAcpiTableBytes && whole_rest_is_here()) {
    return damaged(describe(*table));
  }
  info_.preamble = to_bytes(rest.first(kAcpiTableBytes));
  if (row_ == Row::ccel && options_.platform == Platform::unknown) {
    info_.platform = table->platform();
  }
  report_.add(QuirkId::acpi_preamble, next_number(), offset(), [&] {
    return fmt::format("an ACPI CCEL table (CC type {}) lies before the log", cc_type_name(table->cc_type));
  });
  consume(kAcpiTableBytes);
  return std::nullopt;
}

Result<std::optional<PieceReader::Progress>> TcgReader::parse_opening(ByteView rest) {
  const bool complete = whole_rest_is_here();
  if (rest.empty() && complete) {
    return Progress{.ended = true, .need = 0};
  }
  switch (fill_at(rest, complete, Framing::sha1)) {
    case FillState::fill:
      phase_ = Phase::tail;
      return std::nullopt;
    case FillState::undecided:
      return Progress{.ended = false, .need = kLongestUndecided};
    case FillState::none:
      break;
  }
  const std::vector<AlgorithmSize> sizes = options_.algorithms.empty() ? built_in_algorithms() : options_.algorithms;
  const Opening opening = read_opening(rest, complete, sizes);
  if (opening.state == FrameState::malformed) {
    return damaged(opening.problem);
  }
  // An incomplete opening shows a crypto-agile log only once it shows the signature.
  if (opening.state == FrameState::complete || row_ == Row::tcg) {
    if (auto shape = check_shape(opening); !shape) {
      return std::unexpected(std::move(shape).error());
    }
  }
  if (opening.state == FrameState::incomplete) {
    if (complete) {
      return cut_short(rest, {.state = opening.state, .need = opening.need, .part = opening.part, .message = {}});
    }
    return Progress{.ended = false, .need = opening.need};
  }
  report_opening(opening, offset(), report_);
  adopt(opening, rest);
  phase_ = Phase::records;
  return std::nullopt;
}

Status TcgReader::check_shape(const Opening& opening) const {
  if (row_ == Row::tcg && opening.shape != Shape::sha1) {
    return damaged("expected SHA-1 records, found a crypto-agile log: read it as tcg2 or ccel");
  }
  if (row_ != Row::tcg && opening.shape == Shape::sha1) {
    return damaged(
        "expected a spec-ID event 03, a final-events table or a record of the CoCo attestation agent, found none");
  }
  return {};
}

void TcgReader::adopt(const Opening& opening, ByteView rest) {
  info_.byte_order = opening.order;
  info_.uintn_size = opening.spec.uintn_size;
  layout_.order = opening.order;
  suffix_ = static_cast<std::size_t>(opening.suffix);
  RecordMeaning::Setup setup;
  setup.platform = info_.platform;
  setup.mr_indexed = row_ == Row::ccel;
  setup.has_spec_id = opening.spec.kind != SpecIdKind::none;
  switch (opening.shape) {
    case Shape::sha1:
      info_.algorithms = {{.algorithm = HashAlgorithm::sha1, .size = kSha1DigestBytes}};
      setup.algorithms = info_.algorithms;
      break;
    case Shape::agile:
      info_.algorithms = opening.spec.algorithms;
      setup.algorithms = info_.algorithms;
      break;
    case Shape::final_events:
      info_.algorithms = options_.algorithms.empty() ? built_in_algorithms() : options_.algorithms;
      setup.continues_another_log = true;
      stated_records_ = opening.final_count;
      layout_.framing = Framing::agile;
      info_.preamble = to_bytes(rest.first(kFinalEventsHeaderBytes));
      consume(kFinalEventsHeaderBytes);
      break;
    case Shape::headerless:
      info_.algorithms = {opening.bank};
      info_.grows_at_runtime = true;
      setup.algorithms = info_.algorithms;
      setup.continues_another_log = true;
      layout_.framing = Framing::agile;
      break;
  }
  layout_.algorithms = info_.algorithms;
  meaning_.emplace(std::move(setup), report_);
}

// At a record boundary: has the log ended, or is more needed to know?
std::optional<PieceReader::Progress> TcgReader::check_end(ByteView rest) {
  const bool complete = whole_rest_is_here();
  const bool table_is_over = stated_records_ && next_number() == *stated_records_;
  if (rest.empty() && complete && (!stated_records_ || table_is_over)) {
    return Progress{.ended = true, .need = 0};
  }
  if (rest.empty() && !complete) {
    return Progress{.ended = false, .need = limits::kReadPiece};
  }
  // A final-events table says how many records it has, so nothing inside it is fill.
  const FillState fill = stated_records_ ? FillState::none : fill_at(rest, complete, layout_.framing);
  if (fill == FillState::undecided) {
    return Progress{.ended = false, .need = kLongestUndecided};
  }
  if (table_is_over || fill == FillState::fill) {
    phase_ = Phase::tail;
  }
  return std::nullopt;
}

Result<std::optional<PieceReader::Progress>> TcgReader::parse_record(ByteView rest, Batch& batch) {
  if (auto progress = check_end(rest); progress || phase_ == Phase::tail) {
    return progress;
  }
  Frame frame;
  FrameResult result = read_frame(rest, layout_, batch.digest_pool, frame);
  if (result.state == FrameState::malformed) {
    return damaged(std::move(result.message));
  }
  if (result.state == FrameState::incomplete) {
    if (whole_rest_is_here()) {
      return cut_short(rest, result);
    }
    return Progress{.ended = false, .need = result.need};
  }
  push_record(rest, frame, batch);
  return std::nullopt;
}

void TcgReader::push_record(ByteView rest, const Frame& frame, Batch& batch) {
  const auto size = static_cast<std::size_t>(frame.size);
  Record& record = add_record(batch, frame.digests);
  record.raw = rest.first(size);
  record.raw_index = frame.index;
  record.type = frame.type;
  record.data = frame.data;
  record.framing = static_cast<std::uint8_t>(layout_.framing);
  record.suffix = rest.subspan(size, suffix_);
  meaning_->apply(record, frame);

  consume(size + suffix_);
  suffix_ = 0;
  if (row_ != Row::tcg) {
    layout_.framing = Framing::agile;
  }
}

PieceReader::Progress TcgReader::take_tail(ByteView rest, Batch& batch) {
  if (!rest.empty()) {
    batch.trailing = rest;
    tail_.add(rest, offset());
    consume(rest.size());
  }
  if (!whole_rest_is_here()) {
    return {.ended = false, .need = limits::kReadPiece};
  }
  tail_.report(report_, next_number());
  return {.ended = true, .need = 0};
}

}  // namespace

std::unique_ptr<Reader> make_reader(Row row, std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics) {
  return std::make_unique<TcgReader>(row, std::move(source), options, diagnostics);
}

}  // namespace mrtool::tcg
