#include "formats/tsm/lines.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace mrtool::tsm {
namespace {

std::optional<std::size_t> find_line_feed(ByteView bytes, std::size_t from) {
  if (from >= bytes.size()) {
    return std::nullopt;
  }
  const auto* const found =
      static_cast<const std::uint8_t*>(std::memchr(bytes.data() + from, '\n', bytes.size() - from));
  return found == nullptr ? std::nullopt : std::optional(static_cast<std::size_t>(found - bytes.data()));
}

}  // namespace

Found LineFinder::find(ByteView rest, bool whole, Line& line) {
  while (blanks_ < rest.size() && rest[blanks_] == '\n') {
    ++blanks_;
  }
  const auto end = find_line_feed(rest, std::max(blanks_, searched_));
  line = {.blanks = blanks_,
          .text = as_text(rest.subspan(blanks_, end.value_or(rest.size()) - blanks_)),
          .size = end ? *end + 1 : rest.size()};
  if (end) {
    return Found::line;
  }
  searched_ = rest.size();
  if (!whole) {
    return Found::need_more;
  }
  return line.text.empty() ? Found::end : Found::partial;
}

Found LineScanner::next(ByteView rest, bool whole, std::string_view& text) {
  const auto end = find_line_feed(rest, searched_);
  text = as_text(rest.subspan(start_, end.value_or(rest.size()) - start_));
  if (end) {
    start_ = searched_ = *end + 1;
    return Found::line;
  }
  searched_ = rest.size();
  if (!whole) {
    return Found::need_more;
  }
  return text.empty() ? Found::end : Found::partial;
}

}  // namespace mrtool::tsm
