// How far a batch is, on the terminal that standard error is: one line, drawn over itself, gone at the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/mrtool/output.hpp"

namespace mrtool {

// "[#####     ] 4,512 of 10,000"; without a total "4,512".
std::string progress_text(std::uint64_t done, std::optional<std::uint64_t> total);

class Progress {
 public:
  // `terminal`: nullptr where nothing is to be shown.
  Progress(Output* terminal, std::optional<std::uint64_t> total) : terminal_(terminal), total_(total) {}

  // Shows that so many are done, unless what is shown is fresh.
  void show(std::uint64_t done);
  // Before anything else is written to the terminal, and at the end.
  void erase();

 private:
  static constexpr std::chrono::milliseconds kFresh{100};

  Output* terminal_;
  std::optional<std::uint64_t> total_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace mrtool
