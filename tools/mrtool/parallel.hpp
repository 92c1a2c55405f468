// Work on many items of like size, spread over threads.
#pragma once

#include <cstddef>
#include <functional>

namespace mrtool {

// Calls work(begin, end) for parts of [0, count) that together are all of it, on at most `threads` threads, this one
// included. Returns when all is done. `work` must not throw but for want of memory.
void for_parts(std::size_t count, unsigned threads, const std::function<void(std::size_t, std::size_t)>& work);

// How many items a part has, all but the last: part_size(count, threads) * i is where part i begins.
std::size_t part_size(std::size_t count, unsigned threads);

}  // namespace mrtool
