#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "formats/formats.hpp"
#include "formats/ima/ascii_survey.hpp"
#include "formats/ima/base_reader.hpp"
#include "formats/ima/line.hpp"
#include "formats/ima/lines_ahead.hpp"
#include "formats/ima/quirks.hpp"
#include "formats/ima/reader.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/ima.hpp"

namespace mrtool::ima {
namespace {

class AsciiReader final : public BaseReader {
 public:
  template <class... Growth>
  AsciiReader(std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics,
              Growth... growth)
      : BaseReader("ima-ascii", std::move(source), options, diagnostics, growth...) {}

 private:
  using Step = Result<std::optional<Progress>>;

  Result<Progress> parse_entries(Batch& batch) override;
  Step find_layout(ByteView rest);
  void push_everyday_lines(Batch& batch);
  Step parse_one(ByteView rest, Batch& batch);
  struct Found {
    Line line;
    Rebuilt rebuilt;
    bool confirmed = false;  // by the template digest
    std::size_t end = 0;     // behind the last line feed, where the entry holds others
  };
  Found rebuild(const Template& kind, const Line& line);
  void join_lines(std::string_view text, std::size_t end, const Template& kind, Found& found);
  // `over_lines`: the entry holds line feeds.
  void push_line(ByteView raw, const LineEntry& entry, bool over_lines, Batch& batch);
  void push_unknown(ByteView raw, const Line& line, Batch& batch);
  void report_style(const Record& record, const LineEntry& entry);

