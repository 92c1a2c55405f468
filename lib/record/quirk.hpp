// What real producers do differently, by name. Variants are legal or defined by a format: noted, and taken by every
// command. Tolerances break the format: inspect and replay apply and report them, verify refuses unless told.
#pragma once

#include <string_view>

namespace mrtool {

struct Quirk {
  std::string_view code;     // V01.. variant, T01.. tolerance
  std::string_view name;     // short, kebab-case
  std::string_view meaning;  // a sentence in lower case, without a full stop

  constexpr bool is_tolerance() const { return code.starts_with('T'); }
};

}  // namespace mrtool
