// What the kernel makes of text that is to be a record of a TSM log (TSM log format notes, 3; observations, B): the
// same for every such log, whoever keeps it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace mrtool::extend {

inline constexpr std::size_t kLinesLimit = 4096;  // bytes that the kernel takes in one write: a page

// Why `line` would not become one record that reads as it was given, as the end of a sentence about it ("it is empty");
// nothing where it would.
std::optional<std::string> why_changed(ByteView line);

// The records that the kernel makes of `text`: cut at every page, at LF and at CR, trimmed, without empty ones. What
// measures one after another logs what was meant, as far as that can be.
std::vector<Bytes> stored_lines(ByteView text);

}  // namespace mrtool::extend
