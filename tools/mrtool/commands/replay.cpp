// mrtool replay: the register values that logs lead to, compared where values are given.
#include "lib/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/reread_host.hpp"
#include "lib/base/text.hpp"
#include "lib/base/workers.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"
#include "tools/mrtool/batch/runner.hpp"
#include "tools/mrtool/batch/shared_inputs.hpp"
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

// What a replay goes by, and what of it is shown.
struct ReplayRun {
  ReplayInputs inputs;
  Filter filter;
  StateFiles files;
};

Result<ReplayRun> replay_run(const CommandLine& line, std::vector<LogName> names, Host& host,
                             const SharedInputs& shared) {
  MRTOOL_TRY(files, StateFiles::from(line));
  MRTOOL_TRY(filter, Filter::from(line));
  MRTOOL_TRY(initial, initial_values(line));
  MRTOOL_TRY(sources, register_sources(line, host, shared));
  for (RegisterValues& source : sources) {
    std::erase_if(source.values,
                  [&filter](const auto& entry) { return !filter.takes(entry.first.reg, entry.first.bank); });
  }
  const bool compares = !sources.empty();
  return ReplayRun{.inputs = {.names = std::move(names),
                              .chain = {.bank = filter.only_bank(),
                                        .compute_banks = filter.selects_banks() ? filter.named_banks()
                                                                                : std::vector<HashAlgorithm>{},
                                        .compute_alternatives = compares,
                                        .keeps_layout = false},
                              .replay = {.initial = std::move(initial)},
                              .sources = std::move(sources),
                              .check_digests = line.has(OptionId::check_digests),
                              .keeps_state = files.any()},
                   .filter = std::move(filter),
                   .files = std::move(files)};
}

struct ReplayOutcome {
  ReplayView view;
  std::vector<Error> errors;  // of the logs, and of the state that was to be saved
  int status = 0;
};

bool checked_nothing(const DigestCheck::Counts& digests) {
  return digests.matches + digests.differs + digests.computed == 0;
}

ReplayOutcome concluded(const ReplayRun& run, ReplayPass& pass, DiagnosticSink& diagnostics) {
  const Filter& filter = run.filter;
  const LogChain& chain = pass.chain();
  ReplayView view;
  view.logs.assign(chain.logs().begin(), chain.logs().end());
  view.registers = pass.results();
  diagnostics.set_log(std::nullopt);
  view.sources = run.inputs.sources;
  const std::vector<RegisterKey> unused = unused_initial(run.inputs.replay.initial, view.registers);
  std::erase_if(view.registers,
                [&filter](const RegisterResult& result) { return !filter.takes(result.reg, result.bank); });
  view.verdict = verdict_of(view.registers, !view.sources.empty());
  if (view.registers.empty() && filter.selects_values()) {
    view.verdict = ReplayVerdict::inconclusive;
  }
  view.digests = pass.digests();
  if (view.digests && view.digests->differs != 0) {
    view.verdict = ReplayVerdict::differs;
  }
  warn_of_second_start(chain.logs(), diagnostics);
  explain_nothing(view, filter, diagnostics);
  find_unanswered(view, filter, diagnostics);
  warn_of_unused(unused, view, diagnostics);
  hint_at_missing_logs(view, diagnostics);
  const bool holds_so_far = view.verdict == ReplayVerdict::computed || view.verdict == ReplayVerdict::equal;
  if (holds_so_far && (!chain.errors().empty() || (view.digests && checked_nothing(*view.digests)))) {
    view.verdict = ReplayVerdict::inconclusive;
  }
  int status = with_errors(exit_status_of(view.verdict), chain.errors());
  if (diagnostics.has("too-many-registers")) {
    status = worse_exit_status(status, row_of(ErrorKind::unsupported).exit_status);
  }
  return {.view = std::move(view), .errors = chain.errors(), .status = status};
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
  options["--check-digests"] = inputs.check_digests ? "yes" : "";
  return options;
}

bool holds(std::vector<RegisterResult> results, const Filter& filter, bool compares) {
  std::erase_if(results, [&filter](const RegisterResult& result) { return !filter.takes(result.reg, result.bank); });
  return exit_status_of(verdict_of(results, compares)) == kExitSuccess;
}

