// Text in lines of a given width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mrtool {

struct Margins {
  std::size_t indent = 0;   // where further lines start
  std::size_t columns = 0;  // of a line; 0: however many it takes
};

// Appends words from column `at`, which the text has reached, and breaks lines before they are longer than the margins
// allow. A word that fits no line is not broken. Appends no line feed at the end.
void append_wrapped(std::string& out, std::string_view text, std::size_t at, Margins margins);

}  // namespace mrtool
