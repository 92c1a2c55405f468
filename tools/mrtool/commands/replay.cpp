// mrtool replay: the register values that logs lead to, compared where values are given.
#include "lib/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/base/workers.hpp"
#include "lib/content/digest_check.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"
#include "tools/mrtool/batch/runner.hpp"
#include "tools/mrtool/batch/shared_inputs.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/register_values.hpp"
#include "tools/mrtool/commands/replay_findings.hpp"
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

// Says where a digest is not that of its content.
void report_digest(const Record& record, const Judgement& judgement, DiagnosticSink& diagnostics) {
  for (std::size_t i = 0; i < judgement.digests.size(); ++i) {
    if (judgement.digests[i].check == Check::differs) {
      diagnostics.add({.severity = Severity::error,
                       .code = "digest-differs",
                       .log = {},
                       .record = record.number,
                       .offset = record.offset,
                       .message = digest_differs(record, record.digests[i].algorithm)});
      return;
    }
  }
}

// What a replay goes by.
struct ReplayInputs {
  std::vector<LogName> names;
  Filter filter;
  std::map<RegisterKey, Digest> initial;
  std::vector<RegisterValues> sources;
  bool check_digests = false;
  unsigned threads = 1;
};

Result<ReplayInputs> replay_inputs(const CommandLine& line, std::vector<LogName> names, Host& host,
                                   const SharedInputs& shared) {
  MRTOOL_TRY(filter, Filter::from(line));
  MRTOOL_TRY(initial, initial_values(line));
  MRTOOL_TRY(sources, register_sources(line, host, shared));
  for (RegisterValues& source : sources) {
    std::erase_if(source.values,
                  [&filter](const auto& entry) { return !filter.takes(entry.first.reg, entry.first.bank); });
  }
  return ReplayInputs{.names = std::move(names),
                      .filter = std::move(filter),
                      .initial = std::move(initial),
                      .sources = std::move(sources),
                      .check_digests = line.has(OptionId::check_digests),
                      .threads = line.threads()};
}

struct ReplayOutcome {
  ReplayView view;
  std::vector<Error> errors;  // of the logs
  int status = 0;
};

// `digests`: where those of the logs are to be checked.
ReplayOutcome replay_logs(LogChain& chain, Replay& replay, std::optional<DigestCheck> digests, ReplayInputs inputs,
                          DiagnosticSink& diagnostics) {
  LogChain::Step step;
  while (chain.next(step)) {
    if (step.first_of_log) {
      replay.begin_log(*step.info);
    }
    if (digests) {
      digests->add(step.batch->records, *step.info, [&diagnostics](const Record& record, const Judgement& judgement) {
        report_digest(record, judgement, diagnostics);
      });
    }
    replay.take(*step.batch);
  }

  const Filter& filter = inputs.filter;
  ReplayView view;
  view.logs = chain.logs();
  view.registers = replay.finish();
  diagnostics.set_log(std::nullopt);
  view.sources = std::move(inputs.sources);
  const std::vector<RegisterKey> unused = unused_initial(inputs.initial, view.registers);
  std::erase_if(view.registers,
                [&filter](const RegisterResult& result) { return !filter.takes(result.reg, result.bank); });
  view.verdict = verdict_of(view.registers, !view.sources.empty());
  if (view.registers.empty() && filter.selects_values()) {
    view.verdict = ReplayVerdict::inconclusive;
  }
  if (digests) {
    view.digests = digests->counts();
    if (view.digests->differs != 0) {
      view.verdict = ReplayVerdict::differs;
    }
  }
  warn_of_second_start(chain.logs(), diagnostics);
  explain_nothing(view, filter, diagnostics);
  find_unanswered(view, filter, diagnostics);
  warn_of_unused(unused, view, diagnostics);
  hint_at_missing_logs(view, diagnostics);
  int status = with_errors(exit_status_of(view.verdict), chain.errors());
  if (diagnostics.has("too-many-registers")) {
    status = worse_exit_status(status, row_of(ErrorKind::unsupported).exit_status);
  }
  view.diagnostics = with_errors(diagnostics.all(), chain.errors(), chain.logs());
  return {.view = std::move(view), .errors = chain.errors(), .status = status};
}

ReplayOutcome replay(ReplayInputs inputs, Host& host, DiagnosticSink& diagnostics) {
  for (const RegisterValues& source : inputs.sources) {
    keep_notes(source, diagnostics);
  }
  const Filter& filter = inputs.filter;
  Workers workers(inputs.threads);
  LogChain chain(std::move(inputs.names), host, diagnostics,
                 {.bank = filter.only_bank(),
                  .compute_banks = filter.selects_banks() ? filter.named_banks() : std::vector<HashAlgorithm>{},
                  .compute_alternatives = !inputs.sources.empty(),
                  .workers = &workers});
  Replay replay({.initial = inputs.initial, .workers = &workers}, diagnostics);
  replay.compare_with(inputs.sources);
  std::optional<DigestCheck> digests;
  if (inputs.check_digests) {
    digests.emplace(&workers);
  }
  return replay_logs(chain, replay, std::move(digests), std::move(inputs), diagnostics);
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
    auto inputs = inputs_of(member, host);
    ReplayOutcome outcome;
    if (inputs) {
      outcome = replay(*std::move(inputs), host, diagnostics);
    } else {
      outcome.errors.push_back(inputs.error());
      outcome.view.verdict = ReplayVerdict::inconclusive;
      outcome.view.diagnostics = with_errors({}, outcome.errors, {});
      outcome.status = row_of(inputs.error().kind).exit_status;
    }
    outcome.view.member = MemberMark{.path = member.path, .status = outcome.status};
    MemberResult result{.status = outcome.status,
                        .verdict = to_string(outcome.view.verdict),
                        .document = {},
                        .message = why(member, outcome.errors, to_string(outcome.view.verdict))};
    describe_replay(outcome.view, *make_json_writer(result.document, true));
    return result;
  }

 private:
  Result<ReplayInputs> inputs_of(const BatchMember& member, Host& host) const {
    MRTOOL_TRY(line, member.line);
    MRTOOL_TRY(names, named_logs(line.arguments, host));
    return replay_inputs(line, std::move(names), host, shared_);
  }

  SharedInputs shared_;
};

int replay_batch(const CommandLine& line, Environment& environment, Session& session) {
  auto shared = SharedInputs::load(line, session.host());
  if (!shared) {
    return session.stop(shared.error());
  }
  // What every member would be told is told once.
  if (const auto inputs = replay_inputs(line, {}, session.host(), *shared); !inputs) {
    return session.stop(inputs.error());
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
  auto inputs = replay_inputs(line, *std::move(names), session.host(), {});
  if (!inputs) {
    return session.stop(inputs.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  const Filter filter = inputs->filter;
  return show(replay(*std::move(inputs), session.host(), session.diagnostics()), filter, session);
}

}  // namespace mrtool
