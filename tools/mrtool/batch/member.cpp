#include "tools/mrtool/batch/member.hpp"

#include <fmt/format.h>

namespace mrtool {

void describe_mark(const std::optional<MemberMark>& mark, DocumentWriter& writer) {
  if (!mark) {
    return;
  }
  writer.key("path");
  if (mark->path) {
    writer.text(*mark->path);
  } else {
    writer.null();
  }
  writer.key("status");
  writer.count(static_cast<std::uint64_t>(mark->status));
}

std::string why(const BatchMember& member, const std::vector<Error>& errors, std::string_view verdict) {
  const std::string reason = errors.empty() ? fmt::format("the verdict is {}", verdict) : to_string(errors.front());
  // An error about the one log that there is says which it is.
  const bool named = !errors.empty() && errors.front().file == member.path;
  return member.path && !named ? fmt::format("{}: {}", *member.path, reason) : reason;
}

}  // namespace mrtool
