#include "tools/mrtool/commands/replay_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

Diagnostic warning(std::string_view code, std::string message) {
  return {.severity = Severity::warning,
          .code = std::string(code),
          .log = {},
          .record = {},
          .offset = {},
          .message = std::move(message)};
}

// The PCR that Linux extends by default.
const Register kImaPcr{.kind = RegisterKind::pcr, .index = 10, .name = {}, .provider = {}, .carrier = {}};

// The register of a log that neither says it nor was named with it.
const Register kUnnamed{.kind = RegisterKind::virtual_mr, .index = 0, .name = "unnamed", .provider = {}, .carrier = {}};

void leave_open(ReplayView& view) {
  if (view.verdict == ReplayVerdict::equal) {
    view.verdict = ReplayVerdict::inconclusive;
  }
}

// Values that a log leads to without proving them. What a bank lacks is told by the replay.
void tell_unproven(const ReplayView& view, DiagnosticSink& diagnostics) {
  for (const RegisterResult& result : view.registers) {
    if (!result.against.empty() &&
        (result.log_verdict == LogVerdict::gap || result.log_verdict == LogVerdict::tail_only)) {
      diagnostics.add(warning("not-proven",
                              fmt::format("the log proves the value of {}:{} in part only ({})", to_string(result.bank),
                                          to_string(result.reg), to_string(*result.log_verdict))));
    }
  }
}

}  // namespace

void warn_of_second_start(std::span<const LogSummary> logs, DiagnosticSink& diagnostics) {
  std::vector<Platform> seen;
  for (const LogSummary& log : logs) {
    const bool firmware = log.info.format == "tcg" || log.info.format == "tcg2" || log.info.format == "ccel";
    if (!firmware || log.continues_another || log.info.grows_at_runtime) {
      continue;
    }
    if (std::ranges::find(seen, log.info.platform) != seen.end()) {
      Diagnostic second = warning("second-firmware-log",
                                  "a firmware log before it has extended the same registers: these values are of no "
                                  "boot");
      second.log = static_cast<std::size_t>(&log - logs.data());
      diagnostics.add(std::move(second));
    }
    seen.push_back(log.info.platform);
  }
}

void find_unanswered(ReplayView& view, const Filter& filter, DiagnosticSink& diagnostics) {
  const auto unanswered = [&](std::string message) {
    leave_open(view);
    diagnostics.add(warning("not-answered", std::move(message)));
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

void explain_nothing(const ReplayView& view, const Filter& filter, DiagnosticSink& diagnostics) {
  if (view.verdict != ReplayVerdict::inconclusive) {
    return;
  }
  const auto compared = [](const RegisterResult& result) { return !result.against.empty(); };
  if (std::ranges::any_of(view.registers, [&compared](const RegisterResult& result) {
        return compared(result) && result.records > 0;
      })) {
    tell_unproven(view, diagnostics);
    return;
  }
  const bool any_value = std::ranges::any_of(view.registers, compared);
  std::string message = "the values are of registers that no record extends: nothing was compared";
  if (std::ranges::find(view.registers, kUnnamed, &RegisterResult::reg) != view.registers.end()) {
    message += "; a log that doesn't say its register is named with it, as in rtmr3=PATH";
  }
  if (view.sources.empty()) {
    message = fmt::format("no record extends what {}", filter.value_options());
  } else if (!any_value && filter.selects_values()) {
    message = fmt::format("the sources hold no value of what {}", filter.value_options());
  } else if (!any_value) {
    message = "the sources hold no values";
  }
  diagnostics.add(warning("nothing-compared", std::move(message)));
}

std::vector<RegisterKey> unused_initial(const std::map<RegisterKey, Digest>& initial,
                                        const std::vector<RegisterResult>& registers) {
  std::vector<RegisterKey> unused;
  for (const auto& entry : initial) {
    const RegisterKey& key = entry.first;
    // A register inside another one may be named with its carrier or without it.
    const auto started_there = [&key](const RegisterResult& result) {
      Register reg = result.reg;
      reg.carrier = key.reg.carrier.empty() ? std::string() : result.carried_by;
      return reg == key.reg && result.bank == key.bank && result.initial_reason == kInitialIsGiven;
    };
    if (std::ranges::none_of(registers, started_there)) {
      unused.push_back(key);
    }
  }
  return unused;
}

void warn_of_unused(const std::vector<RegisterKey>& unused, ReplayView& view, DiagnosticSink& diagnostics) {
  for (const RegisterKey& key : unused) {
    leave_open(view);
    diagnostics.add(warning("initial-unused", fmt::format("--initial gives {}:{} a start, but no log extends it there",
                                                          to_string(key.bank), to_string(key.reg))));
  }
}

void hint_at_missing_logs(const ReplayView& view, DiagnosticSink& diagnostics) {
  if (view.verdict != ReplayVerdict::differs) {
    return;
  }
  std::vector<Register> without_log;
  for (const RegisterResult& result : view.registers) {
    for (const Comparison& comparison : result.against) {
      if (comparison.state == MatchState::differs ||
          (comparison.state == MatchState::log_ahead && !result.log_may_run_ahead)) {
        return;
      }
      if (comparison.state != MatchState::unexplained) {
        continue;
      }
      if (!result.complete || result.records != 0) {
        return;
      }
      if (std::ranges::find(without_log, result.reg) == without_log.end()) {
        without_log.push_back(result.reg);
      }
    }
  }
  if (without_log.empty()) {
    return;
  }
  std::vector<std::string> names;
  std::ranges::transform(without_log, std::back_inserter(names), [](const Register& reg) { return to_string(reg); });
  const bool ima = without_log.size() == 1 && without_log.front() == kImaPcr;
  diagnostics.add(warning(
      "log-not-given",
      ima ? std::string("all that differs is pcr10, which Linux IMA extends and no log given is about: add its list "
                        "(/sys/kernel/security/ima/binary_runtime_measurements), or select other registers with "
                        "--register")
          : fmt::format("all that differs is of registers that no log given is about ({}): add the logs that extend "
                        "them, or select other registers with --register",
                        fmt::join(names, ", "))));
}

}  // namespace mrtool
