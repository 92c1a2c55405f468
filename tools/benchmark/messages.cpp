#include "tools/benchmark/messages.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace mrtool::benchmark {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";

// Words until there are `length` characters.
void fill(std::string& text, Random& random, std::size_t length, char between) {
  constexpr std::size_t kLongestWord = 12;
  while (text.size() < length) {
    random.append_word(text, std::min(length - text.size(), 1 + random.below(kLongestWord)));
    if (text.size() + 1 < length) {
      text += between;
    }
  }
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

void Random::append_word(std::string& out, std::size_t length) {
  for (std::size_t i = 0; i < length; ++i) {
    out += kLetters[below(kLetters.size())];
  }
}

std::string file_path(Random& random) {
  static constexpr std::array<std::string_view, 6> kPlaces{
      "/usr/bin/",         "/usr/lib/x86_64-linux-gnu/",    "/usr/lib/python3/dist-packages/",
      "/usr/share/perl5/", "/usr/lib/modules/6.1.0-amd64/", "/opt/application/releases/current/"};
  constexpr std::size_t kShortest = 40;
  constexpr std::size_t kSpread = 59;
  std::string path(kPlaces[random.below(kPlaces.size())]);
  fill(path, random, kShortest + random.below(kSpread), '/');
  return path;
}

std::string tsm_line(Random& random, std::size_t number) {
  constexpr std::size_t kLength = 80;
  std::string line = fmt::format("org.example.runtime start-container {:07} ", number);
  fill(line, random, kLength, '.');
  return line;
}

std::string boot_action(Random& random, std::size_t number) {
  constexpr std::size_t kShortest = 41;
  constexpr std::size_t kSpread = 65;
  std::string text = fmt::format("Executing boot step {:07}: ", number);
  fill(text, random, kShortest + random.below(kSpread), ' ');
  return text;
}

}  // namespace mrtool::benchmark
