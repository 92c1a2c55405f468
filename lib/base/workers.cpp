#include "lib/base/workers.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mrtool {

namespace {

// Tasks and ranges that are done by the caller before threads are started for more.
constexpr std::size_t kAlone = 4;
// Of a strand's tasks, those that may wait: enough that threads find work, few enough to bound what they hold.
constexpr std::size_t kWaiting = 3;
// How often a thread that has nothing to do looks around before it sleeps: for some ten microseconds, about what waking
// it costs.
constexpr int kLooks = 2000;

void pause_briefly() {
#ifdef __SSE2__
  _mm_pause();
#endif
}

}  // namespace

struct Workers::State {
  explicit State(unsigned given_limit) : limit(std::max(given_limit, 1U)) {}
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      ++changes;
    }
    work.notify_all();
  }

  // Is it time to share work? The threads are started with the first that is.
  bool shares() {
    if (limit == 1) {
      return false;
    }
    const std::lock_guard lock(mutex);
    if (asked < kAlone) {
      ++asked;
      return false;
    }
    while (threads.size() + 1 < limit && !refused) {
      try {
        threads.emplace_back([this] { run(); });
      } catch (const std::system_error&) {
        refused = true;
      }
    }
    return !threads.empty();
  }

  // Of the thread that hands out work: does something that waits to be done, until `done` (asked with the lock held)
  // holds.
  template <class Done>
  void help(Done done) {
    work_until(done, finished);
  }
  // Of the others.
  void run() {
    work_until([this] { return stopping; }, work);
  }

  template <class Done>
  void work_until(Done done, std::condition_variable& changed) {
    std::unique_lock lock(mutex);
    while (!done()) {
      if (!ready.empty()) {
        run_one(lock);
      } else if (!look_around(lock)) {
        changed.wait(lock);
      }
    }
  }

  // True when something has changed, as far as can be told within a moment.
  bool look_around(std::unique_lock<std::mutex>& lock) {
    const std::uint64_t seen = changes.load(std::memory_order_relaxed);
    lock.unlock();
    for (int i = 0; i < kLooks && changes.load(std::memory_order_relaxed) == seen; ++i) {
      pause_briefly();
    }
    lock.lock();
    return changes.load(std::memory_order_relaxed) != seen;
  }

  void run_one(std::unique_lock<std::mutex>& lock) {
    const std::function<void()> item = std::move(ready.front());
    ready.pop_front();
    lock.unlock();
    item();
    lock.lock();
  }

  const unsigned limit;

  std::atomic<std::uint64_t> changes = 0;  // counts, with the lock held, those of all that a thread may wait for

  std::mutex mutex;  // of all that follows
  std::size_t asked = 0;
  bool refused = false;                     // the system gives no more threads
  std::condition_variable work;             // something is ready; the threads wait for it
  std::condition_variable finished;         // something is done; who handed it out waits for it
  std::deque<std::function<void()>> ready;  // none of which throws
  bool stopping = false;
  std::vector<std::jthread> threads;  // the last member: they are joined before the others go
};

Workers::Workers(unsigned threads) : state_(std::make_unique<State>(threads)) {}
Workers::~Workers() = default;

unsigned Workers::limit() const {
  return state_->limit;
}

namespace {

// A range whose parts are taken by whoever comes.
struct Range {
  std::size_t count = 0;
  std::size_t part = 0;  // items of one
  const std::function<void(std::size_t, std::size_t)>* work = nullptr;

  std::atomic<std::size_t> next = 0;  // of the items that nobody has taken
  std::mutex mutex;
  std::size_t done = 0;  // items
  std::exception_ptr failure;

