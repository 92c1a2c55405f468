#include "tools/mrtool/batch/list.hpp"

#include <algorithm>

namespace mrtool {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";

}  // namespace

Result<bool> ListReader::fill() {
  held_.resize(kPiece);
  given_ = 0;
  auto got = source_->read(held_);
  held_.resize(got.value_or(0));
  if (!got) {
    return std::unexpected(std::move(got).error());
  }
  return *got != 0;
}

Result<bool> ListReader::read_line(ListLine& line) {
  line = {.number = lines_ + 1, .text = {}, .too_long = false};
  bool any = false;
  for (;;) {
    if (given_ == held_.size()) {
      MRTOOL_TRY(more, fill());
      if (!more) {
        break;
      }
    }
    const std::string_view rest = as_text(held_).substr(given_);
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    any = true;
    line.too_long = line.too_long || line.text.size() + end > kLineBytes;
    if (line.too_long) {
      line.text = {};
    } else {
      line.text += rest.substr(0, end);
    }
    given_ += std::min(end + 1, rest.size());
    if (end != rest.size()) {
      break;
    }
  }
  lines_ += any ? 1 : 0;
  if (line.text.ends_with('\r')) {
    line.text.pop_back();
  }
  return any;
}

Result<std::optional<ListLine>> ListReader::next() {
  for (;;) {
    ListLine line;
    MRTOOL_TRY(any, read_line(line));
    if (!any) {
      return std::nullopt;
    }
    if (line.too_long || line.text.find_first_not_of(kBlank) != std::string::npos) {
      return line;
    }
  }
}

}  // namespace mrtool
