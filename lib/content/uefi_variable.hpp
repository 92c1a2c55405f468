// UEFI_VARIABLE_DATA (PFP 1.06, 10.2.6): where its parts lie.
#pragma once

#include <string>

#include "lib/content/content.hpp"

namespace mrtool {

struct VariableLayout {
  std::uint64_t length_width = 8;  // bytes of each length; 4 in logs of some 32-bit firmware
  std::uint64_t name_units = 0;    // UTF-16 units, as stated
  std::uint64_t data_size = 0;     // bytes, as stated
  ByteRange name;                  // what is there of it
  ByteRange data;                  // what is there of it
  std::string problem;             // the lengths contradict the event's size; empty when they do not
};

// Nothing when the fixed part is not all there.
std::optional<VariableLayout> variable_layout(ByteView event);

}  // namespace mrtool
