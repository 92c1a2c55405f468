#include "lib/extend/log_walk.hpp"

#include "lib/content/tsm_line.hpp"

namespace mrtool::extend {

std::vector<WalkedLine> walk(LogPlace& place, ByteView bytes, HashAlgorithm bank, HashEngine& engine) {
  std::vector<WalkedLine> lines;
  for (std::string_view rest = as_text(bytes);;) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      return lines;
    }
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    place.offset += end + 1;
    if (text.empty()) {
      continue;
    }
    const TsmLine kind = tsm::classify(text, bank);
    if (kind == TsmLine::sync && !place.value) {
      place.value = tsm::parse_sync(text)->value;
    }
    WalkedLine line{.text = text, .before = place.value, .after = {}};
    if (place.value && kind != TsmLine::comment) {
      const Digest digest =
          kind == TsmLine::extend ? tsm::parse_extend(text)->value : engine.hash(bank, as_bytes(text));
      engine.extend(bank, *place.value, digest.view());
    }
    line.after = place.value;
    ++place.records;
    lines.push_back(std::move(line));
  }
}

}  // namespace mrtool::extend
