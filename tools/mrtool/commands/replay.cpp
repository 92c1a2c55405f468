// mrtool replay: the register values that logs lead to, compared where values are given.
#include "lib/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/reread_host.hpp"
#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/register_values.hpp"
#include "tools/mrtool/commands/replay_findings.hpp"
#include "tools/mrtool/commands/replay_pass.hpp"
#include "tools/mrtool/commands/replay_view.hpp"
#include "tools/mrtool/commands/session.hpp"
#include "tools/mrtool/render/tpm2_yaml.hpp"

namespace mrtool {
namespace {

// PCRs are all that tpm2_pcrread's shape has.
bool shows_any_pcr(const ReplayView& view) {
  return std::ranges::any_of(view.registers, [](const RegisterResult& result) { return is_tpm_pcr(result.reg); });
}

Diagnostic no_pcr(const ReplayView& view) {
  return {.severity = Severity::error,
          .code = std::string(row_of(ErrorKind::unsupported).name),
          .log = {},
          .record = {},
          .offset = {},
          .message = fmt::format("--tpm2-yaml shows PCRs, and there is none to show{}",
                                 view.registers.empty() ? std::string()
                                                        : fmt::format(": the first register is {}",
                                                                      to_string(view.registers.front().reg)))};
}

void render(const ReplayView& view, const Filter& filter, Session& session) {
  std::string& out = session.out().buffer();
  switch (session.rendering()) {
    case Rendering::json:
    case Rendering::ndjson:
      describe_replay(view, *make_json_writer(out, false));
      break;
    case Rendering::yaml:
      describe_replay(view, *make_yaml_writer(out));
      break;
    case Rendering::tpm2_yaml:
      write_tpm2_pcrread_yaml(out, view.registers,
                              [&filter](const Register& reg, HashAlgorithm bank) { return filter.takes(reg, bank); });
      break;
    case Rendering::text:
      append_replay_text(out, view, session.output_style());
      break;
  }
}

int conclude_replay(Session& session, const LogChain& chain, std::vector<RegisterResult> results, const Filter& filter,
                    const std::map<RegisterKey, Digest>& initial, std::vector<RegisterValues> sources) {
  ReplayView view;
  view.logs = chain.logs();
  view.registers = std::move(results);
  session.diagnostics().set_log(std::nullopt);
  view.sources = std::move(sources);
  const std::vector<RegisterKey> unused = unused_initial(initial, view.registers);
  std::erase_if(view.registers,
                [&filter](const RegisterResult& result) { return !filter.takes(result.reg, result.bank); });
  view.verdict = verdict_of(view.registers, !view.sources.empty());
  if (view.registers.empty() && filter.selects_values()) {
    view.verdict = ReplayVerdict::inconclusive;
  }
  warn_of_second_start(chain.logs(), session.diagnostics());
  explain_nothing(view, filter, session.diagnostics());
  find_unanswered(view, filter, session.diagnostics());
  warn_of_unused(unused, view, session.diagnostics());
  hint_at_missing_logs(view, session.diagnostics());
  int status = exit_status_of(view.verdict);
  const bool told = view.registers.empty() && view.verdict == ReplayVerdict::inconclusive;
  if (session.rendering() == Rendering::tpm2_yaml && !shows_any_pcr(view) && !told) {
    session.diagnostics().add(no_pcr(view));
    status = worse_exit_status(status, row_of(ErrorKind::unsupported).exit_status);
  }
  view.diagnostics = session.all_diagnostics(chain);
  render(view, filter, session);
  if (session.diagnostics().has("too-many-registers")) {
    status = worse_exit_status(status, row_of(ErrorKind::unsupported).exit_status);
  }
  return session.finish(chain, status);
}

int replay_logs(Session& session, LogChain& chain, Replay& replay, const Filter& filter,
                const std::map<RegisterKey, Digest>& initial, std::vector<RegisterValues> sources) {
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
  return conclude_replay(session, chain, replay.finish(), filter, initial, std::move(sources));
}

StateOptions state_options(const ReplayInputs& inputs) {
  StateOptions options = state_options(inputs.names.front());
  options["--initial"] = text_of(inputs.replay.initial);
  std::string banks;
  for (const HashAlgorithm bank : inputs.chain.compute_banks) {
    banks += (banks.empty() ? "" : ",") + to_string(bank);
  }
  options["--bank"] = banks;
  options["compares"] = inputs.sources.empty() ? "no" : "yes";
  return options;
}

bool holds(std::vector<RegisterResult> results, const Filter& filter, bool compares) {
  std::erase_if(results, [&filter](const RegisterResult& result) { return !filter.takes(result.reg, result.bank); });
  return exit_status_of(verdict_of(results, compares)) == kExitSuccess;
}

// The state behind the records that the values vouch for: reads again up to there where the log goes on.
Result<LogState> state_of(const ReplayInputs& inputs, Host& host, const std::optional<LogState>& from,
                          const ReplayPass& read, std::uint64_t records) {
  Result<LogState> state = read.state_at(records);
  constexpr int kReadings = 3;
  for (int reading = 0; !state && records != 0 && reading < kReadings; ++reading) {
    DiagnosticSink sink;
    const ReplayPass again(inputs, host, sink, from, records);
    if (again.start_error()) {
      return std::unexpected(*again.start_error());
    }
    records = again.vouched_records({});
    state = again.state_at(records);
  }
  return state;
}

int replay_with_state(Session& session, const StateFiles& files, const ReplayInputs& inputs, const Filter& filter) {
  const StateOptions options = state_options(inputs);
  auto from = files.load("replay", options);
  if (!from) {
    return session.stop(from.error());
  }
  RereadHost host(session.host());
  const DiagnosticSink before = session.diagnostics();
  const auto note = [&](std::string_view code, std::string message) {
    session.diagnostics().add({.severity = Severity::note,
                               .code = std::string(code),
                               .log = 0,
                               .record = {},
                               .offset = {},
                               .message = std::move(message)});
  };
  if (*from) {
    note("resumed", resumed_message(files.path(), **from));
  }
  std::optional<ReplayPass> pass(std::in_place, inputs, host, session.diagnostics(), *from);
  if (pass->start_error()) {
    return session.stop(*pass->start_error());
  }
  // Values that only records before it give are not found: then nothing short of all of the log will do.
  if (*from && !holds(pass->results(), filter, !inputs.sources.empty())) {
    session.diagnostics() = before;
    note("begun-anew", begun_anew_message(**from));
    from->reset();
    pass.emplace(inputs, host, session.diagnostics(), *from);
  }
  if (const auto missing = session.missing_input(pass->chain())) {
    return session.stop(*missing);
  }
  const std::uint64_t vouched = pass->vouched_records(pass->results());
  const int status =
      conclude_replay(session, pass->chain(), pass->results(), filter, inputs.replay.initial, inputs.sources);
  if (status != kExitSuccess || !files.saves()) {
    return status;
  }
  auto state = state_of(inputs, host, *from, *pass, vouched);
  const Status saved =
      state ? files.save(*std::move(state), "replay", options, *from) : Status(std::unexpected(state.error()));
  return saved ? status : session.stop(saved.error());
}

}  // namespace

int replay_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  auto filter = Filter::from(line);
  if (!filter) {
    return session.stop(filter.error());
  }
  auto initial = initial_values(line);
  if (!initial) {
    return session.stop(initial.error());
  }
  const auto files = StateFiles::from(line);
  if (!files) {
    return session.stop(files.error());
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  auto sources = register_sources(line, session.host());
  if (!sources) {
    return session.stop(sources.error());
  }
  for (RegisterValues& source : *sources) {
    std::erase_if(source.values,
                  [&filter](const auto& entry) { return !filter->takes(entry.first.reg, entry.first.bank); });
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  for (const RegisterValues& source : *sources) {
    session.tell_notes(source);
  }
  const ChainOptions options{.bank = filter->only_bank(),
                             .compute_banks = session.computed_banks(*filter),
                             .compute_alternatives = !sources->empty()};
  if (files->any()) {
    return replay_with_state(session, *files,
                             {.names = *std::move(names),
                              .chain = options,
                              .replay = {.initial = *std::move(initial)},
                              .sources = *std::move(sources)},
                             *filter);
  }
  LogChain chain(std::move(*names), session.host(), session.diagnostics(), options);
  Replay replay({.initial = *initial}, session.diagnostics());
  replay.compare_with(*sources);
  return replay_logs(session, chain, replay, *filter, *initial, std::move(*sources));
}

}  // namespace mrtool
