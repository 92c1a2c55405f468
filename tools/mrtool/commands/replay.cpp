// mrtool replay: the register values that logs lead to, compared where values are given.
#include "lib/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/registers/names.hpp"
#include "lib/sources/sources.hpp"
#include "tools/mrtool/cli/filter.hpp"
#include "tools/mrtool/commands/commands.hpp"
#include "tools/mrtool/commands/replay_view.hpp"
#include "tools/mrtool/commands/session.hpp"
#include "tools/mrtool/render/tpm2_yaml.hpp"

namespace mrtool {
namespace {

// BANK:REG=HEX.
Status add_initial(const std::string& text, ReplayOptions& options) {
  const auto refuse = [&text](std::string_view why) {
    return fail(ErrorKind::usage,
                fmt::format("--initial takes BANK:REG=HEX, not '{}': {}", escape_for_terminal(text), why));
  };
  const std::size_t colon = text.find(':');
  const std::size_t equals = text.rfind('=');
  if (colon == std::string::npos || equals == std::string::npos || equals < colon) {
    return refuse("it has no bank, register and value");
  }
  const std::string_view all = text;
  const auto bank = parse_algorithm(all.substr(0, colon));
  const auto reg = parse_register(all.substr(colon + 1, equals - colon - 1), true);
  const auto value = from_hex(all.substr(equals + 1));
  const HashAlgorithmRow* const row = bank ? find_algorithm(*bank) : nullptr;
  if (row == nullptr) {
    return refuse("no such bank is known");
  }
  if (!reg) {
    return refuse("no such register is known");
  }
  if (!value || value->size() != row->size) {
    return refuse(fmt::format("the value must have {} hexadecimal digits", 2 * row->size));
  }
  options.initial[RegisterKey{.reg = *reg, .bank = *bank}] = Digest(*value);
  return {};
}

Result<ReplayOptions> replay_options(const CommandLine& line) {
  ReplayOptions options;
  for (const std::string& text : line.all(OptionId::initial)) {
    if (const Status added = add_initial(text, options); !added) {
      return std::unexpected(added.error());
    }
  }
  return options;
}

// The values of every --against that the filter takes.
Result<std::vector<RegisterValues>> load_sources(const CommandLine& line, Host& host, const Filter& filter) {
  std::vector<RegisterValues> sources;
  for (const std::string& spec : line.all(OptionId::against)) {
    MRTOOL_TRY(source, load_register_values(spec, host, {.tcti = std::string(line.value(OptionId::tcti))}));
    std::erase_if(source.values,
                  [&filter](const auto& entry) { return !filter.takes(entry.first.reg, entry.first.bank); });
    sources.push_back(std::move(source));
  }
  return sources;
}

int exit_status_of(ReplayVerdict verdict) {
  switch (verdict) {
    case ReplayVerdict::computed:
    case ReplayVerdict::equal:
      return kExitSuccess;
    case ReplayVerdict::differs:
      return row_of(ErrorKind::check_failed).exit_status;
    case ReplayVerdict::inconclusive:
      return row_of(ErrorKind::inconclusive).exit_status;
  }
  return row_of(ErrorKind::inconclusive).exit_status;
}

// Firmware starts its registers anew, so that a second log of firmware cannot continue the first.
void warn_of_second_start(const LogChain& chain, DiagnosticSink& diagnostics) {
  std::vector<Platform> seen;
  for (const LogSummary& log : chain.logs()) {
    const bool firmware = log.info.format == "tcg" || log.info.format == "tcg2" || log.info.format == "ccel";
    if (!firmware || log.continues_another) {
      continue;
    }
    if (std::ranges::find(seen, log.info.platform) != seen.end()) {
      diagnostics.add({.severity = Severity::warning,
                       .code = "second-firmware-log",
                       .log = static_cast<std::size_t>(&log - chain.logs().data()),
                       .record = {},
                       .offset = {},
                       .message = "a firmware log before it has extended the same registers: these values are of no "
                                  "boot"});
    }
    seen.push_back(log.info.platform);
  }
}

// A value that was given or a register that was named, and that nothing was compared with: what is equal says nothing
// about it.
void find_unanswered(ReplayView& view, const Filter& filter, DiagnosticSink& diagnostics) {
  const auto unanswered = [&](std::string message) {
    if (view.verdict == ReplayVerdict::equal) {
      view.verdict = ReplayVerdict::inconclusive;
    }
    diagnostics.add({.severity = Severity::warning,
                     .code = "not-answered",
                     .log = {},
                     .record = {},
                     .offset = {},
                     .message = std::move(message)});
  };
  const auto compared_with = [&view](std::size_t source, const RegisterKey* key) {
    return std::ranges::any_of(view.registers, [&](const RegisterResult& result) {
      return (key == nullptr || (result.reg == key->reg && result.bank == key->bank)) &&
             std::ranges::find(result.against, source, &Comparison::source) != result.against.end();
    });
  };
  for (std::size_t i = 0; i < view.sources.size(); ++i) {
    const RegisterValues& source = view.sources[i];
    if (source.kind != "direct") {
      if (!compared_with(i, nullptr)) {
        unanswered(fmt::format("no value of {} was compared", source.source));
      }
      continue;
    }
    for (const auto& [key, value] : source.values) {
      if (!compared_with(i, &key)) {
        unanswered(fmt::format("the value given for {}:{} was not compared", to_string(key.bank), to_string(key.reg)));
      }
    }
  }
  if (view.sources.empty()) {
    return;
  }
  const std::vector<HashAlgorithm> banks = filter.named_banks();
  for (const HashAlgorithm bank : banks) {
    if (std::ranges::find(view.registers, bank, &RegisterResult::bank) == view.registers.end()) {
      unanswered(fmt::format("bank {} is selected, but no log extends a selected register in it", to_string(bank)));
    }
  }
  if (!filter.names_registers()) {
    return;
  }
  // A register that is named without a bank is answered for by one of them.
  const auto answered = [&](const RegisterResult& result) {
    return !result.against.empty() || (std::ranges::find(banks, result.bank) == banks.end() &&
                                       std::ranges::any_of(view.registers, [&result](const RegisterResult& other) {
                                         return other.reg == result.reg && !other.against.empty();
                                       }));
  };
  for (const RegisterResult& result : view.registers) {
    if (!answered(result)) {
      unanswered(fmt::format("{}:{} is selected, but no value was given for it", to_string(result.bank),
                             to_string(result.reg)));
    }
  }
}

// Says why a run that was to find something found nothing: never a silent success.
void explain_nothing(const ReplayView& view, const Filter& filter, DiagnosticSink& diagnostics) {
  if (view.verdict != ReplayVerdict::inconclusive) {
    return;
  }
  const bool any_value =
      std::ranges::any_of(view.registers, [](const RegisterResult& result) { return !result.against.empty(); });
  std::string message = "no value could be compared with a replayed one";
  if (view.sources.empty()) {
    message = "no record extends a register and bank that --register and --bank select";
  } else if (!any_value && filter.selects_values()) {
    message = "the sources hold no value of a register and bank that --register and --bank select";
  } else if (!any_value) {
    message = "the sources hold no values";
  }
  diagnostics.add({.severity = Severity::warning,
                   .code = "nothing-compared",
                   .log = {},
                   .record = {},
                   .offset = {},
                   .message = std::move(message)});
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

int replay_logs(Session& session, LogChain& chain, Replay& replay, const Filter& filter,
                std::vector<RegisterValues> sources) {
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

  ReplayView view;
  view.logs = chain.logs();
  view.registers = replay.finish();
  view.sources = std::move(sources);
  std::erase_if(view.registers,
                [&filter](const RegisterResult& result) { return !filter.takes(result.reg, result.bank); });
  view.verdict = verdict_of(view.registers, !view.sources.empty());
  if (view.registers.empty() && filter.selects_values()) {
    view.verdict = ReplayVerdict::inconclusive;
  }
  warn_of_second_start(chain, session.diagnostics());
  explain_nothing(view, filter, session.diagnostics());
  find_unanswered(view, filter, session.diagnostics());
  view.diagnostics = session.all_diagnostics(chain);
  render(view, filter, session);
  int status = exit_status_of(view.verdict);
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
  auto options = replay_options(line);
  if (!options) {
    return session.stop(options.error());
  }
  auto names = session.logs();
  if (!names) {
    return session.stop(names.error());
  }
  auto sources = load_sources(line, session.host(), *filter);
  if (!sources) {
    return session.stop(sources.error());
  }
  if (const Status opened = session.open_output(); !opened) {
    return session.stop(opened.error());
  }
  for (const RegisterValues& source : *sources) {
    session.tell_notes(source);
  }
  LogChain chain(std::move(*names), session.host(), session.diagnostics(), {.compute_alternatives = !sources->empty()});
  Replay replay(std::move(*options), session.diagnostics());
  replay.compare_with(*sources);
  return replay_logs(session, chain, replay, *filter, std::move(*sources));
}

}  // namespace mrtool
