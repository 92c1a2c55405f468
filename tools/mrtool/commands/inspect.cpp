// mrtool inspect: the records of logs, decoded. They are decoded and checked on several threads and shown in order;
// nothing but a few batches is held.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <ranges>
#include <utility>

#include "lib/base/limits.hpp"
#include "lib/replay/replay.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/inspect_piece.hpp"
#include "tools/mrtool/commands/inspect_view.hpp"
#include "tools/mrtool/commands/session.hpp"
#include "tools/mrtool/parallel.hpp"
#include "tools/mrtool/render/tpm2_yaml.hpp"

namespace mrtool {
namespace {

// Adds the replay that the registers at the end of tpm2_eventlog's document come from.
class InspectTpm2Yaml final : public InspectRenderer {
 public:
  InspectTpm2Yaml(std::string& out, EventlogVersion version) : yaml_(out, version) {}

  void begin_log(std::size_t /*log*/, const LogInfo& info, std::span<const LogSummary> /*logs*/) override {
    end_log();
    replay_ = std::make_unique<Replay>(ReplayOptions{}, ignored_);
    replay_->begin_log(info);
    yaml_.begin(info);
  }
  void fold(const Batch& batch) {
    if (replay_) {
      replay_->add(batch);
    }
  }
  void record(const RecordView& view) override { yaml_.record(view); }
  void finish(std::span<const LogSummary> /*logs*/, const std::vector<Diagnostic>& /*diagnostics*/) override {
    end_log();
  }

 private:
  void end_log() {
    if (replay_) {
      yaml_.finish(replay_->finish());
      replay_.reset();
    }
  }

  Tpm2EventlogYaml yaml_;
  DiagnosticSink ignored_;  // inspect tells of records, not of registers
  std::unique_ptr<Replay> replay_;
};

std::unique_ptr<InspectRenderer> make_renderer(Session& session, const CommandLine& line) {
  std::string& out = session.out().buffer();
  const InspectOptions options{
      .raw = line.has(OptionId::raw), .style = session.output_style(), .columns = session.columns()};
  switch (session.rendering()) {
    case Rendering::json:
      return make_inspect_document(make_json_writer(out, false), options);
    case Rendering::yaml:
      return make_inspect_document(make_yaml_writer(out), options);
    case Rendering::ndjson:
      return make_inspect_ndjson(out, options);
    case Rendering::tpm2_yaml:
      return std::make_unique<InspectTpm2Yaml>(
          out, line.value(OptionId::eventlog_version) == "2" ? EventlogVersion::v2 : EventlogVersion::v1);
    case Rendering::text:
      break;
  }
  return line.has(OptionId::details) ? make_inspect_details(out, options) : make_inspect_table(out, options);
}

// Reads ahead while other threads decode and check what was read; it is shown in its order.
class Inspection {
 public:
  Inspection(Session& session, Filter filter, const CommandLine& line, DiagnosticSink& noticed_by_readers)
      : session_(session),
        filter_(std::move(filter)),
        noticed_by_readers_(noticed_by_readers),
        renderer_(make_renderer(session, line)),
        tpm2_yaml_(dynamic_cast<InspectTpm2Yaml*>(renderer_.get())),
        work_(line.threads(), kUnderWay * line.threads()) {}

  void show(const LogChain::Step& step, std::span<const LogSummary> logs);
  // Whoever took the output is gone, or it cannot be written.
  bool stopped() const { return stopped_; }
  // What was read is shown, and told on.
  void drain();
  void finish(const LogChain& chain);

 private:
  static constexpr std::size_t kUnderWay = 3;        // pieces for each thread
  static constexpr std::size_t kPieceRecords = 256;  // and of bytes, which are more when rendered:
  static constexpr std::uint64_t kPieceBytes = 64 * 1024;

