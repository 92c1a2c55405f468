#include "formats/tsm/reader.hpp"

#include <fmt/core.h>

#include <utility>

#include "formats/tsm/carried.hpp"
#include "formats/tsm/lines.hpp"
#include "formats/tsm/lint.hpp"
#include "formats/tsm/quirks.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/record/pending_digests.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::tsm {
namespace {

// ReadPosition::marks: a hashed line was there. What the lint remembers is above it.
constexpr std::uint32_t kHashed = 1;
constexpr std::uint32_t kLintShift = 1;

class TsmReader final : public PieceReader {
 public:
  TsmReader(std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)),
        diagnostics_(diagnostics),
        bank_(options.bank),
        begin_(options.begin),
        engine_(options.workers) {
    info_.format = "tsm";
    info_.evidence = "named";
    info_.platform = options.platform;
    info_.grows_at_runtime = true;
    reg_ = options.reg.value_or(
        Register{.kind = RegisterKind::virtual_mr, .index = 0, .name = "unnamed", .provider = {}, .carrier = {}});
    begin_at(options);
  }

  // Not of a log that carries records of other formats.
  Result<ReadPosition> position() const override;

 private:
  Result<Progress> parse(Batch& batch) override;
  Result<Progress> parse_lines(Batch& batch);
  Result<std::optional<Progress>> parse_beginning(ByteView rest);
  Status begin_in_middle(const ReadPosition& position);
  Status adopt_digest_size();
  Result<std::optional<Progress>> find_bank(ByteView rest);
  Status adopt_bank(HashAlgorithm bank);
  Result<std::optional<Progress>> parse_carried_record(ByteView rest, const Line& line, Batch& batch);
  Status check_first_hashed(const Line& line);
  void push_line(const Line& line, ByteView raw, Batch& batch);
  void push_digest(Batch& batch, ByteView value, DigestOrigin origin) const;
  void report_line(const Line& line, TsmLine kind);

  void take(std::size_t bytes);

  DiagnosticSink& diagnostics_;
  Register reg_;
  HashAlgorithm bank_ = HashAlgorithm::none;
  std::optional<ReadPosition> begin_;  // until the first parse()
  std::size_t digest_size_ = 0;
  HashEngine engine_;
  PendingDigests pending_;  // of hashed lines
  Lint lint_;
  bool begun_ = false;
  bool carries_ = false;      // the log has the header of carried records
  bool hashed_ = false;       // a hashed line was there
  bool has_extends_ = false;  // seen while the bank was looked for
  LineFinder finder_;
  LineScanner scanner_;  // of find_bank
};

void TsmReader::take(std::size_t bytes) {
  consume(bytes);
  finder_.reset();
}

Result<PieceReader::Progress> TsmReader::parse(Batch& batch) {
  auto progress = parse_lines(batch);
  pending_.finish(batch, engine_);
  return progress;
}

Result<PieceReader::Progress> TsmReader::parse_lines(Batch& batch) {
  if (begin_) {
    if (auto status = begin_in_middle(*std::exchange(begin_, std::nullopt)); !status) {
      return std::unexpected(std::move(status).error());
    }
  }
  if (!begun_) {
    MRTOOL_TRY(waiting, parse_beginning(rest(batch)));
    if (waiting) {
      return *waiting;
    }
  }
  while (true) {
    if (is_to_end_here()) {
      return Progress{.ended = true};
    }
    const ByteView bytes = rest(batch);
    Line line;
    switch (finder_.find(bytes, whole_rest_is_here(), line)) {
      case Found::need_more:
        if (bytes.size() > limits::kRecordBytes) {
          return damaged(fmt::format("expected the end of a line within {} bytes, found none", limits::kRecordBytes));
        }
        return Progress{.need = bytes.size() + 1};
      case Found::end:
        if (!bytes.empty()) {
          batch.trailing = bytes;
          if (const std::string_view finding = carries_ ? std::string_view{} : lint_.end(line.blanks);
              !finding.empty()) {
            report(diagnostics_, QuirkId::not_as_kernel, next_number(), offset(), finding);
          }
          take(bytes.size());
        }
        return Progress{.ended = true};
      case Found::partial:
        return damaged("expected a line feed at the end of the last line, found none: the log is cut short");
      case Found::line:
        break;
    }
    if (line.size > limits::kRecordBytes) {
      return damaged(
          fmt::format("expected a line of at most {} bytes, found one of {}", limits::kRecordBytes, line.size));
    }
    if (carries_ && starts_carried(line.text)) {
      MRTOOL_TRY(waiting, parse_carried_record(bytes, line, batch));
      if (waiting) {
        return *waiting;
      }
      continue;
    }
    if (auto status = check_first_hashed(line); !status) {
      return std::unexpected(std::move(status).error());
    }
    push_line(line, bytes.first(line.size), batch);
    take(line.size);
  }
}

