#include "lib/replay/state.hpp"

namespace mrtool {

SlotTable::SlotTable() {
  slots_.reserve(kDirect);
}

std::optional<std::size_t> SlotTable::find(const Register& reg) const {
  if (const std::uint16_t* direct = direct_entry(reg); direct != nullptr) {
    return *direct == 0 ? std::nullopt : std::optional<std::size_t>(*direct - 1);
  }
  const auto place = others_.find(reg);
  return place == others_.end() ? std::nullopt : std::optional(place->second);
}

std::optional<std::size_t> SlotTable::search_or_add(const Register& reg, Limit limit) {
  const bool direct = direct_entry(reg) != nullptr;
  if (!direct) {
    if (last_other_ < slots_.size() && slots_[last_other_].reg == reg) {
      return last_other_;
    }
    if (const auto place = others_.find(reg); place != others_.end()) {
      last_other_ = place->second;
      return place->second;
    }
    if (limit == Limit::of_logs && limited_ == kMaxRegisters) {
      return std::nullopt;
    }
    limited_ += limit == Limit::of_logs ? 1 : 0;
  }
  slots_.push_back({.reg = reg, .claims = {}, .first_extend = {}, .missing = {}, .last_log_grows = false});
  if (direct) {
    direct_[static_cast<std::size_t>(reg.kind)][reg.index] = static_cast<std::uint16_t>(slots_.size());
  } else {
    others_.emplace(reg, slots_.size() - 1);
  }
  return slots_.size() - 1;
}

}  // namespace mrtool
