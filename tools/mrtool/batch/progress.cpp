#include "tools/mrtool/batch/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mrtool {
namespace {

constexpr std::uint64_t kWidth = 30;  // columns of the bar
constexpr std::string_view kErase = "\r\x1B[K";

// 4,512.
std::string grouped(std::uint64_t number) {
  constexpr std::size_t kGroup = 3;
  std::string digits = std::to_string(number);
  for (std::size_t end = digits.size(); end > kGroup;) {
    end -= kGroup;
    digits.insert(end, ",");
  }
  return digits;
}

}  // namespace

std::string progress_text(std::uint64_t done, std::optional<std::uint64_t> total) {
  if (!total || *total == 0) {
    return grouped(done);
  }
  // A list may grow while it is worked on.
  const std::uint64_t all = std::max(done, *total);
  const double part = static_cast<double>(done) / static_cast<double>(all);
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(kWidth));
  return fmt::format("[{}{}] {} of {}", std::string(filled, '#'), std::string(kWidth - filled, ' '), grouped(done),
                     grouped(all));
}

void Progress::show(std::uint64_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (terminal_ == nullptr || (shown_ && now - drawn_ < kFresh)) {
    return;
  }
  drawn_ = now;
  shown_ = true;
  terminal_->append(kErase);
  terminal_->append(progress_text(done, total_));
  terminal_->flush();
}

void Progress::erase() {
  if (shown_) {
    terminal_->append(kErase);
    terminal_->flush();
    shown_ = false;
  }
}

}  // namespace mrtool
