// What the generated logs say. The same numbers give the same text, always and everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mrtool::benchmark {

// SplitMix64: small, and the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  // Lower-case letters and digits.
  void append_word(std::string& out, std::size_t length);

 private:
  std::uint64_t state_;
};

// A path as an IMA list of a server has it: 40 to 98 characters, 69 on average.
std::string file_path(Random& random);

// A line of a TSM log, without its end: 80 characters, "domain operation content".
std::string tsm_line(Random& random, std::size_t number);

// What a boot loader measures of its commands: 41 to 105 characters, 73 on average.
std::string boot_action(Random& random, std::size_t number);

}  // namespace mrtool::benchmark
