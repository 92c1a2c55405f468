// Work spread over threads: ranges that are split, and strands, whose tasks run one behind the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace mrtool {

// Threads that wait for work. The one that hands work out, and waits for it, takes part: with one thread everything is
// done where it is asked for. Others are started only when there has been work for some time, so that a short run costs
// none. Work is handed out and waited for by one thread, and by what it handed out.
class Workers {
 public:
  // At most `threads` threads, the caller's included. Where the system gives no more, those that there are do the work.
  explicit Workers(unsigned threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // At most so many, the caller's included.
  unsigned limit() const;

  // Calls work(begin, end) for parts of [0, count) that together are all of it, none but the last smaller than `least`
  // (from 1). Returns when all is done; what a part throws is thrown here.
  void split(std::size_t count, std::size_t least, const std::function<void(std::size_t, std::size_t)>& work);

 private:
  friend class Strand;
  struct State;
  std::unique_ptr<State> state_;
};

// Tasks that run in the order in which they are posted, one at a time, on whatever thread. Gone before its Workers.
class Strand {
 public:
  // `workers`: null where tasks are to run when they are posted.
  explicit Strand(Workers* workers);
  // Waits.
  ~Strand();
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  // Returns once no more than a few tasks wait. What a task throws is thrown by wait(); those behind it are left out.
  void post(std::function<void()> task);
  // Until the first `count` of all tasks that were posted are done; or, what wait() throws, one has thrown.
  void wait_for(std::uint64_t count);
  // Until all that was posted is done.
  void wait();

 private:
  struct Queue;
  std::shared_ptr<Queue> queue_;
  Workers* workers_;
};

}  // namespace mrtool
