// What is measured, as data: adding a comparison is adding a line to a table in rows.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mrtool::benchmark {

enum class Measure : std::uint8_t { cpu, wall };

enum class Relation : std::uint8_t {
  times,         // the other takes so many times what mrtool takes, at least
  share,         // mrtool takes so many times what the other takes, at most
  milliseconds,  // mrtool takes so many more than the other, at most
};

// In a command, mrtool, loop and parse-json are programs of the build; all else is looked up in PATH, and may be
// absent. {name} is an input of the row's size (inputs.hpp). The loop tells its own time, which is that of hashing
// alone.
struct Row {
  std::string_view group;  // what is worked on; %n stands for the number of records
  std::string_view what;   // what mrtool does with it
  std::size_t records;     // a tenth of it in a quick run, when there are thousands
  std::string_view command;
  std::string_view prints;  // the known answer that it prints; empty: it compares with it itself
  std::string_view other_name;
  std::string_view other;
  Measure measure;
  Relation relation;
  std::optional<double> must{};
  std::optional<double> ambition{};
  int pairs = 5;  // of runs; the first of each pair is mrtool's
};
std::span<const Row> rows();

// What is run on 10k, 100k and 1M records: time per record, and memory.
struct Workload {
  std::string_view what;
  std::string_view command;
  std::size_t largest;  // records
};
std::span<const Workload> workloads();

inline constexpr double kMostGrowth = 1.1;      // of the time per record, from 100k to 1M
inline constexpr double kMostMemory = 24;       // MiB, of each command
inline constexpr double kMostMemoryGrowth = 2;  // MiB, from 10k to 1M: what an allocator makes of the same work

enum class Expect : std::uint8_t {
  success,       // exit status 0
  line_each,     // and a line for each record, one before and one behind
  batch_values,  // and in line N the values of line N of {batch.known}
};
// Known answers that the commands above don't compare with themselves.
struct Check {
  std::string_view what;
  std::size_t records;
  std::string_view prepare;  // a command before it; may be empty
  std::string_view command;
  Expect expect = Expect::success;
};
std::span<const Check> checks();

}  // namespace mrtool::benchmark
