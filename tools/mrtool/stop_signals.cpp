#include "tools/mrtool/stop_signals.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

namespace mrtool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array kSignals{SIGINT, SIGTERM};

timespec as_timespec(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {.tv_sec = static_cast<time_t>(seconds.count()), .tv_nsec = static_cast<long>((time - seconds).count())};
}

}  // namespace

StopSignals::StopSignals() {
  ::sigemptyset(&held_);
  for (const int signal : kSignals) {
    struct sigaction action = {};
    // One that is held back comes even where it is ignored, as SIGINT is in a shell's background.
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      ::sigaddset(&held_, signal);
    }
  }
  ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
}

StopSignals::~StopSignals() {
  const timespec now = {};
  while (::sigtimedwait(&held_, nullptr, &now) > 0) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopSignals::wait(std::chrono::milliseconds time) {
  const Clock::time_point until = Clock::now() + time;
  while (!come_) {
    const timespec left = as_timespec(std::max(until - Clock::now(), Clock::duration::zero()));
    come_ = ::sigtimedwait(&held_, nullptr, &left) > 0;
    if (!come_ && errno != EINTR) {
      break;
    }
  }
  return come_;
}

}  // namespace mrtool
