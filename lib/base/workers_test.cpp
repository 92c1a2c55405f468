#include "lib/base/workers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

using namespace mrtool;

namespace {

constexpr std::array kThreads{1U, 2U, 3U, 8U};
constexpr int kRounds = 200;  // more than are done before there are threads

}  // namespace

TEST_CASE("a range is split into parts that are all of it, at any number of threads") {
  for (const unsigned threads : kThreads) {
    CAPTURE(threads);
    Workers workers(threads);
    for (std::size_t round = 0; round < kRounds; ++round) {
      std::vector<int> seen(round * 3);
      std::atomic<std::size_t> small = 0;
      workers.split(seen.size(), 7, [&](std::size_t begin, std::size_t end) {
        small += end - begin < 7 ? 1 : 0;
        for (std::size_t i = begin; i < end; ++i) {
          ++seen[i];
        }
      });
      CHECK(std::accumulate(seen.begin(), seen.end(), 0) == static_cast<int>(seen.size()));
      CHECK(std::ranges::count(seen, 1) == static_cast<std::ptrdiff_t>(seen.size()));
      CHECK(small <= 1);
    }
  }
}

TEST_CASE("tasks of a strand run one at a time, in order, beside those of other strands") {
  for (const unsigned threads : kThreads) {
    CAPTURE(threads);
    Workers workers(threads);
    constexpr std::size_t kStrands = 5;
    std::array<std::vector<int>, kStrands> done;
    std::array<std::atomic<int>, kStrands> running{};
    std::atomic<int> overlaps = 0;
    {
      std::vector<std::unique_ptr<Strand>> strands;
      for (std::size_t i = 0; i < kStrands; ++i) {
        strands.push_back(std::make_unique<Strand>(&workers));
      }
      for (int round = 0; round < kRounds; ++round) {
        for (std::size_t i = 0; i < kStrands; ++i) {
          strands[i]->post([&, i, round] {
            overlaps += running[i].fetch_add(1) == 0 ? 0 : 1;
            done[i].push_back(round);
            --running[i];
          });
        }
        if (round % 50 == 49) {
          strands[0]->wait();
          CHECK(done[0].size() == static_cast<std::size_t>(round) + 1);
        }
      }
    }
    CHECK(overlaps == 0);
    for (const std::vector<int>& order : done) {
      CHECK(order.size() == kRounds);
      CHECK(std::ranges::is_sorted(order));
    }
  }
}

TEST_CASE("what work throws reaches the thread that asked for it, and the workers go on") {
  for (const unsigned threads : kThreads) {
    CAPTURE(threads);
    Workers workers(threads);
    for (int round = 0; round < 20; ++round) {
      CHECK_THROWS_AS(workers.split(1000, 10,
                                    [](std::size_t begin, std::size_t end) {
                                      if (begin <= 500 && 500 < end) {
                                        throw std::runtime_error("no");
                                      }
                                    }),
                      std::runtime_error);
    }
    Strand strand(&workers);
    bool ran = false;
    const auto fail_in_strand = [&] {
      strand.post([] { throw std::runtime_error("no"); });
      strand.post([&ran] { ran = true; });
      strand.wait();
    };
    CHECK_THROWS_AS(fail_in_strand(), std::runtime_error);
    CHECK(!ran);
    std::atomic<std::size_t> items = 0;
    workers.split(1000, 10, [&](std::size_t begin, std::size_t end) { items += end - begin; });
    CHECK(items == 1000);
  }
}

TEST_CASE("the first tasks of a strand can be waited for while others are to come, whatever becomes of these") {
  for (const unsigned threads : kThreads) {
    CAPTURE(threads);
    Workers workers(threads);
    constexpr std::size_t kTasks = 50;
    std::array<std::atomic<bool>, kTasks> done{};
    Strand strand(&workers);
    std::size_t posted = 0;
    for (std::size_t waited = 0; waited < kTasks; ++waited) {
      for (; posted < std::min(kTasks, waited + 3); ++posted) {
        strand.post([&done, posted] {
          done[posted] = true;
          if (posted == kTasks - 1) {
            throw std::runtime_error("no");
          }
        });
      }
      if (waited == kTasks - 1) {
        CHECK_THROWS_AS(strand.wait_for(waited + 1), std::runtime_error);
      } else {
        CHECK_NOTHROW(strand.wait_for(waited + 1));
        CHECK(done[waited]);
      }
    }
  }
}

TEST_CASE("tasks hand out ranges, as their poster does meanwhile") {
  for (const unsigned threads : kThreads) {
    CAPTURE(threads);
    Workers workers(threads);
    std::atomic<std::size_t> items = 0;
    const auto count = [&items](std::size_t begin, std::size_t end) { items += end - begin; };
    Strand strand(&workers);
    for (int round = 0; round < kRounds; ++round) {
      strand.post([&] { workers.split(100, 10, count); });
      workers.split(100, 10, count);
    }
    strand.wait();
    CHECK(items == std::size_t{2} * 100 * kRounds);
  }
}

TEST_CASE("threads end that still look around for work when the workers go") {
  for (int round = 0; round < kRounds; ++round) {
    Workers workers(2);
    std::atomic<int> done = 0;
    {
      Strand strand(&workers);
      for (int i = 0; i < 10; ++i) {
        strand.post([&done] { ++done; });
      }
    }
    CHECK(done == 10);
  }
}

TEST_CASE("a strand without workers runs its tasks when they are posted") {
  Strand strand(nullptr);
  int sum = 0;
  strand.post([&sum] { sum += 1; });
  CHECK(sum == 1);
  strand.wait();
}