// The bank, and the header of carried records, which must be known before the first record.
Result<std::optional<PieceReader::Progress>> TsmReader::parse_beginning(ByteView rest) {
  if (scanner_.in_first_line()) {
    Line line;
    const Found found = finder_.find(rest, whole_rest_is_here(), line);
    if (found == Found::need_more && rest.size() <= limits::kRecordBytes) {
      return Progress{.need = rest.size() + 1};
    }
    const auto header = found == Found::line && line.blanks == 0 ? parse_log_header(line.text) : std::nullopt;
    if (header) {
      if (auto status = *header == HashAlgorithm::none ? Status{} : adopt_bank(*header); !status) {
        return std::unexpected(std::move(status).error());
      }
      carries_ = true;
      info_.preamble = to_bytes(rest.first(line.size));
      report(diagnostics_, QuirkId::carried_records, 0, 0);
      take(line.size);
    }
  }
  if (bank_ == HashAlgorithm::none) {
    MRTOOL_TRY(waiting, find_bank(rest));
    if (waiting) {
      return waiting;
    }
  }
  begun_ = true;
  if (bank_ == HashAlgorithm::none) {
    return std::nullopt;  // nothing in the log needs it
  }
  if (auto status = adopt_digest_size(); !status) {
    return std::unexpected(std::move(status).error());
  }
  return std::nullopt;
}

Status TsmReader::adopt_digest_size() {
  const HashAlgorithmRow* row = find_algorithm(bank_);
  if (row == nullptr || !HashEngine::can_compute(bank_)) {
    return fail(ErrorKind::unsupported, fmt::format("the log's bank {} cannot be computed here", to_string(bank_)));
  }
  digest_size_ = row->size;
  info_.algorithms = {{.algorithm = bank_, .size = static_cast<std::uint16_t>(row->size)}};
  return {};
}

Status TsmReader::begin_in_middle(const ReadPosition& position) {
  if (position.algorithms.size() != 1 || position.record == 0 || !position.dialect.empty() ||
      position.byte_order != ByteOrder::little || (position.marks >> kLintShift) > Lint::kMarks) {
    return damaged("expected a position in a TSM log to go on from, found one that no log has");
  }
  begun_ = true;
  hashed_ = (position.marks & kHashed) != 0;
  lint_ = Lint::from_marks(position.marks >> kLintShift);
  if (auto status = adopt_bank(position.algorithms.front().algorithm); !status) {
    return status;
  }
  return adopt_digest_size();
}

Result<ReadPosition> TsmReader::position() const {
  if (carries_) {
    return fail(ErrorKind::unsupported,
                "a log that carries records of other formats cannot be read from its middle on");
  }
  if (digest_size_ == 0 || next_number() == 0) {
    return fail(ErrorKind::unsupported, "the log measures nothing yet");
  }
  return ReadPosition{.offset = records_end(),
                      .record = next_number(),
                      .byte_order = info_.byte_order,
                      .algorithms = info_.algorithms,
                      .dialect = {},
                      .marks = (hashed_ ? kHashed : 0U) | lint_.marks() << kLintShift};
}

Status TsmReader::adopt_bank(HashAlgorithm bank) {
  if (bank_ != HashAlgorithm::none && bank_ != bank) {
    return damaged(fmt::format("expected a log of bank {}, as given for it, found one of bank {}", to_string(bank_),
                               to_string(bank)));
  }
  bank_ = bank;
  return {};
}

// Looks for the first hashed line, from where it stopped. `rest` is at the log's start.
Result<std::optional<PieceReader::Progress>> TsmReader::find_bank(ByteView rest) {
  const auto unknown = [](std::string_view why) {
    return fail(ErrorKind::inconclusive, fmt::format("the log's bank is not known: {}; name it with --bank", why));
  };
  while (true) {
    const bool in_first = scanner_.in_first_line();
    std::string_view text;
    const Found found = scanner_.next(rest, whole_rest_is_here(), text);
    if (found == Found::need_more) {
      if (rest.size() <= limits::kRecordBytes) {
        return Progress{.need = rest.size() + 1};
      }
      if (in_first) {
        return std::nullopt;  // one line that is too long: said by who comes to it
      }
      return unknown("what it begins with holds no SYNC");
    }
    has_extends_ = has_extends_ || parse_extend(text).has_value();
    const bool hashed = !text.empty() && !text.starts_with('#');
    if (const auto sync = hashed ? parse_sync(text) : std::nullopt) {
      bank_ = sync->algorithm;
      return std::nullopt;
    }
    if (found == Found::line && hashed) {
      return unknown("its first measured line is no SYNC");
    }
    if (found == Found::partial && has_extends_) {
      return damaged("the log is cut short in its last line, before it states its bank");
    }
    if (found == Found::end && has_extends_) {
      return unknown("it holds no SYNC");
    }
    if (found != Found::line) {
      return std::nullopt;
    }
  }
}

