// Whether a log is one that the kernel can have written (TSM log format notes, 2.2). Only what users of append_event
// cannot bring about themselves is looked at; the first finding is the only one.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/record/record.hpp"

namespace mrtool::tsm {

class Lint {
 public:
  // What is wrong with the next line; empty when nothing is, or something was before. `blanks`: empty lines before it.
  std::string_view next(std::string_view line, std::uint64_t blanks, TsmLine kind);
  // The same at the log's end.
  std::string_view end(std::uint64_t blanks);

  // What it remembers, for one that looks at the lines that follow.
  static constexpr std::uint32_t kMarks = 15;
  std::uint32_t marks() const;
  static Lint from_marks(std::uint32_t marks);

 private:
  std::string_view look(std::string_view line, std::uint64_t blanks, TsmLine kind);

  bool done_ = false;
  bool first_ = true;    // no line yet
  bool synced_ = false;  // the first SYNC was there
  bool after_first_sync_ = false;
};

}  // namespace mrtool::tsm
