#include "tools/mrtool/parallel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace mrtool {
namespace {

TEST_CASE("every item is worked on once, whatever the number of threads") {
  for (const std::size_t count : {0U, 1U, 127U, 128U, 129U, 1000U, 4096U}) {
    for (const unsigned threads : {1U, 2U, 3U, 64U}) {
      std::vector<std::atomic<int>> touched(count);
      for_parts(count, threads, [&touched](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          ++touched[i];
        }
      });
      CHECK(std::ranges::all_of(touched, [](const std::atomic<int>& times) { return times == 1; }));
    }
  }
}

}  // namespace
}  // namespace mrtool
