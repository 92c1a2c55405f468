// The benchmarks of the whole tool: inputs with known answers, and mrtool beside its peers and beside bare hashing.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/benchmark/bare_loop.hpp"
#include "tools/benchmark/machine.hpp"
#include "tools/benchmark/report.hpp"

namespace mrtool::benchmark {
namespace {

constexpr int kFailed = 1;

int complain(std::string_view message) {
  fmt::print(stderr, "mrtool-benchmark: {}\n", message);
  return kFailed;
}

int measure_all(const Options& options) {
  Measuring measuring(options);
  Results results;
  const auto wanted = [&](const auto&... texts) { return (std::string_view(texts).contains(options.filter) || ...); };
  const auto tell = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  for (const Row& row : rows()) {
    if (wanted(row.group, row.what, row.other_name)) {
      results.rows.push_back(measuring.row(row));
      tell(report_line(results.rows.back()));
    }
  }
  for (const Workload& workload : workloads()) {
    if (wanted(workload.what)) {
      tell(fmt::format("growth: {}", workload.what));
      results.workloads.push_back(measuring.workload(workload));
    }
  }
  for (const Check& check : checks()) {
    if (wanted(check.what)) {
      tell(fmt::format("known answer: {}", check.what));
      results.checks.push_back(measuring.check(check));
    }
  }
  fmt::print("{}\n{}", machine(), report(results, options));
  return results.good() ? 0 : kFailed;
}

int generate(const std::string& directory, const std::vector<std::string>& what) {
  Inputs inputs(directory);
  for (const std::string& item : what) {
    const std::size_t colon = item.find(':');
    const std::size_t records = colon == std::string::npos ? 0 : std::strtoull(item.c_str() + colon + 1, nullptr, 10);
    if (records == 0) {
      return complain(fmt::format("expected LOG:RECORDS, found {}", item));
    }
    const auto path = inputs.path_of(item.substr(0, colon), records);
    if (!path) {
      return complain(to_string(path.error()));
    }
    fmt::print("{}\n", *path);
  }
  return 0;
}

int loop(const std::string& path, const std::string& known, const LoopOptions& options) {
  const auto result = run_bare_loop(path, options);
  if (!result) {
    return complain(result.error());
  }
  std::ifstream in(known, std::ios::binary);
  const std::string document{std::istreambuf_iterator<char>(in), {}};
  if (const std::string missing = missing_answer(document, result->registers); !missing.empty()) {
    return complain(fmt::format("{}: {} has another value", known, missing));
  }
  fmt::print("{:.9f} {:.9f}\n", result->cpu, result->wall);
  return 0;
}

int parse_json(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const auto document = nlohmann::json::parse(in, nullptr, false);
  fmt::print("{} items\n", document.size());
  return document.is_discarded() ? kFailed : 0;
}

int run(int count, char** words) {
  CLI::App app("Measures mrtool beside its peers and beside bare hashing.", "mrtool-benchmark");
  app.require_subcommand(1);

  Options options;
  CLI::App* const table = app.add_subcommand("table", "measure all, and print what was reached beside the goals");
  table->add_option("--directory", options.directory, "where inputs are put")->required();
  table->add_option("--mrtool", options.mrtool, "the program to measure")->required();
  table->add_option("--timed", options.timed, "the program that runs commands")->required();
  table->add_flag("--quick", options.quick, "a tenth of the records, fewer runs");
  table->add_flag("--markdown", options.markdown, "tables in Markdown");
  table->add_option("FILTER", options.filter, "only rows with this text in them");

  std::string directory;
  std::vector<std::string> what;
  CLI::App* const making = app.add_subcommand("generate", "make inputs, and what their registers must hold");
  making->add_option("DIRECTORY", directory)->required();
  making->add_option("LOG:RECORDS", what, "ima, tsm, tcg2, cel or batch")->required();

  std::string path;
  std::string known;
  std::string kind;
  LoopOptions loop_options;
  CLI::App* const bare =
      app.add_subcommand("loop", "hash a log's messages, and print the seconds of CPU time and from start to end");
  bare->add_option("KIND", kind, "ima, tsm or tcg2")->required();
  bare->add_option("LOG", path)->required();
  bare->add_option("KNOWN", known, "what its registers must hold")->required();
  bare->add_option("--bank", loop_options.banks, "only these")->delimiter(',');
  bare->add_flag("--digests", loop_options.digests, "tcg2: compute every event's digest too");

  CLI::App* const parsing = app.add_subcommand("parse-json", "parse a document with nlohmann_json");
  parsing->add_option("FILE", path)->required();

  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (table->parsed()) {
    options.self = std::filesystem::read_symlink("/proc/self/exe");
    return measure_all(options);
  }
  if (making->parsed()) {
    return generate(directory, what);
  }
  loop_options.kind = kind;
  return bare->parsed() ? loop(path, known, loop_options) : parse_json(path);
}

}  // namespace
}  // namespace mrtool::benchmark

int main(int count, char** words) {
  return mrtool::benchmark::run(count, words);
}
