#include "formats/aael/detect.hpp"

#include <fmt/format.h>

#include "lib/content/aael_line.hpp"

namespace mrtool::aael {

std::optional<Detection> detect(const Probe& probe) {
  constexpr std::size_t kLongestInit = 1024;
  const std::string_view text = as_text(probe.prefix).substr(0, kLongestInit);
  const std::string_view line = text.substr(0, text.find('\n'));
  // Of a value that is cut within a byte the last digit may be missing.
  auto init = parse_init(line);
  if (!init && line.size() == text.size() && !line.empty()) {
    init = parse_init(line.substr(0, line.size() - 1));
  }
  if (!init) {
    return std::nullopt;
  }
  return Detection{.evidence = fmt::format("an INIT line of bank {}", to_string(init->bank)), .note = {}};
}

}  // namespace mrtool::aael
