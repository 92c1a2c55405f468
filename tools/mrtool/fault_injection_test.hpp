// One command, broken off at every system call that it makes, or with each of them failing: strace does it to the real
// binary, from outside.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {

// A system call of a run: its name, and how many of that name there have been, from 1.
struct SystemCall {
  std::string name;
  std::size_t nth = 0;
  std::string text;  // as strace prints it
};

inline std::vector<std::string> traced(const std::vector<std::string>& options, const std::vector<std::string>& words) {
  std::vector<std::string> all{"strace", "-qq"};
  all.insert(all.end(), options.begin(), options.end());
  all.emplace_back(MRTOOL_BINARY);
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

// LeakSanitizer cannot work under a tracer.
inline ProcessOptions under_tracer() {
  return {.environment = {"ASAN_OPTIONS=detect_leaks=0"}};
}

inline bool can_inject_faults() {
  const Finished tried = run_program({"strace", "-qq", "-o", "/dev/null", "true"});
  if (tried.status != 0) {
    MESSAGE("skipped: strace cannot trace here");
  }
  return tried.status == 0;
}

// The system calls of a run that nothing disturbs. Those before the one that first names `from` are left out.
inline std::vector<SystemCall> system_calls(const std::vector<std::string>& words, std::string_view from = {}) {
  const Scratch scratch;
  const std::string trace = (scratch / "trace").string();
  const Finished whole = run_program(traced({"-o", trace}, words), under_tracer());
  REQUIRE_MESSAGE(whole.status == 0, whole.err);
  std::map<std::string, std::size_t> counts;
  std::vector<SystemCall> calls;
  std::istringstream lines(read_text(trace));
  bool reached = from.empty();
  for (std::string line; std::getline(lines, line);) {
    const auto bracket = line.find('(');
    if (bracket == std::string::npos || line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != bracket) {
      continue;  // a signal, or the end
    }
    SystemCall call{.name = line.substr(0, bracket), .nth = 0, .text = line};
    call.nth = ++counts[call.name];
    reached = reached || line.find(from) != std::string::npos;
    if (reached && call.name != "execve" && call.name != "exit_group") {
      calls.push_back(std::move(call));
    }
  }
  return calls;
}

// A run whose `call` is not made: the process is killed there (`fault` is "signal=KILL"), or told that it failed
// ("error=ENOSPC").
inline Finished run_with_fault(const std::vector<std::string>& words, const SystemCall& call,
                               const std::string& fault) {
  return run_program(
      traced({"-o", "/dev/null", "-e", fmt::format("inject={}:{}:when={}", call.name, fault, call.nth)}, words),
      under_tracer());
}

// The failures that a call may come to. Empty for calls that have none that matter.
inline std::vector<std::string> failures_of(const SystemCall& call) {
  static const std::map<std::string, std::vector<std::string>, std::less<>> kFailures = {
      {"openat", {"EIO", "ENOSPC", "EACCES"}},
      {"write", {"ENOSPC", "EIO", "EINTR"}},
      {"pwrite64", {"ENOSPC", "EIO", "EINTR"}},
      {"read", {"EIO", "EINTR"}},
      {"pread64", {"EIO", "EINTR"}},
      {"fdatasync", {"EIO", "ENOSPC"}},
      {"fsync", {"EIO"}},
      {"fallocate", {"ENOSPC", "EOPNOTSUPP", "EINTR"}},
      {"ftruncate", {"EIO"}},
      {"fchmod", {"EPERM"}},
      {"flock", {"EINTR", "ENOLCK"}},
      {"fstat", {"EIO"}},
      {"newfstatat", {"EIO"}},
      {"mkdir", {"EROFS"}},
      {"rename", {"EROFS"}},
      {"sendto", {"EPIPE"}},
      {"recvfrom", {"EIO"}},
      {"poll", {"EINTR"}},
  };
  const auto row = kFailures.find(call.name);
  return row == kFailures.end() ? std::vector<std::string>{} : row->second;
}

// An extend of one register, and how to see whether its log agrees with it.
struct Extending {
  std::string name;
  std::function<std::vector<std::string>(const std::string& event)> extend;
  std::vector<std::string> recover;
  // 0 when the log leads to the register's value.
  std::function<Finished()> compare;
  // The log's text, and how it spells an event.
  std::function<std::string()> log;
  std::function<std::string(const std::string& event)> spelled = [](const std::string& event) { return event; };
  // Before each fault and after it: a disk that is full, say.
  std::function<void()> hinder = [] {};
  std::function<void()> relieve = [] {};
};

inline std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) {
    ++count;
  }
  return count;
}

struct FaultCount {
  std::size_t tried = 0;
  std::size_t extended = 0;  // of them, those after which the register has the event
};

// What has to hold after a run that was disturbed, whatever it came to.
inline bool is_whole_after(const Extending& extending, const std::string& event, const Finished& run,
                           const std::string& what) {
  INFO(extending.name, ": ", what, ": ", run.err);
  const std::size_t at_once = occurrences(extending.log(), extending.spelled(event));
  // Success is a promise: no recovery is needed for it.
  const bool promised = run.status == 0;
  CHECK((!promised || at_once == 1));
  extending.relieve();
  const Finished recovered = mrtool(extending.recover);
  INFO("recovery: ", recovered.err);
  CHECK(recovered.status == 0);
  const std::size_t there = occurrences(extending.log(), extending.spelled(event));
  CHECK(there <= 1);
  CHECK(there >= at_once);
  const Finished compared = extending.compare();
  INFO("compared: ", compared.out, compared.err);
  CHECK(compared.status == 0);
  return there == 1;
}

// Kills an extend at each of its system calls, and lets each fail in turn. Sanitized builds, which are slow, try every
// eleventh place.
inline FaultCount try_every_fault(const Extending& extending, bool kill_only = false) {
  constexpr std::size_t kSanitizedStride = 11;
  const std::size_t stride = kSanitized ? kSanitizedStride : 1;
  FaultCount count;
  std::size_t number = 0;
  const auto try_one = [&](const SystemCall& call, const std::string& fault) {
    const std::string event = fmt::format("example.org/event {}.", number++);
    extending.hinder();
    const Finished run = run_with_fault(extending.extend(event), call, fault);
    count.extended += is_whole_after(extending, event, run, fmt::format("{} at {}", fault, call.text)) ? 1 : 0;
    ++count.tried;
  };
  // One before, so that there is a log, and one of which the calls are counted.
  REQUIRE(mrtool(extending.extend("example.org/first")).status == 0);
  const std::vector<SystemCall> calls = system_calls(extending.extend("example.org/traced"));
  for (std::size_t i = 0; i < calls.size(); i += stride) {
    try_one(calls[i], "signal=KILL");
  }
  if (!kill_only) {
    for (std::size_t i = 0; i < calls.size(); i += stride) {
      for (const std::string& failure : failures_of(calls[i])) {
        try_one(calls[i], "error=" + failure);
      }
    }
  }
  MESSAGE(extending.name, ": ", count.tried, " faults, the event was extended in ", count.extended);
  CHECK(count.extended > 0);
  CHECK(count.extended < count.tried);
  return count;
}

}  // namespace mrtool::testing
