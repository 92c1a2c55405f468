#include "tools/mrtool/commands/inspect_piece.hpp"

#include <fmt/format.h>

#include <utility>

#include "lib/content/judgement.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

void InspectPiece::fill(std::shared_ptr<const InspectBatch> batch, std::span<const Record* const> records,
                        std::vector<Diagnostic> noticed) {
  batch_ = std::move(batch);
  records_.assign(records.begin(), records.end());
  noticed_ = std::move(noticed);
  digests_ = 0;
}

void InspectPiece::complete(const Filter& filter) {
  // What is rendered at once needs one view, whose room all records use.
  views_.resize(is_rendered() ? 1 : records_.size());
  judge_each(records_, *batch_->info, engine_, [&](std::size_t i, Judgement& judgement) {
    RecordView& view = views_[is_rendered() ? 0 : i];
    view.log = batch_->log;
    view.record = records_[i];
    view.info = batch_->info.get();
    std::swap(view.judgement, judgement);
    complete(view, filter);
    notice(view);
    if (is_rendered()) {
      apart_->record(view);
    }
  });
}

void InspectPiece::complete(RecordView& view, const Filter& filter) {
  view.decoded = decode(*view.record, *view.info);
  view.digests.clear();
  for (std::size_t i = 0; i < view.record->digests.size(); ++i) {
    if (filter.takes_bank(view.record->digests[i].algorithm)) {
      view.digests.push_back(i);
    }
  }
  digests_ += view.digests.size();
}

void InspectPiece::notice(const RecordView& view) {
  const auto add = [this, &view](Severity severity, std::string_view code, std::string message) {
    noticed_.push_back({.severity = severity,
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

void InspectPiece::release() {
  views_.clear();
  if (is_rendered()) {
    apart_->clear();
  }
  records_.clear();
  noticed_.clear();
  batch_.reset();
}

}  // namespace mrtool
