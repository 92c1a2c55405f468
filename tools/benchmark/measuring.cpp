#include "tools/benchmark/measuring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/benchmark/bare_loop.hpp"

namespace mrtool::benchmark {
namespace {

// Replay judges every digest against its content in the same pass with this option.
constexpr std::string_view kCheckDigests = "--check-digests";

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double relation_of(Relation relation, double ours, double other) {
  constexpr double kMilliseconds = 1000;
  switch (relation) {
    case Relation::times:
      return other / ours;
    case Relation::share:
      return ours / other;
    case Relation::milliseconds:
      return kMilliseconds * (ours - other);
  }
  return 0;
}

}  // namespace

// What one run of a command cost, or why there is nothing to tell.
struct Measuring::Run {
  Cost cost;
  std::string problem;
  bool slow = false;

  double seconds(Measure measure) const { return measure == Measure::cpu ? cost.cpu : cost.wall; }
};

Measuring::Measuring(Options options)
    : options_(std::move(options)), commands_(options_.timed, options_.directory), inputs_(options_.directory) {}

std::size_t Measuring::scaled(std::size_t records) const {
  constexpr std::size_t kThousand = 1000;
  constexpr std::size_t kShare = 10;
  return options_.quick && records >= kThousand ? records / kShare : records;
}

// Splits first, so that a path may have blanks.
Result<std::vector<std::string>> Measuring::words_of(std::string_view command, std::size_t records) {
  std::vector<std::string> words;
  std::istringstream in{std::string(command)};
  for (std::string word; in >> word;) {
    if (word == "{check}") {
      word = kCheckDigests;
    }
    for (std::size_t begin = 0; (begin = word.find('{')) != std::string::npos;) {
      const std::size_t end = word.find('}', begin);
      MRTOOL_TRY(path, inputs_.path_of(std::string_view(word).substr(begin + 1, end - begin - 1), records));
      word.replace(begin, end + 1 - begin, path);
    }
    if (!word.empty()) {
      words.push_back(std::move(word));
    }
  }
  std::string& program = words.front();
  if (program == "loop" || program == "parse-json") {
    words.insert(words.begin(), options_.self);
  } else {
    program = program == "mrtool" ? options_.mrtool : find_program(program);
  }
  return words;
}

Measuring::Run Measuring::run(const std::vector<std::string>& words, bool keep_output) {
  constexpr int kCpuLimitSignal = 128 + 24;  // SIGXCPU
  Run result;
  const bool loop = words.size() > 1 && words[1] == "loop";
  auto cost = commands_.run(words, loop || keep_output ? Commands::Output::kept : Commands::Output::dropped);
  if (!cost) {
    result.problem = std::move(cost).error();
    return result;
  }
  result.cost = *std::move(cost);
  if (result.cost.status == kCpuLimitSignal) {
    result.slow = true;
    result.problem = fmt::format("over {} s of CPU time", kCpuLimit);
  } else if (result.cost.status != 0) {
    // Once more, to hear why.
    const auto again = commands_.run(words, Commands::Output::kept);
    const std::string said = again ? again->errors.substr(0, again->errors.find('\n')) : std::string();
    result.problem = fmt::format("exit status {}: {}", result.cost.status, said);
  }
  if (loop && result.problem.empty()) {
    std::istringstream(result.cost.output) >> result.cost.cpu >> result.cost.wall;
  }
  return result;
}

RowResult Measuring::row(const Row& row) {
  RowResult result{.row = &row, .records = scaled(row.records)};
  const auto ours = words_of(row.command, result.records);
  const auto other = words_of(row.other, result.records);
  if (!ours || !other) {
    result.problem = to_string(ours ? other.error() : ours.error());
    result.failed = true;
    return result;
  }
  if (other->front().empty()) {
    result.problem = fmt::format("{} isn't installed", row.other.substr(0, row.other.find(' ')));
    return result;
  }
  constexpr int kQuickShare = 3;
  constexpr double kLong = 15;  // seconds; noise is no more than a small share of them, so that once is enough
  const int pairs = options_.quick ? std::max(1, row.pairs / kQuickShare) : row.pairs;
  std::optional<Run> long_run;
  std::vector<double> ours_seconds;
  std::vector<double> other_seconds;
  std::vector<double> reached;
  for (int i = 0; i < pairs; ++i) {
    Run first = run(*ours, !row.prints.empty());
    if (first.problem.empty() && !row.prints.empty()) {
      first.problem = printed_problem(first.cost.output, row.prints, row);
    }
    const Run second = !first.problem.empty() ? Run{} : long_run ? *long_run : run(*other);
    if (!first.problem.empty() || !second.problem.empty()) {
      result.problem = first.problem.empty() ? fmt::format("{}: {}", row.other_name, second.problem) : first.problem;
      result.failed = !second.slow;
      return result;
    }
    ours_seconds.push_back(first.seconds(row.measure));
    other_seconds.push_back(second.seconds(row.measure));
    reached.push_back(relation_of(row.relation, ours_seconds.back(), other_seconds.back()));
    result.ours.peak = std::max(result.ours.peak, first.cost.peak);
    result.other.peak = std::max(result.other.peak, second.cost.peak);
    if (second.cost.wall > kLong) {
      long_run = second;
    }
  }
  result.ours.seconds = median(ours_seconds);
  result.other.seconds = median(other_seconds);
  result.reached = median(reached);
  return result;
}

WorkloadResult Measuring::workload(const Workload& workload) {
  constexpr std::size_t kSteps = 3;  // sizes, each ten times the one before
  constexpr std::size_t kTimes = 10;
  constexpr std::size_t kSmallest = 10'000;
  const std::size_t runs = options_.quick ? 1 : 3;
  WorkloadResult result{.workload = &workload};
  std::vector<std::vector<double>> seconds;
  std::vector<std::vector<std::string>> commands;
  for (std::size_t records = kSmallest; records <= scaled(workload.largest) && seconds.size() < kSteps;
       records *= kTimes) {
    auto words = words_of(workload.command, records);
    if (!words) {
      result.problem = to_string(words.error());
      return result;
    }
    commands.push_back(*std::move(words));
    result.points.push_back({.records = records});
    seconds.emplace_back();
  }
  for (std::size_t i = 0; i < runs; ++i) {
    for (std::size_t k = 0; k < commands.size(); ++k) {
      const Run ran = run(commands[k]);
      if (!ran.problem.empty()) {
        result.problem = ran.problem;
        return result;
      }
      seconds[k].push_back(ran.cost.cpu);
      result.points[k].peak = std::max(result.points[k].peak, ran.cost.peak);
    }
  }
  for (std::size_t k = 0; k < seconds.size(); ++k) {
    result.points[k].seconds = median(seconds[k]);
  }
  if (seconds.size() > 1) {
    std::vector<double> growth;
    for (std::size_t i = 0; i < runs; ++i) {
      growth.push_back(seconds.back()[i] / seconds[seconds.size() - 2][i] / static_cast<double>(kTimes));
    }
    result.growth = median(growth);
  }
  return result;
}

CheckResult Measuring::check(const Check& check) {
  CheckResult result{.check = &check};
  const std::size_t records = scaled(check.records);
  for (const std::string_view command : {check.prepare, check.command}) {
    if (command.empty()) {
      continue;
    }
    const auto words = words_of(command, records);
    if (!words) {
      result.problem = to_string(words.error());
      return result;
    }
    const Run ran = run(*words, check.expect != Expect::success);
    if (!ran.problem.empty()) {
      result.problem = ran.problem;
      return result;
    }
    const auto lines = static_cast<std::size_t>(std::ranges::count(ran.cost.output, '\n'));
    if (check.expect == Expect::line_each && lines != records + 2) {
      result.problem = fmt::format("expected a line for each of {} records and 2 more, found {} lines", records, lines);
    } else if (check.expect == Expect::batch_values) {
      result.problem = batch_problem(ran.cost.output, records);
    }
  }
  return result;
}

std::string Measuring::printed_problem(const std::string& output, std::string_view known, const Row& row) {
  const auto path = inputs_.path_of(known, scaled(row.records));
  std::ifstream in(path ? *path : std::string());
  const std::string document{std::istreambuf_iterator<char>(in), {}};
  const std::string_view command = row.command;
  const std::size_t option = command.find("--bank ");
  const std::string_view banks = option == std::string_view::npos ? std::string_view() : command.substr(option);
  std::size_t values = 0;
  for (const RegisterAnswer& answer : read_known_answer(document)) {
    if (banks.empty() || banks.contains(answer.bank)) {
      ++values;
      if (!output.contains(answer.value)) {
        return fmt::format("{}:{} isn't as it must be", answer.bank, answer.reg);
      }
    }
  }
  return values != 0 ? std::string() : "nothing is known of its registers";
}

std::string Measuring::batch_problem(const std::string& output, std::size_t records) {
  const auto path = inputs_.path_of("batch.known", records);
  std::ifstream known(path ? *path : std::string());
  std::istringstream lines(output);
  std::size_t number = 0;
  for (std::string line, values; std::getline(known, values); ++number) {
    std::istringstream in(values);
    std::getline(lines, line);
    for (std::string value; in >> value;) {
      if (!line.contains(value)) {
        return fmt::format("line {} lacks a register's value", number);
      }
    }
  }
  return number == records ? std::string() : fmt::format("expected {} lines, found {}", records, number);
}

}  // namespace mrtool::benchmark
