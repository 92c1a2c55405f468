// The kinds of reports, one file each.
#pragma once

#include "lib/quote/quote.hpp"

namespace mrtool::quotes {}  // namespace mrtool::quotes
