#include "tools/mrtool/batch/member.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tools/mrtool/commands/session.hpp"

namespace mrtool {

MemberMark mark_of(const BatchMember& member, int status) {
  return {.path = member.path, .line = member.number, .entry = member.entry, .status = status};
}

void describe_mark(const std::optional<MemberMark>& mark, DocumentWriter& writer) {
  if (!mark) {
    return;
  }
  const auto text_or_null = [&writer](std::string_view key, const std::optional<std::string>& text) {
    writer.key(key);
    if (text) {
      writer.text(*text);
    } else {
      writer.null();
    }
  };
  text_or_null("path", mark->path);
  writer.key("status");
  writer.count(static_cast<std::uint64_t>(mark->status));
  writer.key("line");
  writer.count(mark->line);
  text_or_null("entry", mark->entry);
}

Result<std::vector<LogName>> logs_of_member(const CommandLine& line, Host& host) {
  MRTOOL_TRY(names, named_logs(line.arguments, host));
  std::vector<std::string> paths;
  std::ranges::transform(names, std::back_inserter(paths), &LogName::path);
  for (const auto& [id, values] : line.values) {
    const ValueKind kind = option(id).value;
    if (kind == ValueKind::file || kind == ValueKind::source) {
      paths.insert(paths.end(), values.begin(), values.end());
      for (const std::string& value : values) {
        paths.push_back(value.substr(value.find('@') + 1));  // SELECTION@FILE
      }
    }
  }
  for (const std::string& path : paths) {
    if (host.kind(path) == FileKind::other) {
      return std::unexpected(Error{.kind = ErrorKind::io,
                                   .message = "is no regular file, and a batch does not wait for what it gives",
                                   .file = path,
                                   .offset = {},
                                   .record = {}});
    }
  }
  return names;
}

std::string why(const BatchMember& member, const std::vector<Error>& errors, std::string_view verdict) {
  const std::string reason = errors.empty() ? fmt::format("the verdict is {}", verdict) : to_string(errors.front());
  // An error about the one log that there is says which it is.
  const bool named = !errors.empty() && errors.front().file == member.path;
  return member.path && !named ? fmt::format("{}: {}", *member.path, reason) : reason;
}

}  // namespace mrtool
