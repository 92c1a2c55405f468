// mrtool explain: what could make logs and register values differ.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/base/reread_host.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "lib/replay/hypotheses.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/register_values.hpp"
#include "tools/mrtool/commands/replay_findings.hpp"
#include "tools/mrtool/commands/replay_view.hpp"
#include "tools/mrtool/commands/session.hpp"
#include "tools/mrtool/render/document.hpp"

namespace mrtool {
namespace {

constexpr std::size_t kPuzzles = 64;  // values that are explained in one run

bool is_puzzle(const Comparison& comparison, const RegisterResult& result) {
  if (result.records == 0) {
    return false;
  }
  return comparison.state == MatchState::differs ||
         (comparison.state == MatchState::log_ahead && !comparison.ahead_at_runtime);
}

std::vector<Puzzle> puzzles_of(const std::vector<RegisterResult>& results, const Filter& filter) {
  std::vector<Puzzle> puzzles;
  for (const RegisterResult& result : results) {
    if (!filter.takes(result.reg, result.bank)) {
      continue;
    }
    for (const Comparison& comparison : result.against) {
      const bool known = std::ranges::any_of(puzzles, [&](const Puzzle& puzzle) {
        return puzzle.key == RegisterKey{result.reg, result.bank} && puzzle.value == comparison.value;
      });
      if (is_puzzle(comparison, result) && !known && puzzles.size() < kPuzzles) {
        puzzles.push_back({.key = {result.reg, result.bank}, .value = comparison.value});
      }
    }
  }
  return puzzles;
}

// Of registers that no record is about: there is nothing to try.
std::vector<Explanation> without_records(const std::vector<RegisterResult>& results) {
  std::vector<Explanation> explanations;
  for (const RegisterResult& result : results) {
    for (const Comparison& comparison : result.against) {
      if (result.records == 0 && comparison.state == MatchState::unexplained && explanations.size() < kPuzzles) {
        explanations.push_back(
            {.puzzle = {.key = {result.reg, result.bank}, .value = comparison.value}, .hypotheses = {}});
      }
    }
  }
  return explanations;
}

// mrtool.explain/1.
void describe(const Explanation& explanation, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("schema");
  writer.text("mrtool.explain/1");
  writer.key("register");
  writer.text(to_string(explanation.puzzle.key.reg));
  writer.key("bank");
  writer.text(to_string(explanation.puzzle.key.bank));
  writer.key("value");
  writer.hex(explanation.puzzle.value.view());
  writer.key("tried");
  writer.count(explanation.tried);
  writer.key("bounded");
  writer.boolean(explanation.bounded);
  writer.key("hypotheses");
  writer.begin_list();
  for (const Hypothesis& hypothesis : explanation.hypotheses) {
    writer.begin_object();
    writer.key("hypothesis");
    writer.text(hypothesis.name);
    writer.key("record");
    if (hypothesis.record) {
      writer.count(*hypothesis.record);
    } else {
      writer.null();
    }
    writer.key("holds");
    writer.boolean(hypothesis.holds);
    writer.key("detail");
    writer.text(hypothesis.sentence);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
}

void append_text(std::string& out, const Explanation& explanation, bool all, const Style& style) {
  const RegisterKey& key = explanation.puzzle.key;
  style.append(out, Tone::name, fmt::format("{}:{}", to_string(key.bank), escape_for_terminal(to_string(key.reg))));
  fmt::format_to(std::back_inserter(out), "  {}\n", explanation.puzzle.value.hex());
  if (explanation.hypotheses.empty()) {
    out +=
        "  it has left its initial value, and no record of these logs extends it in this bank: give the log that "
        "does\n";
    return;
  }
  std::size_t holding = 0;
  for (const Hypothesis& hypothesis : explanation.hypotheses) {
    holding += hypothesis.holds ? 1 : 0;
    if (!hypothesis.holds && !all) {
      continue;
    }
    out += "  ";
    style.append(out, hypothesis.holds ? Tone::good : Tone::faint, hypothesis.holds ? "yes" : "no ");
    fmt::format_to(std::back_inserter(out), "  {:22}", hypothesis.name);
    if (hypothesis.record) {
      fmt::format_to(std::back_inserter(out), "record {}: ", *hypothesis.record);
    }
    out += escape_for_terminal(hypothesis.sentence) + "\n";
  }
  const std::string count = holding == 0 ? "none" : std::to_string(holding);
  fmt::format_to(std::back_inserter(out), "  {} of {} hypotheses hold{}, {} foldings tried{}\n", count,
                 explanation.hypotheses.size(), holding == 1 ? "s" : "", explanation.tried,
                 explanation.bounded ? "; not all that could be, for there are many records" : "");
}

void render(const std::vector<Explanation>& explanations, ReplayVerdict verdict, const CommandLine& line,
            Session& session) {
  std::string& out = session.out().buffer();
  for (const Explanation& explanation : explanations) {
    switch (session.rendering()) {
      case Rendering::text:
        append_text(out, explanation, line.has(OptionId::verbose), session.output_style());
        break;
      case Rendering::yaml:
        out += &explanation == &explanations.front() ? "" : "---\n";
        describe(explanation, *make_yaml_writer(out));
        break;
      default:
        describe(explanation, *make_json_writer(out, true));
        break;
    }
  }
  if (explanations.empty() && session.rendering() == Rendering::text) {
    out += verdict == ReplayVerdict::equal ? "nothing to explain: no value differs from what the logs lead to\n"
                                           : "nothing to explain: no value was compared that could differ\n";
  }
}

void read(std::vector<LogName> names, Host& host, DiagnosticSink& diagnostics, Explainer& explainer) {
  LogChain chain(std::move(names), host, diagnostics, {.compute_alternatives = true});
  LogChain::Step step;
  while (chain.next(step)) {
    for (const Record& record : step.batch->records) {
      explainer.add(record);
    }
  }
}

}  // namespace

int explain_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  auto filter = Filter::from(line);
  if (!filter) {
    return session.stop(filter.error());
  }
  auto initial = initial_values(line);
  if (!initial) {
    return session.stop(initial.error());
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  auto sources = register_sources(line, session.host());
  if (!sources) {
    return session.stop(sources.error());
  }
  if (sources->empty()) {
    return session.stop(Error{.kind = ErrorKind::usage,
                              .message = "nothing to compare with: give register values with --against",
                              .file = {},
                              .offset = {},
                              .record = {}});
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }

  RereadHost host(session.host());
  LogChain chain(*names, host, session.diagnostics(), {.compute_alternatives = true});
  Replay replay({.initial = *std::move(initial)}, session.diagnostics());
  replay.compare_with(*sources);
  LogChain::Step step;
  while (chain.next(step)) {
    if (step.first_of_log) {
      replay.begin_log(*step.info);
    }
    replay.add(*step.batch);
  }
  if (const auto missing = session.missing_input(chain)) {
    return session.stop(*missing);
  }
  std::vector<RegisterResult> results = replay.finish();

  Explainer explainer(puzzles_of(results, *filter));
  DiagnosticSink again;  // says what the first reading said
  read(*std::move(names), host, again, explainer);
  std::vector<Explanation> explanations = explainer.finish(results);
  std::erase_if(results, [&filter](const RegisterResult& result) { return !filter->takes(result.reg, result.bank); });
  std::ranges::move(without_records(results), std::back_inserter(explanations));

  ReplayView view;
  view.logs = chain.logs();
  view.verdict = verdict_of(results, true);
  view.registers = std::move(results);
  view.sources = *std::move(sources);
  explain_nothing(view, *filter, session.diagnostics());
  hint_at_missing_logs(view, session.diagnostics());
  render(explanations, view.verdict, line, session);
  return session.finish(chain, exit_status_of(view.verdict));
}

}  // namespace mrtool
