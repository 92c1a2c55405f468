#include "formats/ima/ascii_survey.hpp"

#include "formats/ima/line.hpp"

namespace mrtool::ima {
namespace {

std::optional<Confirmation> confirm_line(HashEngine& engine, const Line& line, const Template& kind, ByteOrder order) {
  const Rebuilt rebuilt = rebuild_data(kind, line.fields, order);
  return rebuilt.problem.empty() ? confirm(engine, line.digest.view(), rebuilt.data) : std::nullopt;
}

void adopt_named(Survey& found, HashAlgorithm named) {
  const HashAlgorithmRow* row = find_algorithm(named);
  if (row != nullptr && row->size == found.layout.digest_bytes) {
    found.bank = named;
    found.state = SurveyState::assumed;
  } else if (found.layout.digest_bytes == find_algorithm(HashAlgorithm::sha1)->size) {
    found.bank = HashAlgorithm::sha1;
    found.state = SurveyState::assumed;
  } else {
    found.state = SurveyState::undecided;
  }
}

}  // namespace

Survey survey_lines(HashEngine& engine, ByteView bytes, HashAlgorithm named) {
  Survey found;
  std::string_view text = as_text(bytes);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto line = parse_line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const bool first = found.state == SurveyState::none;
    if (!line && first) {
      break;
    }
    // The rest of a name with a line feed, or damage, which reading will find.
    if (!line || (!first && found.layout.digest_bytes != line->digest.size())) {
      continue;
    }
    const auto kind = find_template(line->name);
    if (first) {
      found.layout.digest_bytes = line->digest.size();
      found.known_template = kind.has_value();
      found.state = SurveyState::undecided;
    }
    found.whole_entry = found.whole_entry || end != std::string_view::npos;
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
      const auto confirmed = kind ? confirm_line(engine, *line, *kind, order) : std::nullopt;
      if (!confirmed) {
        continue;
      }
      found.layout.order = order;
      found.padded = confirmed->padded;
      if (found.padded) {
        adopt_named(found, named);
      } else {
        found.bank = confirmed->algorithm;
        found.state = SurveyState::confirmed;
      }
      return found;
    }
  }
  if (found.state != SurveyState::none) {
    adopt_named(found, named);
  }
  return found;
}

}  // namespace mrtool::ima
