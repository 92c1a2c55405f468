#include "tools/mrtool/parallel.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace mrtool {

OrderedWork::OrderedWork(unsigned threads, std::size_t most)
    : threads_(std::max(threads, 1U)), most_(std::max<std::size_t>(most, 1)) {}

OrderedWork::~OrderedWork() {
  for (std::jthread& other : others_) {
    other.request_stop();
  }
  others_.clear();
}

void OrderedWork::add(Task work, Task deliver) {
  std::unique_lock lock(mutex_);
  wait_until(lock, most_ - 1);
  pieces_.push_back({.work = std::move(work), .deliver = std::move(deliver)});
  if (threads_ == 1) {
    wait_until(lock, 0);
    return;
  }
  if (others_.size() + 1 < threads_ && pieces_.size() - begun_ > others_.size() + 1) {
    start_thread();
  }
  changed_.notify_one();
}

void OrderedWork::drain() {
  std::unique_lock lock(mutex_);
  wait_until(lock, 0);
}

// Works as long as more than `most` pieces are under way.
void OrderedWork::wait_until(std::unique_lock<std::mutex>& lock, std::size_t most) {
  while (!failure_ && pieces_.size() > most) {
    if (!work_on_one(lock)) {
      changed_.wait(lock, [&] { return failure_ || pieces_.size() <= most || begun_ < pieces_.size(); });
    }
  }
  if (failure_) {
    std::rethrow_exception(failure_);
  }
}

// Without another thread those that are there do the work, if only the caller's.
void OrderedWork::start_thread() {
  try {
    others_.emplace_back([this](const std::stop_token& stop) { run_thread(stop); });
  } catch (const std::system_error&) {
    return;
  }
}

void OrderedWork::run_thread(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (failure_ || !work_on_one(lock)) {
      changed_.wait(lock, stop, [this] { return !failure_ && begun_ < pieces_.size(); });
    }
  }
}

// Takes the next piece, if there is one, and delivers what is ready then. The lock is released meanwhile.
bool OrderedWork::work_on_one(std::unique_lock<std::mutex>& lock) {
  if (begun_ == pieces_.size()) {
    return false;
  }
  Piece& piece = pieces_[begun_++];
  piece.state = State::working;
  lock.unlock();
  try {
    piece.work();
  } catch (...) {
    lock.lock();
    fail();
    return true;
  }
  lock.lock();
  piece.state = State::done;
  deliver_ready(lock);
  return true;
}

// By one thread at a time: another one that finishes a piece meanwhile leaves it to this.
void OrderedWork::deliver_ready(std::unique_lock<std::mutex>& lock) {
  if (std::exchange(delivering_, true)) {
    return;
  }
  while (!failure_ && !pieces_.empty() && pieces_.front().state == State::done) {
    const Task deliver = std::move(pieces_.front().deliver);
    lock.unlock();
    try {
      deliver();
    } catch (...) {
      lock.lock();
      fail();
      break;
    }
    lock.lock();
    pieces_.pop_front();
    --begun_;
    changed_.notify_all();
  }
  delivering_ = false;
}

void OrderedWork::fail() {
  failure_ = failure_ ? failure_ : std::current_exception();
  changed_.notify_all();
}

}  // namespace mrtool
