// What verify shows, and its renderings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/chain.hpp"
#include "lib/verify/appraisal.hpp"
#include "tools/mrtool/batch/member.hpp"
#include "tools/mrtool/render/document.hpp"
#include "tools/mrtool/render/style.hpp"

namespace mrtool {

struct VerifyView {
  AppraisalReport report;
  std::vector<LogSummary> logs;
  Value::Object quote;                  // decoded; empty without one
  std::optional<MemberMark> member;     // of a batch
  std::vector<Diagnostic> diagnostics;  // shown of a member only: others have them on standard error
};

// mrtool.verify/1.
void describe_verify(const VerifyView& view, DocumentWriter& writer);

struct VerifyTextOptions {
  bool verdict_only = false;  // --quiet
  bool notes = false;         // --verbose: what has no effect, and the quote's fields
  std::size_t columns = 0;    // of the terminal that shows it; 0: every check is one line
};
// The layers, outermost first: each check, then what a pass of the layer proves and what it does not; what was found;
// the verdict.
void append_verify_text(std::string& out, const VerifyView& view, const VerifyTextOptions& options, const Style& style);

}  // namespace mrtool
