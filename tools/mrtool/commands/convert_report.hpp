// What a conversion lost, for people and as mrtool.loss/1.
#pragma once

#include "lib/convert/convert.hpp"
#include "tools/mrtool/commands/session.hpp"

namespace mrtool {

// Writes FILE of --loss-report, in one step.
Status write_loss_report(const std::string& path, const Conversion& conversion, const ConvertResult& result,
                         const LogChain& chain, std::string_view to);

// Tells every loss on standard error; records in a row that lose the same are told in one line.
Status tell_losses(const Conversion& conversion, const LogChain& chain, Session& session);

// Keeps a warning for the end of the run: how many records of each log lost something.
Status note_losses(const Conversion& conversion, const LogChain& chain, Session& session);

}  // namespace mrtool
