// A crypto-agile TCG log as one that mrtool appends to beside PCRs (FORMAT.md, "Appending").
#pragma once

#include <memory>
#include <span>

#include "lib/extend/kept_log.hpp"

namespace mrtool::tcg {

// `banks`: the TPM's, which a new log announces and every log that is gone on with must. Events are PC client events,
// or lines of text, which become EV_ACTION.
std::unique_ptr<extend::KeptLog> make_kept_log(std::span<const HashAlgorithm> banks);

}  // namespace mrtool::tcg
