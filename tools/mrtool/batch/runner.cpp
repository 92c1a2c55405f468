#include "tools/mrtool/batch/runner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <system_error>

#include "tools/mrtool/batch/list.hpp"
#include "tools/mrtool/batch/progress.hpp"

namespace mrtool {
namespace {

constexpr unsigned kMostThreads = 256;
constexpr std::uint64_t kAheadOfTurn = 16;           // results of a thread that may wait for their turn
constexpr std::size_t kHeldBytes = 4 * 1024 * 1024;  // of such results

Result<std::unique_ptr<ByteSource>> open_list(const std::string& path, Host& host) {
  if (path == kStandardInput) {
    return host.standard_input();
  }
  return host.open(path);
}

// How many entries there are; nothing where counting would use the list up.
std::optional<std::uint64_t> count_entries(const std::string& path, Host& host) {
  if (path == kStandardInput || host.kind(path) != FileKind::regular) {
    return std::nullopt;
  }
  auto source = host.open(path);
  if (!source) {
    return std::nullopt;
  }
  ListReader list(*std::move(source));
  std::uint64_t count = 0;
  for (auto line = list.next(); line && *line; line = list.next()) {
    ++count;
  }
  return count;
}

// Every member takes the same few buffers of some hundred kilobytes. By default they go back to the system each time,
// and getting the pages anew costs more than the whole appraisal of a small log, and holds up the other threads.
void keep_freed_memory() {
  constexpr int kMapped = 1024 * 1024;    // bytes from which an allocation is a mapping of its own
  constexpr int kKept = 4 * 1024 * 1024;  // bytes that each thread's heap may hold unused
  (void)::mallopt(M_MMAP_THRESHOLD, kMapped);
  (void)::mallopt(M_TRIM_THRESHOLD, kKept);
}

// How many members ended how: "9990 equal, 8 differ, 2 malformed".
class Tally {
 public:
  void add(const MemberResult& result) {
    ++count_;
    ++counts_[{result.status, word_of(result)}];
  }
  std::uint64_t count() const { return count_; }
  std::string text() const {
    std::vector<std::string> parts;
    for (const auto& [ending, count] : counts_) {
      // "1 differs", "2 differ".
      const std::string_view word = ending.second == "differs" && count != 1 ? "differ" : ending.second;
      parts.push_back(fmt::format("{} {}", count, word));
    }
    return fmt::format("{} log{}: {}", count_, count_ == 1 ? "" : "s", fmt::join(parts, ", "));
  }

 private:
  // The verdict where it is what the status says.
  static std::string_view word_of(const MemberResult& result) {
    const auto kinds = error_kinds();
    const auto row = std::ranges::find(kinds, result.status, &ErrorKindRow::exit_status);
    if (row == kinds.end() || row->kind == ErrorKind::check_failed) {
      return result.verdict;
    }
    if (row->kind == ErrorKind::usage) {
      return "not understood";
    }
    return row->kind == ErrorKind::io ? "unreadable" : row->name;
  }

  std::uint64_t count_ = 0;
  std::map<std::pair<int, std::string_view>, std::uint64_t> counts_;  // by status and word
};

class BatchRun {
 public:
  BatchRun(const CommandLine& line, Environment& environment, Session& session, const Appraiser& appraiser,
           std::unique_ptr<ByteSource> list, std::optional<std::uint64_t> total)
      : common_(line_of_members(line)),
        environment_(environment),
        session_(session),
        appraiser_(appraiser),
        threads_(std::min(line.threads(), kMostThreads)),
        unordered_(line.has(OptionId::unordered)),
        list_(std::move(list)),
        progress_(shows_progress(line, environment, session) ? &environment.err : nullptr, total) {}

  void run();
  int finish(bool summarise);

 private:
  struct Task {
    std::uint64_t number = 0;  // of the member, from 0
    ListLine entry;
  };

  // Results on the same terminal say themselves how far it is.
  static bool shows_progress(const CommandLine& line, const Environment& environment, Session& session) {
    return environment.error_is_terminal && !line.has(OptionId::quiet) && !session.writes_to_terminal();
  }

  void work();
  void work_guarded();
  bool take(Task& task);
  bool wait_for_room(const Task& task);
  void deliver(std::uint64_t number, MemberResult result);
  void write(const MemberResult& result);
  void stop();

  const CommandLine common_;
  Environment& environment_;
  Session& session_;
  const Appraiser& appraiser_;
  const unsigned threads_;
  const bool unordered_;

