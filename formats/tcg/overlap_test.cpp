#include "formats/tcg/overlap.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace mrtool;
using namespace mrtool::tcg;

namespace {

// Each letter is a record.
std::size_t overlap_of(std::string_view main, std::string_view table) {
  OverlapFinder finder;
  const auto record_of = [](const char& letter) {
    Record record;
    record.raw = as_bytes(std::string_view(&letter, 1));
    return record;
  };
  for (const char& letter : table) {
    finder.add_table_record(record_of(letter));
  }
  for (const char& letter : main) {
    finder.add_main_record(record_of(letter));
  }
  CHECK(finder.table_records() == table.size());
  return finder.overlap();
}

std::size_t overlap_by_definition(std::string_view main, std::string_view table) {
  for (std::size_t k = std::min(main.size(), table.size()); k > 0; --k) {
    if (main.ends_with(table.substr(0, k))) {
      return k;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("the largest common run is found") {
  CHECK(overlap_of("xyzab", "abcd") == 2);
  CHECK(overlap_of("xyz", "abcd") == 0);
  CHECK(overlap_of("xabcd", "abcd") == 4);
  CHECK(overlap_of("", "abcd") == 0);
  CHECK(overlap_of("abc", "") == 0);
  CHECK(overlap_of("xaaaa", "aa") == 2);
  CHECK(overlap_of("xaabaa", "aabaac") == 5);
  CHECK(overlap_of("abab", "ababab") == 4);
  CHECK(overlap_of("abcabcd", "abcd") == 4);
  CHECK(overlap_of("abcdx", "abcd") == 0);
}

TEST_CASE("all short sequences of two letters agree with the definition") {
  constexpr std::size_t kLongest = 6;
  std::vector<std::string> all{""};
  for (std::size_t i = 0; all[i].size() < kLongest; ++i) {
    all.push_back(all[i] + 'a');
    all.push_back(all[i] + 'b');
  }
  for (const std::string& main : all) {
    for (const std::string& table : all) {
      REQUIRE(overlap_of(main, table) == overlap_by_definition(main, table));
    }
  }
}
