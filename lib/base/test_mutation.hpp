// Small changes at random, for tests of what meets damaged text.
#pragma once

#include <random>
#include <string>
#include <string_view>

namespace mrtool::testing {

// The text with one to three characters replaced, put in or left out. New ones are of `letters`.
inline std::string mutated(std::string text, std::string_view letters, std::mt19937& random) {
  for (auto changes = 1 + random() % 3; changes > 0; --changes) {
    const std::size_t at = random() % text.size();
    const char letter = letters[random() % letters.size()];
    switch (random() % 3) {
      case 0:
        text[at] = letter;
        break;
      case 1:
        text.insert(at, 1, letter);
        break;
      default:
        text.erase(at, 1);
    }
  }
  return text;
}

}  // namespace mrtool::testing