// The bank may have been given: then the first SYNC confirms it.
Status TsmReader::check_first_hashed(const Line& line) {
  if (hashed_ || line.text.starts_with('#')) {
    return {};
  }
  hashed_ = true;
  const auto sync = parse_sync(line.text);
  return sync && !carries_ ? adopt_bank(sync->algorithm) : Status{};
}

void TsmReader::push_digest(Batch& batch, ByteView value, DigestOrigin origin) const {
  batch.digest_pool.push_back({.algorithm = bank_, .value = batch.arena.keep(value), .origin = origin});
}

void TsmReader::push_line(const Line& line, ByteView raw, Batch& batch) {
  const TsmLine kind = classify(line.text, bank_);
  report_line(line, kind);
  const ByteView data = raw.subspan(line.blanks, line.text.size());
  if (kind == TsmLine::extend) {
    push_digest(batch, parse_extend(line.text)->value.view(), DigestOrigin::logged);
  } else if (kind != TsmLine::comment) {
    pending_.add(bank_, batch.digest_pool.size(), data);
    batch.digest_pool.push_back(
        {.algorithm = bank_, .value = {}, .origin = DigestOrigin::computed, .is_hash_of_data = true});
  }
  Record& record = add_record(batch, kind == TsmLine::comment ? 0 : 1);
  record.raw = raw;
  record.prefix = raw.first(line.blanks);
  record.reg = reg_;
  record.type = static_cast<std::uint32_t>(kind);
  record.content = ContentType::tsm;
  record.data = data;
  record.extends = kind != TsmLine::comment;
  record.tentative = kind == TsmLine::extend;
  if (kind == TsmLine::sync) {
    record.asserts = {.kind = AssertionKind::present, .bank = bank_, .value = parse_sync(line.text)->value};
  }
}

// The comment and, when the record extends, the .EXTEND line directly behind it.
Result<std::optional<PieceReader::Progress>> TsmReader::parse_carried_record(ByteView rest, const Line& line,
                                                                             Batch& batch) {
  auto carrying = parse_carried(line.text, bank_, batch.arena);
  if (!carrying) {
    return damaged("expected a record of another format in the comment, found one that does not read as one");
  }
  std::size_t size = line.size;
  if (carrying->record.extends && digest_size_ == 0) {
    return damaged("expected no record that extends in a log without a bank, found one");
  }
  if (carrying->record.extends) {
    const std::string blank = format_extend(Digest::filled(digest_size_, 0).view());
    size += blank.size() + 1;
    if (rest.size() < size && !whole_rest_is_here()) {
      return Progress{.need = size};
    }
    const auto extend = rest.size() < size || rest[size - 1] != '\n'
                            ? std::nullopt
                            : parse_extend(as_text(rest.subspan(line.size, blank.size())), digest_size_);
    if (!extend || !extend->lower_case) {
      return damaged("expected the .EXTEND line of the record that the comment carries behind it, found none");
    }
    carrying->digest = extend->value;
  }
  if (carrying->digest) {
    push_digest(batch, carrying->digest->view(), carrying->computed ? DigestOrigin::computed : DigestOrigin::logged);
  }
  Record& record = add_record(batch, carrying->digest ? 1 : 0);
  carrying->record.number = record.number;
  carrying->record.offset = record.offset;
  record = std::move(carrying->record);
  record.raw = rest.first(size);
  record.prefix = rest.first(line.blanks);
  record.reg = reg_;
  take(size);
  return std::nullopt;
}

void TsmReader::report_line(const Line& line, TsmLine kind) {
  const std::string_view text = line.text;
  const std::uint64_t at = offset() + line.blanks;
  const auto say = [&](QuirkId id, std::string_view detail = {}) {
    report(diagnostics_, id, next_number(), at, detail);
  };
  if (kind == TsmLine::record && text.starts_with("SYNC")) {
    say(QuirkId::sync_like);
  }
  if (kind == TsmLine::comment && text.starts_with("# .EXTEND")) {
    say(QuirkId::extend_like);
  }
  if ((kind == TsmLine::sync && !parse_sync(text)->lower_case) ||
      (kind == TsmLine::extend && !parse_extend(text)->lower_case)) {
    say(QuirkId::upper_case_hex);
  }
  if (const std::string_view finding = carries_ ? std::string_view{} : lint_.next(text, line.blanks, kind);
      !finding.empty()) {
    say(QuirkId::not_as_kernel, finding);
  }
}

}  // namespace

std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics) {
  return std::make_unique<TsmReader>(std::move(source), options, diagnostics);
}

}  // namespace mrtool::tsm
