#include "lib/base/diagnostic.hpp"

#include <algorithm>
#include <numeric>

namespace mrtool {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

void DiagnosticSink::add(Diagnostic diagnostic) {
  if (!diagnostic.log) {
    diagnostic.log = log_;
  }
  // A diagnostic about no log has a number that no log has.
  const std::size_t log = diagnostic.log.value_or(static_cast<std::size_t>(-1));
  Seen& seen = seen_[{log, diagnostic.code}];
  if (seen.stored == kKept) {
    kept_[seen.last].count += diagnostic.count;
    return;
  }
  ++seen.stored;
  seen.last = kept_.size();
  kept_.push_back(std::move(diagnostic));
}

bool DiagnosticSink::has(std::string_view code) const {
  return count(code) > 0;
}

std::uint64_t DiagnosticSink::count(std::string_view code) const {
  return std::accumulate(kept_.begin(), kept_.end(), std::uint64_t{0},
                         [code](std::uint64_t sum, const Diagnostic& diagnostic) {
                           return sum + (diagnostic.code == code ? diagnostic.count : 0);
                         });
}

}  // namespace mrtool