// The state behind the records that the values vouch for: reads again up to there where the log goes on.
Result<LogState> state_of(const ReplayInputs& inputs, Host& host, const std::optional<LogState>& from,
                          const ReplayPass& read, std::uint64_t records, const Filter& filter) {
  Result<LogState> state = read.state_at(records);
  constexpr int kReadings = 3;
  for (int reading = 0; !state && records != 0 && reading < kReadings; ++reading) {
    DiagnosticSink sink;
    const ReplayPass again(inputs, host, sink, from, records);
    if (again.start_error()) {
      return std::unexpected(*again.start_error());
    }
    // The log's owner may have changed it since.
    if (!holds(again.results(), filter, !inputs.sources.empty()) ||
        (again.digests() && again.digests()->differs != 0)) {
      return fail(ErrorKind::inconclusive,
                  "the log's front, read again, does not hold any more: no state is kept of it");
    }
    records = again.vouched_records({});
    state = again.state_at(records);
  }
  return state;
}

std::expected<ReplayOutcome, Refusal> replay_with_state(const ReplayRun& run, Host& real, DiagnosticSink& diagnostics) {
  const ReplayInputs& inputs = run.inputs;
  const StateOptions options = state_options(inputs);
  MRTOOL_TRY(from, run.files.load("replay", options));
  RereadHost host(real);
  const DiagnosticSink before = diagnostics;
  const auto note = [&](std::string_view code, std::string message) {
    diagnostics.add({.severity = Severity::note,
                     .code = std::string(code),
                     .log = 0,
                     .record = {},
                     .offset = {},
                     .message = std::move(message)});
  };
  if (from) {
    note("resumed", resumed_message(run.files.path(), *from));
  }
  std::optional<ReplayPass> pass(std::in_place, inputs, host, diagnostics, from);
  if (pass->start_error()) {
    return std::unexpected(from ? start_refusal(*pass->start_error(), *from, pass->chain().logs().front())
                                : Refusal(*pass->start_error()));
  }
  // Values that only records before it give are not found: then nothing short of all of the log will do.
  if (from && !holds(pass->results(), run.filter, !inputs.sources.empty())) {
    diagnostics = before;
    note("begun-anew", begun_anew_message(*from));
    from.reset();
    pass.emplace(inputs, host, diagnostics, from);
  }
  const std::uint64_t vouched = pass->vouched_records(pass->results());
  ReplayOutcome outcome = concluded(run, *pass, diagnostics);
  if (outcome.status == kExitSuccess && run.files.saves()) {
    auto state = state_of(inputs, host, from, *pass, vouched, run.filter);
    const Status saved =
        state ? run.files.save(*std::move(state), "replay", options, from) : Status(std::unexpected(state.error()));
    if (!saved) {
      outcome.errors.push_back(saved.error());
      outcome.status = row_of(saved.error().kind).exit_status;
    }
  } else if (run.files.saves()) {
    note("state-not-saved", run.files.not_saved_message(to_string(outcome.view.verdict), outcome.errors.empty()));
  }
  return outcome;
}

bool can_read_again(const std::vector<LogName>& names, Host& host) {
  return std::ranges::all_of(
      names, [&host](const LogName& name) { return name.path != "-" && host.kind(name.path) == FileKind::regular; });
}

// IMA lists were extended by different rules, and folding by each of them doubles the cost. Nearly all go by the usual
// one: the others are tried, in another reading, where it does not give the values.
ReplayOutcome replay_whole(const ReplayRun& run, Host& host, DiagnosticSink& diagnostics) {
  if (run.inputs.chain.compute_alternatives && can_read_again(run.inputs.names, host)) {
    ReplayInputs by_one_rule = run.inputs;
    by_one_rule.chain.compute_alternatives = false;
    by_one_rule.replay.one_digest_rule = true;
    const DiagnosticSink before = diagnostics;
    ReplayPass pass(by_one_rule, host, diagnostics, std::nullopt);
    ReplayOutcome outcome = concluded(run, pass, diagnostics);
    const bool has_choice =
        std::ranges::any_of(pass.results(), [](const auto& result) { return result.digest_rule != DigestRule::only; });
    if (!has_choice || outcome.view.verdict == ReplayVerdict::equal) {
      return outcome;
    }
    diagnostics = before;
  }
  ReplayPass pass(run.inputs, host, diagnostics, std::nullopt);
  return concluded(run, pass, diagnostics);
}

