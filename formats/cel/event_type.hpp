// How event types are spelled in CEL (CEL format notes, section 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mrtool::cel {

struct SpelledEventType {
  std::uint32_t type = 0;
  bool misspelt = false;  // as libcel does
};
// "ev_efi_action", "EV_EFI_ACTION", or a number in decimal digits (pcrlock).
std::optional<SpelledEventType> parse_event_type(std::string_view text);
// "EV_EFI_ACTION" and "ev_efi_action"; empty for a type that has no name.
std::string upper_event_type(std::uint32_t type);
std::string lower_event_type(std::uint32_t type);

}  // namespace mrtool::cel
