#include "tools/mrtool/commands/line_batches.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mrtool {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;  // what a pipe holds

}  // namespace

void LineBatches::take_line(ByteView text, std::vector<InputLine>& lines) {
  ++number_;
  if (!text.empty()) {
    lines.push_back({.number = number_, .text = to_bytes(text)});
  }
}

void LineBatches::take_lines(std::vector<InputLine>& lines) {
  const ByteView held(held_);
  std::size_t begin = 0;
  for (auto end = std::ranges::find(held_, '\n'); end != held_.end();
       end = std::find(held_.begin() + static_cast<std::ptrdiff_t>(begin), held_.end(), '\n')) {
    const auto at = static_cast<std::size_t>(end - held_.begin());
    take_line(held.subspan(begin, at - begin), lines);
    begin = at + 1;
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(begin));
}

Result<std::vector<InputLine>> LineBatches::next() {
  std::vector<InputLine> lines;
  while (lines.empty() && !ended_) {
    const std::size_t before = held_.size();
    held_.resize(before + kReadSize);
    const auto got = source_->read(std::span(held_).subspan(before));
    held_.resize(before + got.value_or(0));
    if (!got) {
      return std::unexpected(got.error());
    }
    ended_ = *got == 0;
    take_lines(lines);
    if (ended_ && !held_.empty()) {
      take_line(held_, lines);
      held_.clear();
    }
    if (held_.size() > kLongestLine) {
      // Those before it are handed over first.
      if (!lines.empty()) {
        return lines;
      }
      return fail(ErrorKind::malformed,
                  fmt::format("line {} of standard input is longer than {} bytes", number_ + 1, kLongestLine));
    }
  }
  return lines;
}

}  // namespace mrtool
