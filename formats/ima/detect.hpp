#pragma once

#include <optional>

#include "formats/formats.hpp"

namespace mrtool::ima {

// A binary list: an entry whose digest is the hash of its data, or one of a template that is known.
std::optional<Detection> detect(const Probe& probe);
// A text whose first line is that of an entry.
std::optional<Detection> detect_ascii(const Probe& probe);

}  // namespace mrtool::ima
