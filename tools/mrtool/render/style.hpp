// Colour, or none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mrtool {

enum class Tone : std::uint8_t { plain, strong, faint, good, bad, doubtful, name };

class Style {
 public:
  explicit Style(bool colored) : colored_(colored) {}

  // Appends text that is safe for a terminal.
  void append(std::string& out, Tone tone, std::string_view text) const;

 private:
  bool colored_;
};

}  // namespace mrtool
