// What is unusual about a log's beginning.
#pragma once

#include <cstdint>

#include "formats/tcg/opening.hpp"
#include "formats/tcg/quirks.hpp"

namespace mrtool::tcg {

// `offset`: where the opening lies in the log.
void report_opening(const Opening& opening, std::uint64_t offset, QuirkReport& report);

}  // namespace mrtool::tcg
