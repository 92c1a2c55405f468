#include "lib/replay/state.hpp"

namespace mrtool {

namespace {

std::optional<std::size_t> direct_row(RegisterKind kind) {
  switch (kind) {
    case RegisterKind::pcr:
      return 0;
    case RegisterKind::rtmr:
      return 1;
    case RegisterKind::rem:
      return 2;
    default:
      return std::nullopt;
  }
}

}  // namespace

SlotTable::SlotTable() {
  slots_.reserve(kDirect);
}

std::optional<std::size_t> SlotTable::find_or_add(const Register& reg) {
  const auto row = direct_row(reg.kind);
  const bool direct = row && reg.index < kDirect && reg.name.empty() && reg.provider.empty() && reg.carrier.empty();
  if (direct && direct_[*row][reg.index] != 0) {
    return direct_[*row][reg.index] - 1;
  }
  if (!direct) {
    if (const auto place = others_.find(reg); place != others_.end()) {
      return place->second;
    }
  }
  if (slots_.size() >= kMaxRegisters) {
    return std::nullopt;
  }
  slots_.push_back({.reg = reg, .claims = {}, .first_extend = {}, .missing = {}, .last_log_grows = false});
  if (direct) {
    direct_[*row][reg.index] = static_cast<std::uint16_t>(slots_.size());
  } else {
    others_.emplace(reg, slots_.size() - 1);
  }
  return slots_.size() - 1;
}

}  // namespace mrtool
