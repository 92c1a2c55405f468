// Finding lines in the bytes at hand, each byte looked at once however small the pieces are that arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace mrtool::tsm {

struct Line {
  std::size_t blanks = 0;  // empty lines before it
  std::string_view text;   // without LF
  std::size_t size = 0;    // empty lines and LF included
};

enum class Found : std::uint8_t {
  line,
  need_more,  // the line goes on behind the bytes at hand
  end,        // nothing is left but empty lines
  partial,    // the last line has no LF; it is handed over all the same
};

// The next line that is not empty, at the front of the bytes.
class LineFinder {
 public:
  // `whole`: nothing comes behind `rest`, which begins where the last reset() left it.
  Found find(ByteView rest, bool whole, Line& line);
  void reset() { *this = {}; }

 private:
  std::size_t blanks_ = 0;    // leading LFs that are known
  std::size_t searched_ = 0;  // bytes that hold no LF behind these
};

// Line after line, the empty ones too, through bytes that stay.
class LineScanner {
 public:
  // end: there is no further line.
  Found next(ByteView rest, bool whole, std::string_view& text);
  bool in_first_line() const { return start_ == 0; }

 private:
  std::size_t start_ = 0;     // of the line it is at
  std::size_t searched_ = 0;  // bytes that hold no LF behind `start_`
};

}  // namespace mrtool::tsm
