#include "tools/mrtool/render/wrap.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace mrtool {

void append_wrapped(std::string& out, std::string_view text, std::size_t at, Margins margins) {
  std::size_t column = at;
  bool first = true;  // of its line
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const std::size_t width = display_width(word);
    if (!first && margins.columns != 0 && column + 1 + width > margins.columns) {
      out += '\n';
      out.append(margins.indent, ' ');
      column = margins.indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
    first = false;
  }
}

}  // namespace mrtool
