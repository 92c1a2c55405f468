// Some records of one batch on their way through inspect: judged, decoded and rendered by whatever thread has time,
// then shown in their turn.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/crypto/hash.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/inspect_view.hpp"

namespace mrtool {

// What the records of a batch need for as long as they are looked at.
struct InspectBatch {
  std::size_t log = 0;
  std::shared_ptr<const LogInfo> info;
  Batch batch;
};

class InspectPiece {
 public:
  // `apart`: of the renderer, or nullptr where records are rendered one by one as they are shown.
  explicit InspectPiece(std::unique_ptr<ApartRenderer> apart) : apart_(std::move(apart)) {}

  // Takes other records in place of those before. `noticed`: what the batch's reader said, told before them.
  void fill(std::shared_ptr<const InspectBatch> batch, std::span<const Record* const> records,
            std::vector<Diagnostic> noticed);
  // All that does not depend on other pieces.
  void complete(const Filter& filter);

  // What people should hear of even if they don't look at the records, in the order of these.
  std::vector<Diagnostic>& noticed() { return noticed_; }
  std::size_t records() const { return records_.size(); }
  std::uint64_t digests() const { return digests_; }  // that are shown
  // One of the two; the views where there is no apart renderer.
  bool is_rendered() const { return apart_ != nullptr; }
  ApartRenderer::Rendered rendered() const { return apart_->rendered(); }
  std::span<const RecordView> views() const { return views_; }

  // Lets go of the records.
  void release();

 private:
  void complete(RecordView& view, const Filter& filter);
  void notice(const RecordView& view);

  std::unique_ptr<ApartRenderer> apart_;
  HashEngine engine_;
  std::shared_ptr<const InspectBatch> batch_;
  std::vector<const Record*> records_;
  std::vector<Diagnostic> noticed_;
  std::vector<RecordView> views_;
  std::uint64_t digests_ = 0;
};

}  // namespace mrtool
