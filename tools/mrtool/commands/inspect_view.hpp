// What inspect shows, and its renderings.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/chain.hpp"
#include "lib/content/content.hpp"
#include "tools/mrtool/render/document.hpp"
#include "tools/mrtool/render/style.hpp"

namespace mrtool {

// One record with what it means. The pointers live as long as the batch that the record is in.
struct RecordView {
  std::size_t log = 0;
  const Record* record = nullptr;
  const LogInfo* info = nullptr;
  Decoded decoded{};
  Judgement judgement{};
  // Which of the record's are shown. g++ 12 wants the initializer where a view is made from a few members.
  std::vector<std::size_t> digests{};  // NOLINT(readability-redundant-member-init)
};

struct InspectOptions {
  bool raw = false;
  Style style{false};
  std::size_t columns = 0;  // text is shortened to these, with a mark; 0: never
};

// Renders records of one log apart from the renderer that made it, perhaps in another thread.
class ApartRenderer {
 public:
  virtual ~ApartRenderer() = default;
  struct Rendered {
    std::string_view text;  // valid until the next call
    std::size_t records = 0;
    std::size_t differing = 0;  // with a digest that differs
  };
  virtual void record(const RecordView& view) = 0;
  // The records since clear().
  virtual Rendered rendered() const = 0;
  virtual void clear() = 0;
};

// Told in order: each log as it begins, its records, the next log; then the end.
class InspectRenderer {
 public:
  virtual ~InspectRenderer() = default;
  virtual void begin_log(std::size_t log, const LogInfo& info, std::span<const LogSummary> logs) = 0;
  // The first record of the log that will be shown, before it is.
  virtual void first_record(const Record& /*record*/) {}
  // One of the two: record() for each; or, where records do not depend on each other, what renders those of the present
  // log once first_record() is told. The caller writes its text, in order, and passes what was rendered to rendered().
  virtual void record(const RecordView& /*view*/) {}
  virtual std::unique_ptr<ApartRenderer> make_apart() const { return nullptr; }
  virtual void rendered(const ApartRenderer::Rendered& /*rendered*/) {}
  virtual void finish(std::span<const LogSummary> logs, const std::vector<Diagnostic>& diagnostics) = 0;
};

// Each appends to `out`, which the caller may empty between two calls.
std::unique_ptr<InspectRenderer> make_inspect_table(std::string& out, const InspectOptions& options);
std::unique_ptr<InspectRenderer> make_inspect_details(std::string& out, const InspectOptions& options);
// One document in JSON or YAML: records first, as they come, then what is known at the end only.
std::unique_ptr<InspectRenderer> make_inspect_document(std::unique_ptr<DocumentWriter> writer,
                                                       const InspectOptions& options);
std::unique_ptr<InspectRenderer> make_inspect_ndjson(std::string& out, const InspectOptions& options);

// The lines around a log's records in text for people. `out` gets whole lines.
void append_log_heading(std::string& out, const LogSummary& log, const LogInfo& info, const Style& style);
// `shown`: how many of the log's records the selection takes.
void append_log_ending(std::string& out, const LogSummary& log, std::uint64_t shown, const Style& style);

// A record as a JSON object of mrtool.inspect/1, or as its details for people.
void describe_record(const RecordView& view, DocumentWriter& writer, bool raw);

}  // namespace mrtool