// `threads`: of this one replay.
std::expected<ReplayOutcome, Refusal> replay(ReplayRun run, unsigned threads, Host& host, DiagnosticSink& diagnostics) {
  for (const RegisterValues& source : run.inputs.sources) {
    keep_notes(source, diagnostics);
  }
  Workers workers(threads);
  run.inputs.chain.workers = &workers;
  run.inputs.replay.workers = &workers;
  ReplayOutcome outcome;
  if (run.inputs.keeps_state) {
    MRTOOL_TRY(with_state, replay_with_state(run, host, diagnostics));
    outcome = std::move(with_state);
  } else {
    outcome = replay_whole(run, host, diagnostics);
  }
  outcome.view.diagnostics = with_errors(diagnostics.all(), outcome.errors, outcome.view.logs);
  return outcome;
}

int show(const ReplayOutcome& outcome, const Filter& filter, Session& session) {
  const ReplayView& view = outcome.view;
  if (const auto missing = session.missing_input(view.logs, outcome.errors)) {
    return session.stop(*missing);
  }
  int status = outcome.status;
  const bool told = view.registers.empty() && view.verdict == ReplayVerdict::inconclusive;
  if (session.rendering() == Rendering::tpm2_yaml && !shows_any_pcr(view) && !told) {
    session.diagnostics().add(no_pcr(view));
    status = worse_exit_status(status, row_of(ErrorKind::unsupported).exit_status);
  }
  render(view, filter, session);
  return session.finish(view.logs, outcome.errors, with_errors(session.diagnostics().all(), outcome.errors, view.logs),
                        status);
}

class ReplayAppraiser final : public Appraiser {
 public:
  explicit ReplayAppraiser(SharedInputs shared) : shared_(std::move(shared)) {}

  MemberResult appraise(const BatchMember& member, Host& host) const override {
    DiagnosticSink diagnostics;
    auto replayed = replayed_member(member, host, diagnostics);
    ReplayOutcome outcome;
    if (replayed) {
      outcome = *std::move(replayed);
    } else {
      outcome.errors.push_back(replayed.error().error);
      outcome.view.verdict = ReplayVerdict::inconclusive;
      outcome.view.diagnostics = told(replayed.error());
      outcome.status = row_of(replayed.error().error.kind).exit_status;
    }
    outcome.view.member = mark_of(member, outcome.status);
    MemberResult result{.status = outcome.status,
                        .verdict = to_string(outcome.view.verdict),
                        .document = {},
                        .message = why(member, outcome.errors, to_string(outcome.view.verdict))};
    describe_replay(outcome.view, *make_json_writer(result.document, true));
    return result;
  }

 private:
  std::expected<ReplayOutcome, Refusal> replayed_member(const BatchMember& member, Host& host,
                                                        DiagnosticSink& diagnostics) const {
    MRTOOL_TRY(line, member.line);
    MRTOOL_TRY(names, logs_of_member(line, host));
    MRTOOL_TRY(run, replay_run(line, std::move(names), host, shared_));
    return replay(std::move(run), 1, host, diagnostics);
  }

  SharedInputs shared_;
};

int replay_batch(const CommandLine& line, Environment& environment, Session& session) {
  auto shared = SharedInputs::load(line, session.host());
  if (!shared) {
    return session.stop(shared.error());
  }
  // What every member would be told is told once.
  if (const auto run = replay_run(line, {}, session.host(), *shared); !run) {
    return session.stop(run.error());
  }
  return run_batch(line, environment, session, ReplayAppraiser(*std::move(shared)));
}

}  // namespace

int replay_command(const CommandLine& line, Environment& environment) {
  Session session(line, environment);
  if (line.has(OptionId::batch)) {
    return replay_batch(line, environment, session);
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  auto run = replay_run(line, *std::move(names), session.host(), {});
  if (!run) {
    return session.stop(run.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  const Filter filter = run->filter;
  const auto outcome = replay(*std::move(run), line.threads(), session.host(), session.diagnostics());
  return outcome ? show(*outcome, filter, session)
                 : session.stop(told(outcome.error()), row_of(outcome.error().error.kind).exit_status);
}

}  // namespace mrtool
