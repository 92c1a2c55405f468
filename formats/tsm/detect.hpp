// By which bytes a TSM text log is told from any other text.
#pragma once

#include <optional>

#include "formats/formats.hpp"

namespace mrtool::tsm {

// Text is a TSM log if the first line that is not empty is "# .EXTEND <digest>", if the first one that is no comment is
// "SYNC <alg>/<hex>", or if it has the header of carried records. Other text is one only when it is named so.
std::optional<Detection> detect(const Probe& probe);

}  // namespace mrtool::tsm
