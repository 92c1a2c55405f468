// mrtool replay: the register values that logs lead to, compared where values are given.
#include "lib/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/base/workers.hpp"
#include "lib/content/digest_check.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"
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

// `digests`: where those of the logs are to be checked.
int replay_logs(Session& session, LogChain& chain, Replay& replay, std::optional<DigestCheck> digests,
                const Filter& filter, const std::map<RegisterKey, Digest>& initial,
                std::vector<RegisterValues> sources) {
  LogChain::Step step;
  while (chain.next(step)) {
    if (step.first_of_log) {
      replay.begin_log(*step.info);
    }
    if (digests) {
      digests->add(step.batch->records, *step.info, [&session](const Record& record, const Judgement& judgement) {
        report_digest(record, judgement, session.diagnostics());
      });
    }
    replay.take(*step.batch);
  }
  if (const auto missing = session.missing_input(chain)) {
    return session.stop(*missing);
  }

  ReplayView view;
  view.logs = chain.logs();
  view.registers = replay.finish();
  session.diagnostics().set_log(std::nullopt);
  view.sources = std::move(sources);
  const std::vector<RegisterKey> unused = unused_initial(initial, view.registers);
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
  Workers workers(line.threads());
  LogChain chain(std::move(*names), session.host(), session.diagnostics(),
                 {.bank = filter->only_bank(),
                  .compute_banks = session.computed_banks(*filter),
                  .compute_alternatives = !sources->empty(),
                  .workers = &workers});
  Replay replay({.initial = *initial, .workers = &workers}, session.diagnostics());
  replay.compare_with(*sources);
  std::optional<DigestCheck> digests;
  if (line.has(OptionId::check_digests)) {
    digests.emplace(&workers);
  }
  return replay_logs(session, chain, replay, std::move(digests), *filter, *initial, std::move(*sources));
}

}  // namespace mrtool
