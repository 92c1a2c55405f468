#include "lib/extend/lock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <thread>

namespace mrtool::extend {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::uint32_t kPrivate = 0600;
constexpr microseconds kFirstPause{100};
constexpr microseconds kLongestPause{3000};

// False: the time is up.
Result<bool> poll(File& file, Clock::time_point until) {
  microseconds pause = kFirstPause;
  while (true) {
    MRTOOL_TRY(locked, file.try_lock());
    const Clock::time_point now = Clock::now();
    if (locked || now >= until) {
      return locked;
    }
    std::this_thread::sleep_for(std::min(pause, std::chrono::ceil<microseconds>(until - now)));
    pause = std::min(2 * pause, kLongestPause);
  }
}

// An open file of that path that is locked; nullptr when the time is up. The path can have been given to another file
// while it was waited for.
Result<std::unique_ptr<File>> lock_at(Host& host, const std::string& path, Clock::time_point until) {
  while (true) {
    MRTOOL_TRY(file, host.open_file(path, {.mode = kPrivate, .own = true}));
    MRTOOL_TRY(locked, poll(*file, until));
    if (!locked || file->is_in_place()) {
      return locked ? std::move(file) : nullptr;
    }
  }
}

std::string holder_of(Host& host, const std::string& path) {
  constexpr std::size_t kDigits = 20;
  const auto file = host.open_file(path, {.writable = false, .create = false});
  const auto text = file ? (*file)->read_at(0, kDigits) : std::unexpected(file.error());
  pid_t process = 0;
  if (text) {
    const std::string_view digits = as_text(*text);
    std::from_chars(digits.data(), digits.data() + digits.size(), process);
  }
  return process > 0 ? fmt::format("process {}", process) : "another process";
}

}  // namespace

Result<bool> wait_for_lock(File& file, std::chrono::milliseconds wait) {
  return poll(file, Clock::now() + wait);
}

Result<std::unique_ptr<File>> acquire_lock(Host& host, const std::string& path, const std::string& gate,
                                           std::chrono::milliseconds wait) {
  const Clock::time_point until = Clock::now() + wait;
  MRTOOL_TRY(turn, lock_at(host, gate, until));
  std::unique_ptr<File> lock;
  if (turn) {
    MRTOOL_TRY(locked, lock_at(host, path, until));
    lock = std::move(locked);
  }
  if (!lock) {
    Error error = fail(ErrorKind::io, fmt::format("is held by {}; wait for it to end, or longer with --wait SECONDS",
                                                  holder_of(host, path)))
                      .error();
    error.file = path;
    return std::unexpected(std::move(error));
  }
  const std::string process = fmt::format("{}\n", ::getpid());
  if (auto status =
          in_turn([&] { return lock->write_at(0, as_bytes(process)); }, [&] { return lock->truncate(process.size()); });
      !status) {
    return std::unexpected(std::move(status).error());
  }
  return lock;
}

}  // namespace mrtool::extend
