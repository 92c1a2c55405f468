// Measurements whose content is known beforehand, so that their absence from a log can be found out (PFP 1.06, 3.3.4).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mrtool {

// What firmware measures into PCR 5 between the operating system's copy of the log and its start.
struct ExitSequence {
  std::string_view name;
  std::array<std::string_view, 3> events;  // an empty one is none
};
inline constexpr std::array<ExitSequence, 3> kExitSequences{{
    {"invocation and success", {"Exit Boot Services Invocation", "Exit Boot Services Returned with Success", {}}},
    {"invocation and failure", {"Exit Boot Services Invocation", "Exit Boot Services Returned with Failure", {}}},
    {"invocation, failure and success",
     {"Exit Boot Services Invocation", "Exit Boot Services Returned with Failure",
      "Exit Boot Services Returned with Success"}},
}};

inline constexpr std::uint32_t kSeparatorType = 4;  // EV_SEPARATOR
// What separators hold: the usual zeros, the firmware's error, and Windows' form of it.
inline constexpr std::array<std::string_view, 3> kSeparatorContents{
    std::string_view("\0\0\0\0", 4), std::string_view("\xFF\xFF\xFF\xFF", 4), std::string_view("\x01\0\0\0", 4)};

}  // namespace mrtool
