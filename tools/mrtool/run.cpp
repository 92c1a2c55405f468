#include "tools/mrtool/run.hpp"

#include <fmt/format.h>

#include "tools/mrtool/cli/command_line.hpp"
#include "tools/mrtool/cli/help.hpp"
#include "tools/mrtool/render/diagnostics.hpp"

namespace mrtool {
namespace {

int report_usage(const UsageError& error, bool json, Output& err) {
  const int status = row_of(ErrorKind::usage).exit_status;
  if (json) {
    const Error what{.kind = ErrorKind::usage, .message = error.message, .file = {}, .offset = {}, .record = {}};
    append_messages(err.buffer(), {as_diagnostic(what, {})}, {}, {.json = true}, Style(false));
    err.flush();
    return status;
  }
  const std::string command = error.command == nullptr ? std::string() : fmt::format(" {}", error.command->name);
  err.append(fmt::format("mrtool: error: {} (see mrtool{} --help)\n", error.message, command));
  err.flush();
  return status;
}

int dispatch(const CommandLine& line, Environment& environment) {
  if (line.has(OptionId::help)) {
    environment.out.append(line.command == nullptr ? help_text() : help_text(*line.command));
    return kExitSuccess;
  }
  if (line.has(OptionId::version)) {
    environment.out.append("mrtool " MRTOOL_VERSION "\n");
    return kExitSuccess;
  }
  return line.command->run(line, environment);
}

}  // namespace

int run(std::span<const std::string> arguments, Environment& environment) {
  const auto line = parse_command_line(arguments);
  if (!line) {
    return report_usage(line.error(), asks_for_json_messages(arguments), environment.err);
  }
  int status = dispatch(*line, environment);
  environment.out.flush();
  if (const auto& error = environment.out.error()) {
    environment.err.append(fmt::format("mrtool: error: {}\n", to_string(*error)));
    status = worse_exit_status(status, row_of(error->kind).exit_status);
  }
  environment.err.flush();
  return status;
}

}  // namespace mrtool
