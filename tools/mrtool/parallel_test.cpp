#include "tools/mrtool/parallel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <vector>

namespace mrtool {
namespace {

TEST_CASE("every piece is worked on once and delivered in order, whatever the number of threads") {
  for (const std::size_t count : {0U, 1U, 2U, 3U, 100U, 1000U}) {
    for (const unsigned threads : {1U, 2U, 3U, 64U}) {
      for (const std::size_t most : {1U, 2U, 7U}) {
        std::vector<std::atomic<int>> worked(count);
        std::vector<std::size_t> delivered;  // by one thread at a time
        std::atomic<std::size_t> under_way = 0;
        std::atomic<std::size_t> most_seen = 0;
        OrderedWork work(threads, most);
        for (std::size_t i = 0; i < count; ++i) {
          work.add(
              [&, i] {
                most_seen = std::max<std::size_t>(most_seen, ++under_way);
                ++worked[i];
              },
              [&, i] {
                --under_way;
                delivered.push_back(i);
              });
          if (i == count / 2) {
            work.drain();
            CHECK(delivered.size() == i + 1);
          }
        }
        work.drain();
        CHECK(std::ranges::all_of(worked, [](const std::atomic<int>& times) { return times == 1; }));
        CHECK(delivered.size() == count);
        CHECK(std::ranges::is_sorted(delivered));
        CHECK(most_seen <= most);
      }
    }
  }
}

TEST_CASE("a piece that takes long holds back the delivery of later ones, and loses none") {
  std::vector<std::size_t> delivered;
  OrderedWork work(4, 16);
  for (std::size_t i = 0; i < 64; ++i) {
    work.add(
        [i] {
          if (i % 8 == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          }
        },
        [&, i] { delivered.push_back(i); });
  }
  work.drain();
  CHECK(delivered.size() == 64);
  CHECK(std::ranges::is_sorted(delivered));
}

TEST_CASE("what a task throws reaches whoever adds or drains, and nothing is delivered behind it") {
  for (const bool in_work : {false, true}) {
    for (const unsigned threads : {1U, 2U, 5U}) {
      std::vector<std::size_t> delivered;
      {
        OrderedWork work(threads, 8);
        const auto add_all = [&] {
          for (std::size_t i = 0; i < 100; ++i) {
            const auto fail_at = [i](bool here) {
              if (here && i == 50) {
                throw std::bad_alloc();
              }
            };
            work.add([=] { fail_at(in_work); },
                     [&, i, fail_at] {
                       fail_at(!in_work);
                       delivered.push_back(i);
                     });
          }
          work.drain();
        };
        CHECK_THROWS_AS(add_all(), std::bad_alloc);
        CHECK_THROWS_AS(work.drain(), std::bad_alloc);
      }
      CHECK(delivered.size() <= 50);
      CHECK(std::ranges::is_sorted(delivered));
    }
  }
}

TEST_CASE("work that is abandoned ends") {
  std::atomic<int> worked = 0;
  {
    OrderedWork work(3, 1000);
    for (int i = 0; i < 1000; ++i) {
      work.add([&] { ++worked; }, [] {});
    }
  }
  CHECK(worked <= 1000);
}

TEST_CASE("a single piece starts no thread") {
  OrderedWork work(8, 8);
  work.add([] {}, [] {});
  CHECK(work.is_alone());
  work.drain();
}

}  // namespace
}  // namespace mrtool
