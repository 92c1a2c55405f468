// SIGINT and SIGTERM as a question that a command asks where it may stop, instead of an interruption: no system call is
// broken off by them, and what has begun is finished.
#pragma once

#include <chrono>
#include <csignal>

namespace mrtool {

class StopSignals {
 public:
  // Holds the two back from here on, except one that the process was told to ignore.
  StopSignals();
  // Takes what has come meanwhile, and puts things back as they were.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Waits so long for one of them. True: one has come, now or before.
  bool wait(std::chrono::milliseconds time);

 private:
  sigset_t held_ = {};
  sigset_t before_ = {};
  bool come_ = false;
};

}  // namespace mrtool
