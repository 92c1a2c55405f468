#include "tools/mrtool/parallel.hpp"

#include <algorithm>
#include <future>
#include <system_error>
#include <vector>

namespace mrtool {
namespace {

constexpr std::size_t kLeastItems = 128;  // a thread costs about as much as this many records

}  // namespace

std::size_t part_size(std::size_t count, unsigned threads) {
  const std::size_t parts = std::clamp<std::size_t>(count / kLeastItems, 1, threads);
  return (count + parts - 1) / parts;
}

void for_parts(std::size_t count, unsigned threads, const std::function<void(std::size_t, std::size_t)>& work) {
  const std::size_t size = part_size(count, threads);
  std::vector<std::future<void>> others;
  std::size_t begin = 0;
  for (; begin + size < count; begin += size) {
    try {
      others.push_back(std::async(std::launch::async, work, begin, begin + size));
    } catch (const std::system_error&) {
      break;  // no more threads are to be had; this one does the rest
    }
  }
  work(begin, count);
  for (std::future<void>& other : others) {
    other.get();
  }
}

}  // namespace mrtool