  void begin_log(const LogChain::Step& step, std::span<const LogSummary> logs);
  std::shared_ptr<InspectBatch> take_batch(const LogChain::Step& step);
  void recycle(InspectBatch* batch);
  void add_pieces(const std::shared_ptr<const InspectBatch>& batch);
  void add_piece(const std::shared_ptr<const InspectBatch>& batch, std::span<const Record* const> records, bool last);
  std::unique_ptr<InspectPiece> take_piece();
  void put_back(InspectPiece* piece);
  void deliver(InspectPiece& piece);
  std::vector<Diagnostic> take_noticed();
  void warn_of_nothing(std::span<const LogSummary> logs);

  Session& session_;
  Filter filter_;
  DiagnosticSink& noticed_by_readers_;
  std::unique_ptr<InspectRenderer> renderer_;
  InspectTpm2Yaml* tpm2_yaml_;           // the renderer, when it is that one
  std::shared_ptr<const LogInfo> info_;  // of the present log
  bool first_seen_ = false;              // of its records that are shown
  std::vector<const Record*> selected_;  // of the batch at hand
  std::uint64_t shown_ = 0;
  std::uint64_t digests_ = 0;  // of the records shown, those of selected banks
  std::atomic<bool> stopped_ = false;

  std::mutex spare_mutex_;
  std::vector<std::unique_ptr<InspectPiece>> spare_pieces_;  // of the present log's renderer
  std::vector<Batch> spare_batches_;
  OrderedWork work_;  // behind what its tasks use
};

void Inspection::show(const LogChain::Step& step, std::span<const LogSummary> logs) {
  if (step.first_of_log) {
    begin_log(step, logs);
  }
  if (tpm2_yaml_ != nullptr) {
    tpm2_yaml_->fold(*step.batch);
  }
  add_pieces(take_batch(step));
  if (work_.is_alone()) {
    work_.drain();  // nobody else does it while more is read, or waited for
  }
}

void Inspection::begin_log(const LogChain::Step& step, std::span<const LogSummary> logs) {
  work_.drain();
  spare_pieces_.clear();
  renderer_->begin_log(step.log, *step.info, logs);
  info_ = std::make_shared<const LogInfo>(*step.info);
  first_seen_ = false;
}

std::shared_ptr<InspectBatch> Inspection::take_batch(const LogChain::Step& step) {
  std::shared_ptr<InspectBatch> taken(new InspectBatch, [this](InspectBatch* batch) { recycle(batch); });
  taken->log = step.log;
  taken->info = info_;
  taken->batch = std::move(*step.batch);
  const std::scoped_lock lock(spare_mutex_);
  if (!spare_batches_.empty()) {
    *step.batch = std::move(spare_batches_.back());
    spare_batches_.pop_back();
  }
  return taken;
}

// Its room serves another batch, unless a huge record made it large.
void Inspection::recycle(InspectBatch* batch) {
  const std::unique_ptr<InspectBatch> owned(batch);
  if (owned->batch.buffer.room() <= 4 * limits::kReadPiece) {
    const std::scoped_lock lock(spare_mutex_);
    spare_batches_.push_back(std::move(owned->batch));
  }
}

void Inspection::add_pieces(const std::shared_ptr<const InspectBatch>& batch) {
  selected_.clear();
  std::ranges::copy_if(batch->batch.records | std::views::transform([](const Record& record) { return &record; }),
                       std::back_inserter(selected_), [this](const Record* record) { return filter_.takes(*record); });
  if (!selected_.empty() && !std::exchange(first_seen_, true)) {
    work_.drain();
    renderer_->first_record(*selected_.front());
  }
  const std::span<const Record* const> all(selected_);
  std::size_t begin = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bytes += all[i]->raw.size();
    if (i + 1 - begin == kPieceRecords || bytes >= kPieceBytes || i + 1 == all.size()) {
      add_piece(batch, all.subspan(begin, i + 1 - begin), i + 1 == all.size());
      begin = i + 1;
      bytes = 0;
    }
  }
  if (all.empty() && !noticed_by_readers_.all().empty()) {
    add_piece(batch, {}, true);
  }
}

void Inspection::add_piece(const std::shared_ptr<const InspectBatch>& batch, std::span<const Record* const> records,
                           bool last) {
  const std::shared_ptr<InspectPiece> piece(take_piece().release(), [this](InspectPiece* used) { put_back(used); });
  piece->fill(batch, records, take_noticed());
  work_.add([this, piece] { piece->complete(filter_); },
            [this, piece, last] {
              deliver(*piece);
              if (last) {
                session_.out().flush();
              }
              stopped_ = session_.out().failed();
            });
}

std::unique_ptr<InspectPiece> Inspection::take_piece() {
  const std::scoped_lock lock(spare_mutex_);
  if (spare_pieces_.empty()) {
    return std::make_unique<InspectPiece>(renderer_->make_apart());
  }
  std::unique_ptr<InspectPiece> piece = std::move(spare_pieces_.back());
  spare_pieces_.pop_back();
  return piece;
}

void Inspection::put_back(InspectPiece* piece) {
  piece->release();
  const std::scoped_lock lock(spare_mutex_);
  spare_pieces_.emplace_back(piece);
}

// Called in order, in whatever thread.
void Inspection::deliver(InspectPiece& piece) {
  shown_ += piece.records();
  digests_ += piece.digests();
  for (Diagnostic& noticed : piece.noticed()) {
    session_.diagnostics().add(std::move(noticed));
  }
  if (piece.is_rendered()) {
    session_.out().put(piece.rendered().text);
    renderer_->rendered(piece.rendered());
    return;
  }
  for (const RecordView& view : piece.views()) {
    renderer_->record(view);
    session_.out().settle();
  }
}

std::vector<Diagnostic> Inspection::take_noticed() {
  if (noticed_by_readers_.all().empty()) {
    return {};
  }
  std::vector<Diagnostic> noticed = noticed_by_readers_.all();
  noticed_by_readers_ = {};
  return noticed;
}

void Inspection::drain() {
  work_.drain();
  for (Diagnostic& noticed : take_noticed()) {
    session_.diagnostics().add(std::move(noticed));
  }
}

void Inspection::finish(const LogChain& chain) {
  warn_of_nothing(chain.logs());
  renderer_->finish(chain.logs(), session_.all_diagnostics(chain));
}

// A selection that takes nothing is more often a mistake than a question.
void Inspection::warn_of_nothing(std::span<const LogSummary> logs) {
  const auto warn = [this](std::string message) {
    session_.diagnostics().add({.severity = Severity::warning,
                                .code = "nothing-selected",
                                .log = {},
                                .record = {},
                                .offset = {},
                                .message = std::move(message)});
  };
  std::uint64_t records = 0;
  for (const LogSummary& log : logs) {
    records += log.records;
  }
  if (records == 0) {
    return;
  }
  if (shown_ == 0) {
    warn(fmt::format("no record is of what {}", filter_.record_options()));
  } else if (digests_ == 0 && filter_.selects_banks()) {
    warn("no record that is shown has a digest of a bank that --bank selects");
  }
}

}  // namespace

int inspect_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  auto filter = Filter::from(line);
  if (!filter) {
    return session.stop(filter.error());
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }

  DiagnosticSink noticed;  // passed on when its turn has come
  LogChain chain(std::move(*names), session.host(), noticed,
                 {.bank = filter->only_bank(), .compute_banks = session.computed_banks(*filter)});
  Inspection inspection(session, std::move(*filter), line, noticed);
  LogChain::Step step;
  while (!inspection.stopped() && chain.next(step)) {
    inspection.show(step, chain.logs());
  }
  inspection.drain();
  if (const auto missing = session.missing_input(chain)) {
    return session.stop(*missing);
  }
  inspection.finish(chain);
  return session.finish(chain, kExitSuccess);
}

}  // namespace mrtool
