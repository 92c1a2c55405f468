// Many processes at one register.
#include "lib/extend/lock.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>

#include "lib/extend/test_keeper.hpp"

using namespace mrtool;
using namespace mrtool::extend;
using namespace mrtool::extend::testing;

namespace {

constexpr int kProcesses = 16;

// Calls `work` in that many processes at once; how many ended well.
int run_together(int processes, const std::function<bool(int)>& work) {
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::_exit(work(i) ? 0 : 1);
    }
    children.push_back(child);
  }
  int good = 0;
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    good += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
  }
  return good;
}

}  // namespace

TEST_CASE("the lock is held by one process at a time, and each gets its turn") {
  const Scratch scratch;
  constexpr int kTurns = 50;
  void* memory =
      ::mmap(nullptr, sizeof(std::atomic<int>) * 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* inside = new (memory) std::atomic<int>[2];
  const int good = run_together(kProcesses, [&](int) {
    const auto host = make_host("");
    for (int turn = 0; turn < kTurns; ++turn) {
      const auto lock = acquire_lock(*host, scratch / "lock", scratch / "gate", std::chrono::seconds(60));
      if (!lock || inside[0].fetch_add(1) != 0) {
        return false;
      }
      ::usleep(100);
      inside[0].fetch_sub(1);
      inside[1].fetch_add(1);
    }
    return true;
  });
  CHECK(good == kProcesses);
  CHECK(inside[1] == kProcesses * kTurns);
  ::munmap(memory, sizeof(std::atomic<int>) * 2);
}

TEST_CASE("who holds the lock dies: it is free") {
  const Scratch scratch;
  const auto host = make_host("");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = acquire_lock(*host, scratch / "lock", scratch / "gate", std::chrono::seconds(1));
    ::pause();
    ::_exit(lock ? 0 : 1);
  }
  while (read_text(scratch / "lock") != fmt::format("{}\n", child)) {
    ::usleep(1000);
  }
  const auto busy = acquire_lock(*host, scratch / "lock", scratch / "gate", std::chrono::milliseconds(10));
  REQUIRE_FALSE(busy);
  CHECK(busy.error().message.find(fmt::format("is held by process {};", child)) == 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(acquire_lock(*host, scratch / "lock", scratch / "gate", std::chrono::milliseconds(0)));
}

TEST_CASE("a lock file that is replaced while it is waited for: the new one is taken") {
  const Scratch scratch;
  const auto host = make_host("");
  auto first = acquire_lock(*host, scratch / "lock", scratch / "gate", std::chrono::seconds(1));
  REQUIRE(first);
  std::filesystem::remove(scratch / "lock");
  const auto second = acquire_lock(*host, scratch / "lock", scratch / "gate", std::chrono::seconds(1));
  REQUIRE(second);
  CHECK((*second)->is_in_place());
  CHECK_FALSE((*first)->is_in_place());
}
