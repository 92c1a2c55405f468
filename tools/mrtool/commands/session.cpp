#include "tools/mrtool/commands/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mrtool {
namespace {

constexpr std::string_view kLive = "live";

}  // namespace

Result<std::vector<LogName>> named_logs(std::span<const std::string> names, Host& host) {
  std::vector<LogName> logs;
  for (const std::string& text : names) {
    MRTOOL_TRY(name, parse_log_name(text));
    logs.push_back(std::move(name));
  }
  if (std::ranges::count(logs, kStandardInput, &LogName::path) > 1) {
    return fail(ErrorKind::usage, "- is named as a log more than once, but standard input can be read once only");
  }
  std::vector<LogName> expanded = expand_live(logs, host);
  if (expanded.empty()) {
    return std::unexpected(Error{.kind = ErrorKind::io,
                                 .message = "this machine shows no logs; mount securityfs, become root, or name a file",
                                 .file = std::string(kLive),
                                 .offset = {},
                                 .record = {}});
  }
  return expanded;
}

void keep_notes(const RegisterValues& source, DiagnosticSink& diagnostics) {
  for (const std::string& note : source.notes) {
    diagnostics.add({.severity = Severity::warning,
                     .code = "source",
                     .log = {},
                     .record = {},
                     .offset = {},
                     .message = fmt::format("{}: {}", source.source, note)});
  }
}

std::vector<Diagnostic> with_errors(std::vector<Diagnostic> diagnostics, std::span<const Error> errors,
                                    std::span<const LogSummary> logs) {
  for (const Error& error : errors) {
    diagnostics.push_back(as_diagnostic(error, logs));
  }
  return diagnostics;
}

int with_errors(int status, std::span<const Error> errors) {
  for (const Error& error : errors) {
    status = worse_exit_status(status, row_of(error.kind).exit_status);
  }
  return status;
}

Session::Session(const CommandLine& line, Environment& environment)
    : line_(line), environment_(environment), host_(environment.make_host(std::string(line.value(OptionId::root)))) {}

Session::~Session() = default;

Status Session::open_output() {
  const std::string path(line_.value(OptionId::output));
  if (!line_.has(OptionId::output) || path == kStandardInput) {
    return {};
  }
  MRTOOL_TRY(file, FileOutput::create(path));
  file_ = std::move(file);
  return {};
}

Result<std::vector<LogName>> Session::logs() {
  if (!line_.arguments.empty()) {
    return named_logs(line_.arguments, *host_);
  }
  input_is_implied_ = !environment_.input_is_terminal;
  return named_logs(std::vector{std::string(input_is_implied_ ? kStandardInput : kLive)}, *host_);
}

std::vector<HashAlgorithm> Session::computed_banks(const Filter& filter) const {
  return line_.has(OptionId::bank) ? filter.named_banks() : std::vector<HashAlgorithm>{};
}

Rendering Session::rendering() const {
  struct Choice {
    OptionId option;
    Rendering rendering;
  };
  constexpr auto kChoices = std::to_array<Choice>({{OptionId::json, Rendering::json},
                                                   {OptionId::ndjson, Rendering::ndjson},
                                                   {OptionId::yaml, Rendering::yaml},
                                                   {OptionId::tpm2_yaml, Rendering::tpm2_yaml}});
  const auto* const chosen = std::ranges::find_if(kChoices, [this](Choice choice) { return line_.has(choice.option); });
  return chosen == kChoices.end() ? Rendering::text : chosen->rendering;
}

bool Session::colored(bool terminal) const {
  const std::string_view when = line_.value(OptionId::color);
  return when == "always" || (when != "never" && terminal && !environment_.no_color);
}

Style Session::output_style() const {
  return Style(colored(!file_ && environment_.output_is_terminal));
}

std::vector<Diagnostic> Session::all_diagnostics(const LogChain& chain) const {
  return with_errors(diagnostics_.all(), chain.errors(), chain.logs());
}

std::optional<Error> Session::missing_input(std::span<const LogSummary> logs, std::span<const Error> errors) const {
  if (!input_is_implied_ || logs.size() != 1 || logs.front().bytes != 0 || errors.empty()) {
    return std::nullopt;
  }
  return Error{.kind = ErrorKind::usage,
               .message = fmt::format("no log is named and standard input is empty; try 'mrtool {} live' or a file",
                                      line_.command->name),
               .file = {},
               .offset = {},
               .record = {}};
}

void Session::tell(const Diagnostic& diagnostic, const LogChain& chain) {
  append_messages(environment_.err.buffer(), {diagnostic}, chain.logs(), messages(),
                  Style(colored(environment_.error_is_terminal)));
  environment_.err.settle();
}

void Session::tell_now(Severity severity, std::string message) {
  MessageOptions options = messages();
  options.notes = options.warnings;
  append_messages(
      environment_.err.buffer(),
      {{.severity = severity, .code = {}, .log = {}, .record = {}, .offset = {}, .message = std::move(message)}}, {},
      options, Style(colored(environment_.error_is_terminal)));
  environment_.err.flush();
}

int Session::stop(const Error& error) {
  return stop({as_diagnostic(error, {})}, row_of(error.kind).exit_status);
}

int Session::stop(const std::vector<Diagnostic>& told, int status) {
  file_.reset();
  append_messages(environment_.err.buffer(), told, {}, {.json = line_.value(OptionId::diagnostics) == "json"},
                  Style(colored(environment_.error_is_terminal)));
  environment_.err.flush();
  return status;
}

MessageOptions Session::messages() const {
  return {.json = line_.value(OptionId::diagnostics) == "json",
          .warnings = !line_.has(OptionId::quiet),
          .notes = line_.has(OptionId::verbose)};
}

int Session::deliver(int status) {
  if (file_) {
    if (const Status committed = file_->commit(); !committed) {
      return worse_exit_status(status, stop(committed.error()));
    }
  } else {
    environment_.out.flush();
  }
  return status;
}

int Session::finish(int status) {
  status = deliver(status);
  append_messages(environment_.err.buffer(), diagnostics_.all(), {}, messages(),
                  Style(colored(environment_.error_is_terminal)));
  environment_.err.flush();
  return status;
}

int Session::finish(const LogChain& chain, int status) {
  return finish(chain.logs(), chain.errors(), all_diagnostics(chain), status);
}

int Session::finish(std::span<const LogSummary> logs, std::span<const Error> errors,
                    std::vector<Diagnostic> diagnostics, int status) {
  status = with_errors(status, errors);
  const bool recognised = std::ranges::any_of(logs, [](const LogSummary& log) { return !log.info.format.empty(); });
  if (recognised || !file_) {
    status = deliver(status);
  } else {
    file_.reset();
  }
  append_messages(environment_.err.buffer(), diagnostics, logs, messages(),
                  Style(colored(environment_.error_is_terminal)));
  environment_.err.flush();
  return status;
}

}  // namespace mrtool
