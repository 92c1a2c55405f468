// Work in many pieces, done by several threads and handed on in order.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mrtool {

class OrderedWork {
 public:
  using Task = std::function<void()>;

  // `threads`: the caller's included; the others are started once more pieces wait than there are threads. At most
  // `most` pieces are under way at a time.
  OrderedWork(unsigned threads, std::size_t most);
  // Abandons what has not begun.
  ~OrderedWork();
  OrderedWork(const OrderedWork&) = delete;
  OrderedWork& operator=(const OrderedWork&) = delete;

  // Calls `work`, perhaps in another thread and beside that of other pieces; then `deliver`, in some thread, one at a
  // time and in the order in which pieces were added. Waits, or works, while too many pieces are under way. What a task
  // throws (for want of memory) is thrown by a later call of add() or drain() instead, and nothing more is delivered.
  // Called by one thread only, and by no task.
  void add(Task work, Task deliver);
  // Works until all that was added is delivered.
  void drain();
  // No other thread was started yet: there was never so much to do at a time.
  bool is_alone() const { return others_.empty(); }

 private:
  enum class State : std::uint8_t { waiting, working, done };
  struct Piece {
    Task work;
    Task deliver;
    State state = State::waiting;
  };

  void start_thread();
  void run_thread(const std::stop_token& stop);
  bool work_on_one(std::unique_lock<std::mutex>& lock);
  void deliver_ready(std::unique_lock<std::mutex>& lock);
  void wait_until(std::unique_lock<std::mutex>& lock, std::size_t most);
  void fail();

  const unsigned threads_;
  const std::size_t most_;
  std::mutex mutex_;  // of all that follows
  std::condition_variable_any changed_;
  std::deque<Piece> pieces_;  // in their order; those in front are worked on first. Elements stay where they are.
  std::size_t begun_ = 0;     // of these, pieces that a thread has taken; all in front
  bool delivering_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> others_;
};

}  // namespace mrtool
