#include "formats/ima/detect.hpp"

#include <fmt/core.h>

#include "formats/ima/line.hpp"
#include "formats/ima/survey.hpp"
#include "lib/base/text.hpp"

namespace mrtool::ima {

std::optional<Detection> detect(const Probe& probe) {
  ByteView bytes = probe.prefix;
  const auto kexec = read_kexec_header(bytes);
  if (kexec) {
    bytes = bytes.subspan(kKexecHeaderBytes);
    bytes = bytes.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), kexec->buffer_bytes - kKexecHeaderBytes)));
  }
  HashEngine engine;
  const Survey found = survey(engine, bytes, HashAlgorithm::none);
  if (!found.whole_entry || (found.state != SurveyState::confirmed && !found.known_template)) {
    return std::nullopt;
  }
  const std::string_view behind = kexec ? "a kexec header, then " : "";
  if (found.state == SurveyState::confirmed) {
    return Detection{fmt::format("{}an IMA entry with the {} digest of its data", behind, to_string(found.bank)), {}};
  }
  return Detection{fmt::format("{}an IMA entry of a known template", behind),
                   "no entry's digest is the hash of its data"};
}

std::optional<Detection> detect_ascii(const Probe& probe) {
  // A longer first line is no entry that anybody logs.
  const std::string_view text = as_text(probe.prefix);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos && !probe.complete) {
    return std::nullopt;
  }
  const auto line = parse_line(text.substr(0, end));
  if (!line) {
    return std::nullopt;
  }
  return Detection{fmt::format("a line of template {} with a digest of {} bytes", line->name, line->digest.size()), {}};
}

}  // namespace mrtool::ima