  // True when this call has finished the range.
  bool take_parts() {
    bool finished = false;
    while (true) {
      const std::size_t begin = next.fetch_add(part);
      if (begin >= count) {
        return finished;
      }
      const std::size_t end = std::min(begin + part, count);
      std::exception_ptr thrown;
      try {
        (*work)(begin, end);
      } catch (...) {
        thrown = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      done += end - begin;
      finished = finished || done == count;
      if (thrown && !failure) {
        failure = thrown;
      }
    }
  }
  bool is_done() {
    const std::lock_guard lock(mutex);
    return done == count;
  }
};

}  // namespace

void Workers::split(std::size_t count, std::size_t least, const std::function<void(std::size_t, std::size_t)>& work) {
  State& state = *state_;
  if (count == 0) {
    return;
  }
  if (count < 2 * least || !state.shares()) {
    work(0, count);
    return;
  }
  // Twice as many parts as threads, for threads that come late.
  const std::size_t parts = std::min<std::size_t>(count / least, std::size_t{2} * state.limit);
  const auto range = std::make_shared<Range>();
  range->count = count;
  range->part = (count + parts - 1) / parts;
  range->work = &work;
  // What comes too late finds nothing left, and does not touch `work`.
  const auto help = [range, &state] {
    if (range->take_parts()) {
      {
        const std::lock_guard lock(state.mutex);
        ++state.changes;
      }
      state.finished.notify_all();
    }
  };
  {
    const std::lock_guard lock(state.mutex);
    state.ready.insert(state.ready.begin(), std::min<std::size_t>(parts, state.limit) - 1, help);
    ++state.changes;
  }
  state.work.notify_all();
  state.finished.notify_all();  // who waits for something else can help meanwhile
  range->take_parts();
  state.help([&range] { return range->is_done(); });
  if (range->failure) {
    std::rethrow_exception(range->failure);
  }
}

struct Strand::Queue {
  std::deque<std::function<void()>> tasks;  // under the lock of the workers
  bool running = false;                     // an item of the workers is about it
  std::uint64_t done = 0;                   // tasks
  std::exception_ptr failure;

  bool is_done() const { return tasks.empty() && !running; }

  // While no other thread is about it.
  void run_here(const std::function<void()>& task) {
    if (failure) {
      return;
    }
    try {
      task();
      ++done;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  // The item: does the first task, and leaves the others to a next item, so that strands take turns.
  static void run(const std::shared_ptr<Queue>& queue, Workers::State& state) {
    std::function<void()> task;
    {
      const std::lock_guard lock(state.mutex);
      task = std::move(queue->tasks.front());
      queue->tasks.pop_front();
    }
    std::exception_ptr thrown;
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();
    }
    {
      const std::lock_guard lock(state.mutex);
      ++state.changes;
      queue->done += thrown ? 0 : 1;
      if (thrown && !queue->failure) {
        queue->failure = thrown;
      }
      if (queue->failure) {
        queue->tasks.clear();
      }
      if (queue->tasks.empty()) {
        queue->running = false;
      } else {
        make_ready(queue, state);
      }
    }
    state.finished.notify_all();
  }
  // With the lock held.
  static void make_ready(const std::shared_ptr<Queue>& queue, Workers::State& state) {
    ++state.changes;
    state.ready.push_back([queue, &state] { run(queue, state); });
    state.work.notify_one();
  }
};

Strand::Strand(Workers* workers) : queue_(std::make_shared<Queue>()), workers_(workers) {}

Strand::~Strand() {
  if (workers_ != nullptr) {
    workers_->state_->help([this] { return queue_->is_done(); });
  }
}

void Strand::post(std::function<void()> task) {
  if (workers_ == nullptr) {
    task();
    return;
  }
  Workers::State& state = *workers_->state_;
  if (!state.shares() && queue_->is_done()) {
    queue_->run_here(task);
    return;
  }
  const std::shared_ptr<Queue> queue = queue_;
  {
    const std::lock_guard lock(state.mutex);
    if (queue->failure) {
      return;
    }
    queue->tasks.push_back(std::move(task));
    if (!queue->running) {
      queue->running = true;
      Queue::make_ready(queue, state);
    }
  }
  state.help([&queue] { return queue->tasks.size() <= kWaiting; });
}

void Strand::wait_for(std::uint64_t count) {
  if (workers_ == nullptr) {
    return;
  }
  std::exception_ptr failure;
  workers_->state_->help([&] {
    const bool done = queue_->done >= count;
    failure = done ? nullptr : queue_->failure;
    return done || queue_->is_done();
  });
  if (failure) {
    std::rethrow_exception(failure);
  }
}

void Strand::wait() {
  wait_for(std::numeric_limits<std::uint64_t>::max());
}

}  // namespace mrtool
