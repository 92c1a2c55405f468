// mrtool inspect: the records of logs, decoded. Batches are decoded and checked on several threads and shown in order;
// nothing but the batch at hand is held.
#include <fmt/format.h>

#include <algorithm>

#include "lib/content/judgement.hpp"
#include "lib/replay/replay.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
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

class Inspection {
 public:
  Inspection(Session& session, Filter filter, const CommandLine& line)
      : session_(session),
        filter_(std::move(filter)),
        threads_(line.threads()),
        renderer_(make_renderer(session, line)),
        tpm2_yaml_(dynamic_cast<InspectTpm2Yaml*>(renderer_.get())) {}

  void show(const LogChain::Step& step, std::span<const LogSummary> logs) {
    if (step.first_of_log) {
      renderer_->begin_log(step.log, *step.info, logs);
    }
    if (tpm2_yaml_ != nullptr) {
      tpm2_yaml_->fold(*step.batch);
    }
    const std::vector<RecordView> views = complete_views(step);
    const bool apart = renderer_->renders_apart();
    for (const RecordView& view : views) {
      ++shown_;
      digests_ += view.digests.size();
      notice(view);
      if (!apart) {
        renderer_->record(view);
        session_.out().settle();
      }
    }
    for (const Part& part : parts_) {
      renderer_->rendered(part.text, part.records);
      session_.out().settle();
    }
    session_.out().flush();
  }

  void finish(const LogChain& chain) {
    session_.diagnostics().set_log(std::nullopt);
    warn_of_nothing(chain.logs());
    renderer_->finish(chain.logs(), session_.all_diagnostics(chain));
  }

 private:
  // A selection that takes nothing is more often a mistake than a question.
  void warn_of_nothing(std::span<const LogSummary> logs) {
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

  // And renders them, in parts, where the rendering allows that.
  std::vector<RecordView> complete_views(const LogChain::Step& step) {
    std::vector<RecordView> views;
    for (const Record& record : step.batch->records) {
      if (filter_.takes(record)) {
        RecordView& view = views.emplace_back();
        view.log = step.log;
        view.record = &record;
        view.info = step.info;
      }
    }
    const bool apart = renderer_->renders_apart();
    const std::size_t size = std::max<std::size_t>(part_size(views.size(), threads_), 1);
    parts_.resize(apart ? (views.size() + size - 1) / size : 0);
    for (Part& part : parts_) {
      part.text.clear();
      part.records = 0;
    }
    for_parts(views.size(), threads_, [&](std::size_t begin, std::size_t end) {
      if (begin == end) {
        return;
      }
      HashEngine engine;
      std::vector<const Record*> records;
      for (std::size_t i = begin; i < end; ++i) {
        records.push_back(views[i].record);
      }
      std::vector<Judgement> judgements = judge_many(records, *step.info, engine);
      for (std::size_t i = begin; i < end; ++i) {
        views[i].judgement = std::move(judgements[i - begin]);
        complete(views[i]);
      }
      if (apart) {
        Part& part = parts_[begin / size];
        part.records = end - begin;
        renderer_->render(std::span(views).subspan(begin, end - begin), part.text);
      }
    });
    return views;
  }

  void complete(RecordView& view) const {
    view.decoded = decode(*view.record, *view.info);
    for (std::size_t i = 0; i < view.record->digests.size(); ++i) {
      if (filter_.takes_bank(view.record->digests[i].algorithm)) {
        view.digests.push_back(i);
      }
    }
  }

  // What a record says that people should hear of even if they don't look at it.
  void notice(const RecordView& view) {
    const auto add = [this, &view](Severity severity, std::string_view code, std::string message) {
      session_.diagnostics().add({.severity = severity,
                                  .code = std::string(code),
                                  .log = view.log,
                                  .record = view.record->number,
                                  .offset = view.record->offset,
                                  .message = std::move(message)});
    };
    for (const std::size_t i : view.digests) {
      if (i < view.judgement.digests.size() && view.judgement.digests[i].check == Check::differs) {
        add(Severity::warning, "digest-differs", digest_differs(*view.record, view.record->digests[i].algorithm));
        break;
      }
    }
    if (view.judgement.error_separator) {
      add(Severity::warning, "error-separator",
          fmt::format("the firmware reports here that a measurement into {} failed", to_string(view.record->reg)));
    }
    if (!view.decoded.problem.empty()) {
      add(Severity::note, "content-undecoded", view.decoded.problem);
    }
  }

  Session& session_;
  Filter filter_;
  unsigned threads_;
  std::unique_ptr<InspectRenderer> renderer_;
  InspectTpm2Yaml* tpm2_yaml_;  // the renderer, when it is that one
  struct Part {
    std::string text;
    std::size_t records = 0;
  };
  std::vector<Part> parts_;  // of a batch that is rendered apart
  std::uint64_t shown_ = 0;
  std::uint64_t digests_ = 0;  // of the records shown, those of selected banks
};

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

  LogChain chain(std::move(*names), session.host(), session.diagnostics(),
                 {.bank = filter->only_bank(), .compute_banks = session.computed_banks(*filter)});
  Inspection inspection(session, std::move(*filter), line);
  LogChain::Step step;
  while (!session.out().failed() && chain.next(step)) {
    inspection.show(step, chain.logs());
  }
  if (const auto missing = session.missing_input(chain)) {
    return session.stop(*missing);
  }
  inspection.finish(chain);
  return session.finish(chain, kExitSuccess);
}

}  // namespace mrtool
