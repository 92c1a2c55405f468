// What a replay's comparisons leave open, and what people should hear of beside them.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "lib/base/diagnostic.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/replay_view.hpp"

namespace mrtool {

// Firmware starts its registers anew, so that a second log of firmware cannot continue the first.
void warn_of_second_start(std::span<const LogSummary> logs, DiagnosticSink& diagnostics);

// Says why a run is inconclusive: nothing was selected or compared, or what was compared is not proven.
void explain_nothing(const ReplayView& view, const Filter& filter, DiagnosticSink& diagnostics);

// A value that was given or a register that was named, and that nothing was compared with: what is equal says nothing
// about it, so that `equal` becomes inconclusive.
void find_unanswered(ReplayView& view, const Filter& filter, DiagnosticSink& diagnostics);

// Those of --initial that no register of `registers`, all that were replayed, started at.
std::vector<RegisterKey> unused_initial(const std::map<RegisterKey, Digest>& initial,
                                        const std::vector<RegisterResult>& registers);
// A start that was given and changed nothing is a mistake: `equal` becomes inconclusive.
void warn_of_unused(const std::vector<RegisterKey>& unused, ReplayView& view, DiagnosticSink& diagnostics);

// Where all that differs is of registers that no log is about, it is most often a log that is missing.
void hint_at_missing_logs(const ReplayView& view, DiagnosticSink& diagnostics);

}  // namespace mrtool
