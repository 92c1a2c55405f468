#include "formats/tsm/detect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/tsm/carried.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool::tsm {
namespace {

// The beginning of a SYNC line whose rest the input does not have.
std::optional<HashAlgorithm> cut_sync(std::string_view text) {
  constexpr std::string_view kSync = "SYNC ";
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kSync) || slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto bank = parse_kernel_name(text.substr(kSync.size(), slash - kSync.size()));
  const std::string_view hex = text.substr(slash + 1);
  const bool digits = hex.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  const HashAlgorithmRow* row = bank ? find_algorithm(*bank) : nullptr;
  return row != nullptr && digits && hex.size() <= 2 * row->size ? bank : std::nullopt;
}

}  // namespace

std::optional<Detection> detect(const Probe& probe) {
  std::string_view text = as_text(probe.prefix);
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const bool whole = end != std::string_view::npos;
    text.remove_prefix(whole ? end + 1 : text.size());
    if (line.empty()) {
      continue;
    }
    if (first && whole && parse_extend(line)) {
      return Detection{.evidence = "the first line is an .EXTEND", .note = {}};
    }
    if (first && whole && parse_log_header(line)) {
      return Detection{.evidence = "the header of records carried in a TSM log", .note = {}};
    }
    first = false;
    if (line.starts_with('#')) {
      continue;
    }
    const auto sync = parse_sync(line);
    const auto bank = sync ? std::optional(sync->algorithm) : whole ? std::nullopt : cut_sync(line);
    if (bank) {
      return Detection{.evidence = fmt::format("the first measured line is a SYNC of bank {}", to_string(*bank)),
                       .note = {}};
    }
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace mrtool::tsm
