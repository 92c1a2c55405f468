// Runs the tables' commands.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.hpp"
#include "tools/benchmark/command.hpp"
#include "tools/benchmark/inputs.hpp"
#include "tools/benchmark/rows.hpp"

namespace mrtool::benchmark {

struct Options {
  std::string directory;  // of inputs and output; is there
  std::string mrtool;     // path of the program
  std::string timed;      // likewise
  std::string self;       // likewise: this one
  bool quick = false;
  bool markdown = false;
  std::string filter;  // only rows whose text has it
};

// One side of a row, over all runs.
struct Side {
  double seconds = 0;  // the median, by the row's measure
  double peak = 0;     // MiB, the largest
};

struct RowResult {
  const Row* row = nullptr;
  std::size_t records = 0;
  std::string problem{};  // why there are no numbers; empty when there are
  bool failed = false;    // the problem is an error, not the absence of a program or its slowness
  Side ours{};
  Side other{};
  double reached = 0;  // the median over the pairs, in the terms of the row's relation
};

// A workload on one number of records.
struct Point {
  std::size_t records = 0;
  double seconds = 0;  // of CPU time, the median
  double peak = 0;     // MiB, the largest
};
struct WorkloadResult {
  const Workload* workload = nullptr;
  std::string problem{};
  std::vector<Point> points{};
  double growth = 0;  // of the time per record between the two largest, the median over the pairs; 0: not measured
};

struct CheckResult {
  const Check* check = nullptr;
  std::string problem{};  // empty: it holds
};

class Measuring {
 public:
  explicit Measuring(Options options);

  RowResult row(const Row& row);
  WorkloadResult workload(const Workload& workload);
  CheckResult check(const Check& check);
  // A thousand or more are a tenth in a quick run.
  std::size_t scaled(std::size_t records) const;

 private:
  struct Run;
  Result<std::vector<std::string>> words_of(std::string_view command, std::size_t records);
  Run run(const std::vector<std::string>& words, bool keep_output = false);
  // Why the output isn't that of a replay in these banks; empty when it is.
  std::string printed_problem(const std::string& output, std::string_view known, const Row& row);
  std::string batch_problem(const std::string& output, std::size_t records);

  Options options_;
  Commands commands_;
  Inputs inputs_;
};

}  // namespace mrtool::benchmark
