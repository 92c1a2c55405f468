#include "formats/cel/event_type.hpp"

#include <algorithm>
#include <iterator>

#include "lib/content/pcclient.hpp"
#include "lib/registers/kinds.hpp"

namespace mrtool::cel {
namespace {

struct ExtraName {
  std::string_view name;
  std::uint32_t type;
  bool misspelt;
};
constexpr auto kExtraNames = std::to_array<ExtraName>({
    {"EV_EFI_PLATFORM_FIRMWATE_BLOB2", 0x8000000A, true},
    {"EV_EFI_SPDM_FIRMWARE_BLOB", 0x800000E1, false},
    {"EV_EFI_SPDM_FIRMWARE_CONFIG", 0x800000E2, false},
});

char upper(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

std::optional<SpelledEventType> parse_event_type(std::string_view text) {
  const auto types = pcclient::event_types();
  std::string name;
  auto row = std::ranges::find(types, text, &pcclient::EventType::name);
  if (row == types.end()) {
    std::ranges::transform(text, std::back_inserter(name), upper);
    row = std::ranges::find(types, name, &pcclient::EventType::name);
  }
  if (row != types.end()) {
    return SpelledEventType{.type = row->value};
  }
  const auto extra = std::ranges::find(kExtraNames, name, &ExtraName::name);
  if (extra != kExtraNames.end()) {
    return SpelledEventType{.type = extra->type, .misspelt = extra->misspelt};
  }
  if (const auto number = parse_index(text)) {
    return SpelledEventType{.type = *number};
  }
  return std::nullopt;
}

std::string upper_event_type(std::uint32_t type) {
  const pcclient::EventType* row = pcclient::find_event_type(type);
  return std::string(row == nullptr ? std::string_view{} : row->name);
}

std::string lower_event_type(std::uint32_t type) {
  std::string name = upper_event_type(type);
  std::ranges::transform(name, name.begin(), lower);
  return name;
}

}  // namespace mrtool::cel
