#include "formats/aael/reader.hpp"

#include <fmt/format.h>

#include "formats/aael/quirks.hpp"
#include "formats/tsm/lines.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/aael_line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::aael {
namespace {

using tsm::Found;
using tsm::Line;

class AaelReader final : public PieceReader {
 public:
  AaelReader(std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)), diagnostics_(diagnostics), bank_(options.bank) {
    info_.format = "aael";
    info_.evidence = "named";
    info_.platform = options.platform;
    info_.grows_at_runtime = true;
    reg_ = options.reg.value_or(
        Register{.kind = RegisterKind::virtual_mr, .index = 0, .name = "unnamed", .provider = {}, .carrier = {}});
  }

 private:
  Result<Progress> parse(Batch& batch) override;
  Result<std::optional<Progress>> find_bank(ByteView rest);
  Status adopt_bank();
  void push_line(const Line& line, ByteView raw, bool has_line_feed, Batch& batch);
  void say(QuirkId id, const Line& line) { report(diagnostics_, id, next_number(), offset() + line.blanks); }

  DiagnosticSink& diagnostics_;
  Register reg_;
  HashAlgorithm bank_ = HashAlgorithm::none;
  HashEngine engine_;
  tsm::LineFinder finder_;
  tsm::LineScanner scanner_;  // of find_bank
  bool begun_ = false;
  bool hashed_ = false;  // a measured line was there
};

Result<PieceReader::Progress> AaelReader::parse(Batch& batch) {
  if (!begun_) {
    MRTOOL_TRY(waiting, find_bank(rest(batch)));
    if (waiting) {
      return *waiting;
    }
    if (auto status = adopt_bank(); !status) {
      return std::unexpected(std::move(status).error());
    }
    begun_ = true;
  }
  while (true) {
    const ByteView bytes = rest(batch);
    Line line;
    const Found found = finder_.find(bytes, whole_rest_is_here(), line);
    if (found == Found::end) {
      if (!bytes.empty()) {
        say(QuirkId::unmeasured_lines, line);
        batch.trailing = bytes;
        consume(bytes.size());
      }
      return Progress{.ended = true};
    }
    if (line.size > limits::kRecordBytes) {
      return damaged(fmt::format("expected a line of at most {} bytes, found a longer one", limits::kRecordBytes));
    }
    if (found == Found::need_more) {
      return Progress{.need = bytes.size() + 1};
    }
    push_line(line, bytes.first(line.size), found == Found::line, batch);
    consume(line.size);
    finder_.reset();
  }
}

// The first measured line states the bank. `rest` is at the log's start.
Result<std::optional<PieceReader::Progress>> AaelReader::find_bank(ByteView rest) {
  while (true) {
    std::string_view text;
    const Found found = scanner_.next(rest, whole_rest_is_here(), text);
    if (found == Found::need_more) {
      return rest.size() <= limits::kRecordBytes ? std::optional(Progress{.need = rest.size() + 1}) : std::nullopt;
    }
    if (text.empty() || text.starts_with('#')) {
      if (found != Found::line) {
        return std::nullopt;
      }
      continue;
    }
    const auto init = parse_init(text);
    if (init && bank_ != HashAlgorithm::none && bank_ != init->bank) {
      return damaged(fmt::format("expected a log of bank {}, as given for it, found one of bank {}", to_string(bank_),
                                 to_string(init->bank)));
    }
    if (init) {
      bank_ = init->bank;
    } else if (bank_ == HashAlgorithm::none) {
      return fail(ErrorKind::inconclusive,
                  "the log's bank is not known: it does not begin with an INIT line; name it with --bank");
    }
    return std::nullopt;
  }
}

Status AaelReader::adopt_bank() {
  if (bank_ == HashAlgorithm::none) {
    return {};  // no line needs it
  }
  const HashAlgorithmRow* row = find_algorithm(bank_);
  if (row == nullptr || !HashEngine::can_compute(bank_)) {
    return fail(ErrorKind::unsupported, fmt::format("the log's bank {} cannot be computed here", to_string(bank_)));
  }
  info_.algorithms = {{.algorithm = bank_, .size = static_cast<std::uint16_t>(row->size)}};
  return {};
}

void AaelReader::push_line(const Line& line, ByteView raw, bool has_line_feed, Batch& batch) {
  const ByteView data = raw.subspan(line.blanks, line.text.size());
  const bool measured = !line.text.starts_with('#');
  const auto init = measured ? parse_init(line.text) : std::nullopt;
  if (!measured || line.blanks > 0) {
    say(QuirkId::unmeasured_lines, line);
  }
  if (!has_line_feed) {
    say(QuirkId::no_last_line_feed, line);
  }
  const bool begins = measured && !hashed_;
  hashed_ = hashed_ || measured;
  if (begins && !init) {
    say(QuirkId::no_init, line);
  }
  if (init && !begins) {
    say(QuirkId::later_init, line);
  }
  if (begins && init && init->specification_form) {
    say(QuirkId::init_as_specified, line);
  }
  if (begins && init && !init->exact_size) {
    say(QuirkId::init_size, line);
  }
  if (measured) {
    batch.digest_pool.push_back({.algorithm = bank_,
                                 .value = batch.arena.keep(engine_.hash(bank_, data).view()),
                                 .origin = DigestOrigin::computed,
                                 .is_hash_of_data = true});
  }
  Record& record = add_record(batch, measured ? 1 : 0);
  record.raw = raw;
  record.prefix = raw.first(line.blanks);
  record.reg = reg_;
  record.content = ContentType::aael;
  record.data = data;
  record.extends = measured;
  record.framing = has_line_feed ? 0 : kWithoutLineFeed;
  if (begins && init) {
    record.asserts = {.kind = AssertionKind::initial, .bank = bank_, .value = init->value};
  }
}

}  // namespace

std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                    DiagnosticSink& diagnostics) {
  return std::make_unique<AaelReader>(std::move(source), options, diagnostics);
}

}  // namespace mrtool::aael
