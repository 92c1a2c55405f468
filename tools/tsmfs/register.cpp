#include "tools/tsmfs/register.hpp"

#include "lib/content/tsm_line.hpp"

namespace mrtool::tsmfs {

Outcome<std::size_t> SoftwareRegister::append(std::string_view page) {
  if (!in_sync_) {
    if (const auto added = add_line(tsm::format_sync(definition_.bank, value()), !log_.empty()); !added) {
      return std::unexpected(added.error());
    }
    in_sync_ = true;  // even if nothing else of the write is logged
  }
  bool blank_line_before = true;
  for (std::string_view rest = page; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of("\n\r"), rest.size());
    const auto added = add_line(rest.substr(0, end), blank_line_before);
    if (!added) {
      return std::unexpected(added.error());
    }
    blank_line_before = blank_line_before && !*added;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return page.size();
}

// Logged first, so that the line of an extension that fails stays.
Outcome<std::size_t> SoftwareRegister::extend_logged(ByteView digest) {
  if (const auto added = add_line(tsm::format_extend(digest), in_sync_); !added) {
    return std::unexpected(added.error());
  }
  auto extended = extend(digest);
  if (extended) {
    in_sync_ = false;
  }
  return extended;
}

Outcome<std::size_t> SoftwareRegister::extend(ByteView digest) {
  if (definition_.working_extends && extends_ >= *definition_.working_extends) {
    return std::unexpected(std::errc::io_error);
  }
  ++extends_;
  *memory_ = to_bytes(engine_.hash(definition_.bank, *memory_, digest).view());
  return digest.size();
}

Outcome<bool> SoftwareRegister::add_line(std::string_view text, bool blank_line_before) {
  const std::string_view line = tsm::trimmed(text);
  if (line.empty()) {
    return false;
  }
  if (log_.size() + line.size() + (blank_line_before ? 1 : 0) > kLogLimit) {
    return std::unexpected(std::errc::not_enough_memory);
  }
  if (!line.starts_with('#')) {
    const Digest digest = engine_.hash(definition_.bank, as_bytes(line));
    if (const auto extended = extend(digest.view()); !extended) {
      return std::unexpected(extended.error());
    }
  }
  log_line(line, blank_line_before);
  return true;
}

void SoftwareRegister::log_line(std::string_view line, bool blank_line_before) {
  if (blank_line_before) {
    log_ += '\n';
  }
  log_ += line;
  log_ += '\n';
  ++logged_lines_;
}

}  // namespace mrtool::tsmfs
