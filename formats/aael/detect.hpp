// By which bytes an AAEL text log is told from any other text.
#pragma once

#include <optional>

#include "formats/formats.hpp"

namespace mrtool::aael {

// It begins with an INIT line, whole or cut short. Other text is an AAEL log only when it is named so.
std::optional<Detection> detect(const Probe& probe);

}  // namespace mrtool::aael
