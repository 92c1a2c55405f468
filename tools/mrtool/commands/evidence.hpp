// The quote of a command line, with all that goes with it.
#pragma once

#include <optional>

#include "lib/quote/quote.hpp"
#include "tools/mrtool/batch/shared_inputs.hpp"

namespace mrtool {

// Reads --quote and its companions, and appraises the quote by its kind; nothing when --quote is not given. Fails
// (usage) where an option cannot be understood or belongs to a quote that is not given, (malformed) where the file is
// no signed report, and as reading does.
Result<std::optional<QuoteResult>> appraise_quote(const CommandLine& line, Host& host, const SharedInputs& shared = {});

}  // namespace mrtool
