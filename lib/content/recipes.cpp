#include "lib/content/recipes.hpp"

#include <array>

namespace mrtool::pcclient {

Preimage part_of(const Context& context, std::uint64_t begin, std::uint64_t end) {
  return {.part = context.data.subspan(begin, end - begin), .made = {}, .nul_after = false, .covers = {begin, end}};
}

std::optional<Preimage> whole_data(const Context& context) {
  return part_of(context, 0, context.data.size());
}

// A byte that could say something must not go unhashed.
std::optional<Preimage> data_without_last_byte(const Context& context) {
  if (context.data.size() < 2 || (context.data.back() != 0 && context.data.back() != '\n')) {
    return {};
  }
  return part_of(context, 0, context.data.size() - 1);
}

std::optional<Preimage> data_with_nul(const Context& context) {
  Preimage preimage = part_of(context, 0, context.data.size());
  preimage.nul_after = true;
  return preimage;
}

std::optional<Preimage> nothing_at_all(const Context& /*context*/) {
  return Preimage{};
}

std::span<const Recipe> no_recipes() {
  return {};
}

std::span<const Recipe> exact_recipe() {
  static constexpr std::array kRecipes{kExact};
  return kRecipes;
}

std::span<const Recipe> tolerant_recipes() {
  static constexpr std::array kRecipes{kExact, kWithoutLastByte, kWithNul};
  return kRecipes;
}

Otherwise always_differs(const Context& /*context*/) {
  return Otherwise::differs;
}
Otherwise always_unverifiable(const Context& /*context*/) {
  return Otherwise::unverifiable;
}

}  // namespace mrtool::pcclient
