#include <fmt/format.h>

#include <iterator>

#include "lib/sources/sources.hpp"
#include "tools/mrtool/cli/completion.hpp"
#include "tools/mrtool/cli/completion_words.hpp"

namespace mrtool {
namespace {

// For a description inside a single-quoted _arguments specification.
std::string description(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string action(const OptionSpec& spec) {
  const auto words = value_words(spec);
  if (spec.value == ValueKind::source) {
    return "_mrtool_sources";
  }
  if (spec.value == ValueKind::file) {
    return "_files";
  }
  if (spec.value == ValueKind::directory) {
    return "_directories";
  }
  if (words.empty()) {
    return " ";
  }
  return fmt::format("({})", fmt::join(words, " "));
}

std::string argument(const OptionSpec& spec) {
  std::string tail = fmt::format("[{}]", description(spec.brief));
  const std::string_view equals = spec.value == ValueKind::none ? "" : "=";
  if (spec.value != ValueKind::none) {
    fmt::format_to(std::back_inserter(tail), ":{}:{}", description(spec.metavar), action(spec));
  }
  if (spec.letter == 0) {
    return fmt::format("'{}--{}{}{}'", spec.repeatable ? "*" : "", spec.name, equals, tail);
  }
  const std::string_view plus = spec.value == ValueKind::none ? "" : "+";
  return fmt::format("'(-{0} --{1})'{{-{0}{2},--{1}{3}}}'{4}'", spec.letter, spec.name, plus, equals, tail);
}

std::string positional(const CommandSpec& command) {
  switch (command.arguments) {
    case Arguments::none:
      break;
    case Arguments::logs:
      return " \\\n        '*:LOG:_mrtool_logs'";
    case Arguments::source:
      return " \\\n        '1:SRC:_mrtool_sources'";
    case Arguments::register_and_events:
      return fmt::format(" \\\n        '1:REGISTER:({})' \\\n        '*:EVENT: '",
                         fmt::join(positional_words(command), " "));
  }
  return {};
}

}  // namespace

std::string zsh_completion() {
  std::string out =
      "#compdef mrtool\n"
      "# zsh completion for mrtool, generated from its table of commands and options\n\n";
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "_mrtool_logs() {{\n  local -a words=({})\n  _files\n  compadd -S '' -- $words\n}}\n\n",
                 fmt::join(log_words(), " "));
  fmt::format_to(to, "_mrtool_sources() {{\n  local -a words=({})\n  _files\n  compadd -- $words\n}}\n\n",
                 fmt::join(source_words(), " "));
  out += "_mrtool() {\n  local curcontext=$curcontext state line\n  local -a commands=(\n";
  for (const CommandSpec& command : commands()) {
    fmt::format_to(to, "    '{}:{}'\n", command.name, description(command.brief));
  }
  out += "  )\n  _arguments -C \\\n";
  for (const OptionSpec* const spec : global_options()) {
    fmt::format_to(to, "    {} \\\n", argument(*spec));
  }
  out +=
      "    '1:command:->command' \\\n"
      "    '*::argument:->argument'\n"
      "  case $state in\n"
      "  command)\n"
      "    _describe command commands\n"
      "    ;;\n"
      "  argument)\n"
      "    case $line[1] in\n";
  for (const CommandSpec& command : commands()) {
    fmt::format_to(to, "    {})\n      _arguments", command.name);
    for (const OptionSpec* const spec : options_of(command)) {
      fmt::format_to(to, " \\\n        {}", argument(*spec));
    }
    out += positional(command);
    out += "\n      ;;\n";
  }
  out +=
      "    esac\n"
      "    ;;\n"
      "  esac\n"
      "}\n\n"
      "_mrtool \"$@\"\n";
  return out;
}

}  // namespace mrtool
