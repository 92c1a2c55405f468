#include "tools/benchmark/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tools/benchmark/text_table.hpp"

namespace mrtool::benchmark {
namespace {

std::string title(std::string_view group, std::size_t records) {
  std::string text(group);
  if (const std::size_t place = text.find("%n"); place != std::string::npos) {
    text.replace(place, 2, short_count(records));
  }
  return text;
}

std::string duration(double seconds) {
  constexpr double kMilli = 1000;
  return seconds < 1 / kMilli * 100 ? fmt::format("{:.2f} ms", kMilli * seconds) : fmt::format("{:.3f} s", seconds);
}

std::string amount(Relation relation, double value) {
  switch (relation) {
    case Relation::times:
      return fmt::format("{:.1f} times less", value);
    case Relation::share:
      return fmt::format("{:.2f} of it", value);
    case Relation::milliseconds:
      return fmt::format("{:+.2f} ms", value);
  }
  return {};
}

bool reached(const RowResult& result, double goal) {
  return result.row->relation == Relation::times ? result.reached >= goal : result.reached <= goal;
}

std::string judged(const RowResult& result, const std::optional<double>& goal) {
  if (!goal) {
    return "-";
  }
  const char* const verdict = reached(result, *goal) ? "reached" : "missed";
  return fmt::format("{}{:g}{}: {}", result.row->relation == Relation::milliseconds ? "+" : "", *goal,
                     result.row->relation == Relation::milliseconds ? " ms" : "", verdict);
}

std::string per_record(const Point& point) {
  constexpr double kNano = 1e9;
  return fmt::format("{:.0f} ns", kNano * point.seconds / static_cast<double>(point.records));
}

std::string mebibytes(double value) {
  return fmt::format("{:.1f}", value);
}

TextTable goals(const std::vector<RowResult>& rows) {
  TextTable table({"work", "mrtool", "measured", "time", "against", "its time", "reached", "must", "ambition",
                   "peak MiB", "its peak"});
  for (const RowResult& result : rows) {
    const Row& row = *result.row;
    std::vector<std::string> cells{title(row.group, result.records), std::string(row.what),
                                   row.measure == Measure::cpu ? "CPU" : "wall"};
    if (result.problem.empty()) {
      cells.insert(cells.end(),
                   {duration(result.ours.seconds), std::string(row.other_name), duration(result.other.seconds),
                    amount(row.relation, result.reached), judged(result, row.must), judged(result, row.ambition),
                    mebibytes(result.ours.peak), mebibytes(result.other.peak)});
    } else {
      cells.insert(cells.end(), {"-", std::string(row.other_name), "-",
                                 fmt::format("{}: {}", result.failed ? "FAILED" : "not measured", result.problem), "-",
                                 "-", "-", "-"});
    }
    table.add(std::move(cells));
  }
  return table;
}

TextTable growth(const std::vector<WorkloadResult>& workloads) {
  constexpr std::size_t kSizes = 3;
  TextTable table({"mrtool", "10k", "100k", "1M", "growth", fmt::format("must {}", kMostGrowth), "peak MiB at 10k",
                   "100k", "1M", fmt::format("must {}, and the same", kMostMemory)});
  for (const WorkloadResult& result : workloads) {
    std::vector<std::string> cells{std::string(result.workload->what)};
    if (!result.problem.empty()) {
      cells.push_back("FAILED: " + result.problem);
      cells.resize(3 + 2 * kSizes + 1, "-");
      table.add(std::move(cells));
      continue;
    }
    std::vector<std::string> peaks;
    double most = 0;
    for (const Point& point : result.points) {
      cells.push_back(per_record(point));
      peaks.push_back(mebibytes(point.peak));
      most = std::max(most, point.peak);
    }
    cells.resize(1 + kSizes, "-");
    peaks.resize(kSizes, "-");
    const bool judged = result.growth != 0;
    cells.push_back(judged ? fmt::format("{:.2f}", result.growth) : "-");
    cells.push_back(!judged ? "-" : result.growth <= kMostGrowth ? "reached" : "missed");
    cells.insert(cells.end(), peaks.begin(), peaks.end());
    const bool small = most <= kMostMemory && most - result.points.front().peak <= kMostMemoryGrowth;
    cells.push_back(small ? "reached" : "missed");
    table.add(std::move(cells));
  }
  return table;
}

TextTable answers(const std::vector<CheckResult>& checks) {
  TextTable table({"known answer", ""});
  for (const CheckResult& result : checks) {
    table.add({std::string(result.check->what), result.problem.empty() ? "holds" : "FAILED: " + result.problem});
  }
  return table;
}

// "12 of 18 reached, 6 missed".
std::string tally(const std::vector<RowResult>& rows, std::optional<double> Row::* goal) {
  int wanted = 0;
  int missed = 0;
  for (const RowResult& result : rows) {
    if (result.problem.empty() && (result.row->*goal)) {
      ++wanted;
      missed += reached(result, *(result.row->*goal)) ? 0 : 1;
    }
  }
  return fmt::format("{} of {} reached, {} missed", wanted - missed, wanted, missed);
}

}  // namespace

bool Results::good() const {
  return std::ranges::none_of(rows, &RowResult::failed) &&
         std::ranges::all_of(workloads, &std::string::empty, &WorkloadResult::problem) &&
         std::ranges::all_of(checks, &std::string::empty, &CheckResult::problem);
}

std::string report(const Results& results, const Options& options) {
  const auto print = [&](const TextTable& table) { return options.markdown ? table.markdown() : table.text(); };
  std::string out;
  if (!results.rows.empty()) {
    out += print(goals(results.rows));
    out += fmt::format("\nOf what must be: {}. Of the ambitions: {}.\n", tally(results.rows, &Row::must),
                       tally(results.rows, &Row::ambition));
  }
  if (!results.workloads.empty()) {
    out += fmt::format("\nCPU time per record, and peak resident memory:\n\n{}", print(growth(results.workloads)));
  }
  if (!results.checks.empty()) {
    out += fmt::format("\nBeside those that each run above compared:\n\n{}", print(answers(results.checks)));
  }
  return out;
}

std::string report_line(const RowResult& result) {
  const Row& row = *result.row;
  const std::string work = fmt::format("{}, {}, {} time against {}", title(row.group, result.records), row.what,
                                       row.measure == Measure::cpu ? "CPU" : "wall", row.other_name);
  return result.problem.empty() ? fmt::format("{}: {}", work, amount(row.relation, result.reached))
                                : fmt::format("{}: {}", work, result.problem);
}

}  // namespace mrtool::benchmark