  // The list, read by whoever has nothing to do.
  std::mutex list_mutex_;
  ListReader list_;
  bool ended_ = false;
  std::optional<Error> list_error_;
  std::atomic<std::uint64_t> taken_ = 0;

  // Results on their way out.
  std::mutex mutex_;
  std::condition_variable room_;
  std::map<std::uint64_t, MemberResult> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t delivered_ = 0;
  std::atomic<bool> stopped_ = false;
  int status_ = kExitSuccess;
  Tally tally_;
  Progress progress_;
};

void BatchRun::run() {
  progress_.show(0);
  std::vector<std::future<void>> others;
  for (unsigned i = 1; i < threads_; ++i) {
    try {
      others.push_back(std::async(std::launch::async, [this] { work_guarded(); }));
    } catch (const std::system_error&) {
      break;  // no more threads are to be had; those that there are do the rest
    }
  }
  work_guarded();
  for (std::future<void>& other : others) {
    other.get();
  }
}

// A thread that ends before its time must not leave others waiting for its result.
void BatchRun::work_guarded() {
  try {
    work();
  } catch (...) {
    stop();
    throw;
  }
}

void BatchRun::work() {
  const std::unique_ptr<Host> host = environment_.make_host(std::string(common_.value(OptionId::root)));
  Task task;
  while (take(task) && wait_for_room(task)) {
    deliver(task.number, appraiser_.appraise(parse_entry(task.entry, common_), *host));
  }
}

bool BatchRun::take(Task& task) {
  const std::scoped_lock lock(list_mutex_);
  if (ended_ || stopped_) {
    return false;
  }
  auto entry = list_.next();
  if (!entry) {
    list_error_ = entry.error();
  }
  ended_ = !entry || !*entry;
  if (ended_) {
    return false;
  }
  task = {.number = taken_++, .entry = **std::move(entry)};
  return true;
}

// The member whose turn it is never waits, so that all others go on one day.
bool BatchRun::wait_for_room(const Task& task) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] {
    const bool near = task.number < delivered_ + kAheadOfTurn * threads_ && waiting_bytes_ < kHeldBytes;
    return stopped_ || unordered_ || near || task.number == delivered_;
  });
  return !stopped_;
}

void BatchRun::deliver(std::uint64_t number, MemberResult result) {
  const std::scoped_lock lock(mutex_);
  if (!unordered_ && number != delivered_) {
    waiting_bytes_ += result.document.size();
    waiting_.emplace(number, std::move(result));
    return;
  }
  write(result);
  for (auto next = waiting_.begin(); next != waiting_.end() && next->first == delivered_; next = waiting_.begin()) {
    write(next->second);
    waiting_bytes_ -= next->second.document.size();
    waiting_.erase(next);
  }
  // Whoever feeds the list may wait for what it has asked for so far.
  if (delivered_ == taken_) {
    session_.out().flush();
  }
  if (session_.out().failed()) {
    stopped_ = true;
  }
  progress_.show(delivered_);
  room_.notify_all();
}

void BatchRun::write(const MemberResult& result) {
  session_.out().append(result.document);
  session_.out().settle();
  status_ = worse_exit_status(status_, result.status);
  tally_.add(result);
  if (result.status != kExitSuccess && session_.is_verbose()) {
    progress_.erase();
    session_.tell_now(Severity::error, result.message);
  }
  ++delivered_;
}

void BatchRun::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  room_.notify_all();
}

int BatchRun::finish(bool summarise) {
  progress_.erase();
  if (list_error_) {
    return worse_exit_status(status_, session_.stop(*list_error_));
  }
  if (tally_.count() == 0) {
    session_.diagnostics().add(as_diagnostic(fail(ErrorKind::inconclusive, "the list names no log").error(), {}));
    return session_.finish(row_of(ErrorKind::inconclusive).exit_status);
  }
  const int status = session_.finish(status_);
  if (summarise) {
    environment_.err.append(fmt::format("{}\n", tally_.text()));
    environment_.err.flush();
  }
  return status;
}

}  // namespace

int run_batch(const CommandLine& line, Environment& environment, Session& session, const Appraiser& appraiser) {
  const std::string path(line.value(OptionId::batch));
  auto list = open_list(path, session.host());
  if (!list) {
    return session.stop(list.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  const bool summarise = environment.error_is_terminal && !line.has(OptionId::quiet);
  BatchRun run(line, environment, session, appraiser, *std::move(list),
               summarise ? count_entries(path, session.host()) : std::nullopt);
  keep_freed_memory();
  run.run();
  return run.finish(summarise);
}

}  // namespace mrtool
