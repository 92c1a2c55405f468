// Misspelt words: what a person probably meant.
#pragma once

#include <span>
#include <string_view>

namespace mrtool {

// The word of `known` that `word` is probably a misspelling of; empty when none is near.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace mrtool
