#include "tools/mrtool/cli/help.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "lib/base/error.hpp"
#include "tools/mrtool/render/wrap.hpp"

namespace mrtool {
namespace {

constexpr std::size_t kWidth = 80;       // columns, whatever the terminal has: help is the same everywhere
constexpr std::size_t kTermColumn = 30;  // where the description of an option starts
constexpr std::size_t kNameColumn = 14;  // where that of a command or argument does

void wrap(std::string& out, std::string_view text, std::size_t at) {
  append_wrapped(out, text, at, {.indent = at, .columns = kWidth - 1});
  out += '\n';
}

void term(std::string& out, std::string_view name, std::string_view text, std::size_t at) {
  if (name.size() + 4 > at) {
    fmt::format_to(std::back_inserter(out), "  {}\n{:{}}", name, "", at);
  } else {
    fmt::format_to(std::back_inserter(out), "  {:{}}", name, at - 2);
  }
  wrap(out, text, at);
}

std::string option_term(const OptionSpec& spec) {
  std::string name =
      spec.letter == 0 ? fmt::format("    --{}", spec.name) : fmt::format("-{}, --{}", spec.letter, spec.name);
  if (!spec.metavar.empty()) {
    fmt::format_to(std::back_inserter(name), " {}", spec.metavar);
  }
  return name;
}

void option_entry(std::string& out, const OptionSpec& spec) {
  term(out, option_term(spec), spec.brief, kTermColumn);
  if (!spec.detail.empty()) {
    fmt::format_to(std::back_inserter(out), "{:{}}", "", kTermColumn);
    wrap(out, spec.detail, kTermColumn);
  }
}

void option_section(std::string& out, Category category, const CommandSpec* command) {
  bool headed = false;
  for (const OptionSpec& spec : options()) {
    if (spec.category != category || (command != nullptr && !accepts(*command, spec.id))) {
      continue;
    }
    if (!headed) {
      fmt::format_to(std::back_inserter(out), "\n{}:\n", to_string(category));
      headed = true;
    }
    option_entry(out, spec);
  }
}

void exit_statuses(std::string& out) {
  out += "\nExit status:\n";
  term(out, "0", "all that was asked for holds", 5);
  for (const ErrorKindRow& row : error_kinds()) {
    term(out, fmt::format("{}", row.exit_status), row.meaning, 5);
  }
}

}  // namespace

std::string help_text() {
  std::string out = "Usage: mrtool [GLOBAL OPTION...] COMMAND [OPTION...] [LOG...]\n\n";
  wrap(out,
       "Shows, checks and replays measurement event logs: the records that explain the value of a TPM PCR, a TDX RTMR "
       "or another hash-chained register.",
       0);
  out += "\nCommands:\n";
  for (const CommandSpec& command : commands()) {
    term(out, command.name, command.brief, kNameColumn);
  }
  option_section(out, Category::global, nullptr);
  exit_statuses(out);
  out += "\nmrtool COMMAND --help says more about a command.\n";
  return out;
}

std::string help_text(const CommandSpec& command) {
  std::string out = fmt::format("Usage: mrtool {} [OPTION...]", command.name);
  if (!command.positional.empty()) {
    fmt::format_to(std::back_inserter(out), " {}", command.positional);
  }
  out += "\n\n";
  wrap(out, fmt::format("mrtool {}: {}.", command.name, command.brief), 0);
  out += '\n';
  wrap(out, command.detail, 0);
  if (!command.positional.empty()) {
    out += "\nArguments:\n";
    term(out, argument_names(command), command.positional_brief, kNameColumn);
  }
  for (const Category category : {Category::measuring, Category::keeping, Category::selection, Category::evidence,
                                  Category::comparison, Category::judgement, Category::growing, Category::conversion,
                                  Category::rendering, Category::many, Category::global}) {
    option_section(out, category, &command);
  }
  exit_statuses(out);
  return out;
}

}  // namespace mrtool
