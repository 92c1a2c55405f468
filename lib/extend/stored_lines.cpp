#include "lib/extend/stored_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/content/tsm_line.hpp"

namespace mrtool::extend {

namespace {

constexpr char kNoBreakSpace = '\xA0';
constexpr std::string_view kSync = "SYNC";

struct Reason {
  bool (*applies)(std::string_view line);
  std::string_view text;
};
constexpr std::array kReasons{
    Reason{[](std::string_view line) { return line.empty(); }, "it is empty, and the kernel logs no empty record"},
    Reason{[](std::string_view line) { return tsm::trimmed(line).empty(); },
           "it is white space only, and the kernel logs no empty record"},
    Reason{[](std::string_view line) { return line.contains('\n'); },
           "it has a line feed in it, and would become several records"},
    Reason{[](std::string_view line) { return line.contains('\r'); },
           "it has a carriage return in it, which ends a record as a line feed does"},
    Reason{[](std::string_view line) { return line.contains('\0'); },
           "it has a NUL in it, where many readers of a log end a text"},
    Reason{
        [](std::string_view line) { return line.front() == kNoBreakSpace || line.back() == kNoBreakSpace; },
        "it begins or ends with the byte A0, which the kernel takes for white space and cuts off, though it is a part "
        "of a letter in UTF-8 text"},
    Reason{[](std::string_view line) { return tsm::trimmed(line).size() != line.size(); },
           "it begins or ends with white space, which the kernel cuts off"},
    Reason{[](std::string_view line) { return line.starts_with('#'); },
           "it begins with \"#\": it would be a comment, which is logged and not measured"},
    Reason{[](std::string_view line) {
             return line.starts_with(kSync) && (line.size() == kSync.size() || tsm::is_space(line[kSync.size()]));
           },
           "it begins with \"SYNC\" as a statement of the register's value does, and would be read as one"},
};

}  // namespace

std::optional<std::string> why_changed(ByteView line) {
  const std::string_view text = as_text(line);
  const auto* const reason = std::ranges::find_if(kReasons, [text](const Reason& row) { return row.applies(text); });
  if (reason != kReasons.end()) {
    return std::string(reason->text);
  }
  if (line.size() > kLinesLimit) {
    return fmt::format("it has {} bytes, and the kernel takes {} at once and would make two records of it", line.size(),
                       kLinesLimit);
  }
  return std::nullopt;
}

std::vector<Bytes> stored_lines(ByteView text) {
  std::vector<Bytes> lines;
  for (std::string_view rest = as_text(text); !rest.empty();) {
    std::string_view page = rest.substr(0, kLinesLimit);
    rest.remove_prefix(page.size());
    while (!page.empty()) {
      const std::size_t end = std::min(page.find_first_of("\n\r"), page.size());
      if (const std::string_view line = tsm::trimmed(page.substr(0, end)); !line.empty()) {
        lines.push_back(to_bytes(as_bytes(line)));
      }
      page.remove_prefix(std::min(end + 1, page.size()));
    }
  }
  return lines;
}

}  // namespace mrtool::extend
