// What an appraisal of one log has gathered from the records that it judged, so that a later one goes on behind them as
// if it had judged them too. Only as good as who hands it over.
#pragma once

#include <vector>

#include "lib/base/diagnostic.hpp"
#include "lib/replay/checkpoint.hpp"
#include "lib/verify/policy_state.hpp"
#include "lib/verify/record_findings.hpp"

namespace mrtool {

struct AppraisalProgress {
  Checkpoint fold;
  std::vector<Diagnostic> diagnostics;  // of those records; about log 0
  RecordFindings::Held records;
  std::vector<policy::Progress> policies;  // as the options list the policies
};

}  // namespace mrtool
