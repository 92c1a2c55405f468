// --batch: the appraisals that a list asks for, on all cores, a line of JSON for each.
#pragma once

#include "tools/mrtool/batch/member.hpp"
#include "tools/mrtool/commands/session.hpp"

namespace mrtool {

// Reads the list that `line` names, has each member appraised by one thread, writes the results in the list's order
// (--unordered: as they come), and returns the worst status. A list without entries is inconclusive. Results that wait
// for their turn are bounded.
int run_batch(const CommandLine& line, Environment& environment, Session& session, const Appraiser& appraiser);

}  // namespace mrtool
