#include "formats/cel/json_style.hpp"

#include <algorithm>
#include <array>

namespace mrtool::cel {
namespace {

constexpr auto kStyles = std::to_array<JsonStyle>({
    {.name = "spec"},
    {.name = "libcel", .spells_event_type = true, .own_indices = false},
    {.name = "fapi",
     .upper_types = true,
     .wraps_notes = true,
     .nv_indices = false,
     .own_indices = false,
     .named_algorithms = true,
     .known_contents = true},
    {.name = "pcrlock",
     .upper_types = true,
     .type_numbers_quoted = true,
     .index_first = true,
     .compact = true,
     .counts_all = true,
     .measurements_only = true,
     .own_indices = false,
     .named_algorithms = true},
});

constexpr auto kNames = [] {
  std::array<std::string_view, kStyles.size()> names{};
  std::ranges::transform(kStyles, names.begin(), &JsonStyle::name);
  return names;
}();

}  // namespace

const JsonStyle& json_style(std::string_view dialect) {
  const auto* const found = std::ranges::find(kStyles, dialect, &JsonStyle::name);
  return found == kStyles.end() ? kStyles.front() : *found;
}

std::span<const std::string_view> json_dialects() {
  return kNames;
}

}  // namespace mrtool::cel
