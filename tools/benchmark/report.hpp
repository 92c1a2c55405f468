// What was measured, for people: aligned text, or tables in Markdown.
#pragma once

#include <string>
#include <vector>

#include "tools/benchmark/measuring.hpp"

namespace mrtool::benchmark {

struct Results {
  std::vector<RowResult> rows;
  std::vector<WorkloadResult> workloads;
  std::vector<CheckResult> checks;

  // Everything ran, and every known answer held. What a ratio is has no part in this.
  bool good() const;
};

std::string report(const Results& results, const Options& options);

// Of one row, while the others run: "IMA 1M, ..., replay, one thread, CPU time against evmctl: 10.2 times less".
std::string report_line(const RowResult& result);

}  // namespace mrtool::benchmark