  bool adopted_ = false;
  LinesAhead ahead_;
};

Result<PieceReader::Progress> AsciiReader::parse_entries(Batch& batch) {
  adopted_ = adopted_ || options_.begin.has_value();
  while (true) {
    push_everyday_lines(batch);
    auto step = adopted_ ? parse_one(rest(batch), batch) : find_layout(rest(batch));
    if (!step) {
      return std::unexpected(std::move(step).error());
    }
    if (*step) {
      return **step;
    }
  }
}

AsciiReader::Step AsciiReader::find_layout(ByteView rest) {
  const bool complete = whole_rest_is_here();
  if (rest.empty() && complete) {
    return Progress{.ended = true, .need = 0};
  }
  const ByteView looked_at = rest.first(std::min<std::size_t>(rest.size(), kDetectBytes));
  const Survey found = survey_lines(engine_, looked_at, options_.bank);
  // Of a list that grows, nobody knows when more will come: a whole entry has to do.
  const bool decide_now = complete || (source_rests() && found.whole_entry);
  if (found.state != SurveyState::confirmed && !decide_now && rest.size() < kDetectBytes) {
    return Progress{
        .ended = false,
        .need = std::max<std::uint64_t>(limits::kReadPiece, std::min<std::uint64_t>(rest.size() * 2, kDetectBytes))};
  }
  if (found.state == SurveyState::none) {
    return damaged("expected a line of an IMA list, found none");
  }
  if (found.state == SurveyState::undecided) {
    return undecided();
  }
  adopt(found);
  adopted_ = true;
  return std::nullopt;
}

// parse_one() would take each of these lines as it is.
void AsciiReader::push_everyday_lines(Batch& batch) {
  if (!adopted_ || info_.dialect == kPaddedDialect) {
    return;
  }
  for (bool more = true; more;) {
    const LinesAhead::Taken taken =
        ahead_.take(as_text(rest(batch)), info_.algorithms.front().algorithm, info_.byte_order, engine_, batch.arena);
    for (const LineEntry& entry : taken.entries) {
      if (is_to_end_here()) {
        return;
      }
      push_line(rest(batch).first(entry.size), entry, false, batch);
    }
    more = taken.more;
  }
}

AsciiReader::Step AsciiReader::parse_one(ByteView rest, Batch& batch) {
  const bool complete = whole_rest_is_here();
  if ((rest.empty() && complete) || is_to_end_here()) {
    return Progress{.ended = true, .need = 0};
  }
  const std::string_view text = as_text(rest);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end > limits::kRecordBytes) {
    if (rest.size() > limits::kRecordBytes) {
      return damaged(fmt::format("expected a line of at most {} bytes, found a longer one", limits::kRecordBytes));
    }
    if (complete) {
      return damaged(
          fmt::format("expected a line feed behind the last line, found the end {} bytes into it", rest.size()));
    }
    return Progress{.ended = false, .need = std::max<std::uint64_t>(limits::kReadPiece, rest.size() * 2)};
  }
  const auto line = parse_line(text.substr(0, end));
  if (!line) {
    return damaged("expected a register, a template digest and a template name, found other text");
  }
  if (line->digest.size() != info_.algorithms.front().size) {
    return damaged(fmt::format("expected a template digest of {} bytes, found one of {}", info_.algorithms.front().size,
                               line->digest.size()));
  }
  const auto& kind = template_of(as_bytes(line->name));
  if (!kind) {
    push_unknown(rest.first(end + 1), *line, batch);
    return std::nullopt;
  }
  Found found = rebuild(*kind, *line);
  if (!found.confirmed && !Digests::is_violation(line->digest.view())) {
    const bool more_helps = !complete && rest.size() < end + kMostJoinedBytes;
    if (more_helps && !source_rests()) {
      return Progress{.ended = false, .need = end + kMostJoinedBytes};
    }
    join_lines(text, end, *kind, found);
    if (!found.confirmed) {
      depends_on_bytes_until(offset() + end + kMostJoinedBytes);
    }
    if (more_helps && !found.confirmed) {
      return Progress{.ended = false, .need = end + kMostJoinedBytes};
    }
  }
  if (!found.rebuilt.problem.empty()) {
    return damaged(fmt::format("template {}: {}", line->name, found.rebuilt.problem));
  }
  const LineEntry entry{.line = found.line,
                        .data = batch.arena.keep(found.rebuilt.data),
                        .missing_blanks = found.rebuilt.missing_blanks,
                        .blank_in_name = found.rebuilt.blank_in_name,
                        .size = found.end == 0 ? end + 1 : found.end};
  push_line(rest.first(entry.size), entry, found.end != 0, batch);
  return std::nullopt;
}

AsciiReader::Found AsciiReader::rebuild(const Template& kind, const Line& line) {
  Found found{.line = line, .rebuilt = rebuild_data(kind, line.fields, info_.byte_order), .confirmed = false, .end = 0};
  const auto confirmed =
      found.rebuilt.problem.empty() ? confirm(engine_, line.digest.view(), found.rebuilt.data) : std::nullopt;
  found.confirmed = confirmed.has_value();
  return found;
}

// Replaces `found` by the entry that goes on over line feeds, if the digest says that there is one.
void AsciiReader::join_lines(std::string_view text, std::size_t end, const Template& kind, Found& found) {
  const std::string_view near = text.substr(0, end + kMostJoinedBytes);
  for (std::size_t feeds = 0; feeds < kMostLineFeeds; ++feeds) {
    end = near.find('\n', end + 1);
    if (end == std::string_view::npos) {
      return;
    }
    const auto line = parse_line(near.substr(0, end));
    Found longer = line ? rebuild(kind, *line) : Found{};
    if (longer.confirmed) {
      found = std::move(longer);
      found.end = end + 1;
      return;
    }
  }
}

// Its data cannot be told from its text: kept as content of its own.
void AsciiReader::push_unknown(ByteView raw, const Line& line, Batch& batch) {
  const ByteView digest = batch.arena.keep(line.digest.view());
  Record& record =
      add_entry(batch, {.pcr = line.pcr, .digest = digest, .name = as_bytes(line.name), .data = std::nullopt});
  record.content = ContentType::unknown;
  record.data = as_bytes(line.fields);
  record.raw = raw;
  record.framing = line.unpadded_pcr ? kUnpaddedPcr : 0;
  consume(raw.size());
}

void AsciiReader::push_line(ByteView raw, const LineEntry& entry, bool over_lines, Batch& batch) {
  const Line& line = entry.line;
  Record& record = add_entry(batch, {.pcr = line.pcr,
                                     .digest = batch.arena.keep(line.digest.view()),
                                     .name = as_bytes(line.name),
                                     .data = entry.data});
  record.raw = raw;
  record.framing = (line.unpadded_pcr ? kUnpaddedPcr : 0) | entry.missing_blanks;
  report_style(record, entry);
  if (over_lines) {
    report(diagnostics_, QuirkId::line_feed_in_name, record.number, record.offset,
           "the name holds line feeds, as the template digest tells");
  }
  consume(raw.size());
}

void AsciiReader::report_style(const Record& record, const LineEntry& entry) {
  if (entry.missing_blanks > 0) {
    report(diagnostics_, QuirkId::missing_blank, record.number, record.offset,
           fmt::format("{} blanks before empty fields are missing at the end of the line", entry.missing_blanks));
  }
  if (entry.blank_in_name) {
    report(diagnostics_, QuirkId::blank_in_name, record.number, record.offset, "the name holds blanks");
  }
  if (entry.line.unpadded_pcr) {
    report(diagnostics_, QuirkId::unpadded_pcr, record.number, record.offset,
           "the register's number is not aligned to two columns");
  }
}

}  // namespace

std::unique_ptr<Reader> make_ascii_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                          DiagnosticSink& diagnostics) {
  return std::make_unique<AsciiReader>(std::move(source), options, diagnostics);
}

std::unique_ptr<Reader> make_growing_ascii_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                                  DiagnosticSink& diagnostics) {
  return std::make_unique<AsciiReader>(std::move(source), options, diagnostics, PieceReader::Growing{});
}

}  // namespace mrtool::ima
