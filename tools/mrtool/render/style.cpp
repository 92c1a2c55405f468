#include "tools/mrtool/render/style.hpp"

namespace mrtool {
namespace {

std::string_view sequence_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::strong:
      return "\x1B[1m";
    case Tone::faint:
      return "\x1B[2m";
    case Tone::good:
      return "\x1B[32m";
    case Tone::bad:
      return "\x1B[1;31m";
    case Tone::doubtful:
      return "\x1B[33m";
    case Tone::name:
      return "\x1B[36m";
  }
  return "";
}

}  // namespace

void Style::append(std::string& out, Tone tone, std::string_view text) const {
  if (!colored_ || tone == Tone::plain || text.empty()) {
    out += text;
    return;
  }
  out += sequence_of(tone);
  out += text;
  out += "\x1B[0m";
}

}  // namespace mrtool
