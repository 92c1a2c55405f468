// usage: timed OUTPUT ERRORS SECONDS COMMAND [ARGUMENT...]
// Runs a command with its standard output and error in these files, stopped when it has used SECONDS of CPU time, and
// prints what it cost: exit status (128 and the signal's number after a signal), nanoseconds from start to end,
// microseconds of CPU time, KiB of peak resident memory. A process's peak begins at that of the process that it was
// forked from, so this one is a program of its own, and small.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int kFirstWord = 4;
constexpr int kNotRun = 127;
constexpr int kUsage = 2;
constexpr int kSignalled = 128;

void redirect(const char* path, int descriptor) {
  constexpr mode_t kMode = 0600;
  const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (file < 0 || ::dup2(file, descriptor) < 0) {
    ::_exit(kNotRun);
  }
}

[[noreturn]] void become(char** words) {
  const auto seconds = static_cast<rlim_t>(std::atol(words[kFirstWord - 1]));
  const rlimit limit{.rlim_cur = seconds, .rlim_max = seconds + 1};
  ::setrlimit(RLIMIT_CPU, &limit);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(input, STDIN_FILENO);
  redirect(words[1], STDOUT_FILENO);
  redirect(words[2], STDERR_FILENO);
  ::execvp(words[kFirstWord], words + kFirstWord);
  ::_exit(kNotRun);
}

long long microseconds(const timeval& time) {
  constexpr long long kMicro = 1'000'000;
  return kMicro * time.tv_sec + time.tv_usec;
}

}  // namespace

int main(int count, char** words) {
  if (count <= kFirstWord) {
    return kUsage;
  }
  timespec began{};
  timespec ended{};
  ::clock_gettime(CLOCK_MONOTONIC, &began);
  const pid_t child = ::fork();
  if (child == 0) {
    become(words);
  }
  int state = 0;
  rusage used{};
  if (child < 0 || ::wait4(child, &state, 0, &used) != child) {
    return kNotRun;
  }
  ::clock_gettime(CLOCK_MONOTONIC, &ended);
  constexpr long long kNano = 1'000'000'000;
  std::printf("%d %lld %lld %ld\n", WIFEXITED(state) ? WEXITSTATUS(state) : kSignalled + WTERMSIG(state),
              kNano * (ended.tv_sec - began.tv_sec) + ended.tv_nsec - began.tv_nsec,
              microseconds(used.ru_utime) + microseconds(used.ru_stime), used.ru_maxrss);
  return 0;
}
