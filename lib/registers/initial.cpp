#include "lib/registers/initial.hpp"

#include <fmt/format.h>

namespace mrtool {

namespace {

constexpr std::uint32_t kFirstDynamicPcr = 17;
constexpr std::uint32_t kLastDynamicPcr = 22;
constexpr std::uint8_t kOnes = 0xFF;

}  // namespace

InitialValue platform_initial_value(const Register& reg, std::size_t size, bool extended) {
  const Digest zeros = Digest::filled(size, 0);
  switch (reg.kind) {
    case RegisterKind::pcr:
      if (reg.index < kFirstDynamicPcr || reg.index > kLastDynamicPcr) {
        return {zeros, fmt::format("platform rule: PCR {} starts at zeros", reg.index)};
      }
      if (extended) {
        return {zeros, fmt::format("platform rule: a dynamic launch resets PCR {} to zeros", reg.index)};
      }
      return {Digest::filled(size, kOnes),
              fmt::format("platform rule: PCR {} holds ones until a dynamic launch", reg.index)};
    case RegisterKind::rtmr:
      return {zeros, fmt::format("platform rule: RTMR {} starts at zeros", reg.index)};
    case RegisterKind::rem:
      return {zeros, fmt::format("platform rule: REM {} starts at zeros", reg.index)};
    case RegisterKind::nv:
      return {zeros, "platform rule: an NV index starts at zeros with its first extend"};
    case RegisterKind::virtual_mr:
      return {zeros, "a virtual register starts at zeros"};
    case RegisterKind::mrtd:
    case RegisterKind::rim:
    case RegisterKind::none:
    case RegisterKind::invalid:
      break;
  }
  return {zeros, "no platform rule"};
}

Digest locality_initial_value(std::size_t size, std::uint8_t locality) {
  Digest value = Digest::filled(size, 0);
  if (size > 0) {
    value.mutable_view().back() = locality;
  }
  return value;
}

}  // namespace mrtool
