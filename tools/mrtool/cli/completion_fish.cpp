#include <fmt/format.h>

#include <iterator>

#include "tools/mrtool/cli/completion.hpp"
#include "tools/mrtool/cli/completion_words.hpp"

namespace mrtool {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "'";
}

void append_option(std::string& out, const OptionSpec& spec, std::string_view condition) {
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "complete -c mrtool -n {} -l {}", quoted(condition), spec.name);
  if (spec.letter != 0) {
    fmt::format_to(to, " -s {}", spec.letter);
  }
  const auto words = value_words(spec);
  switch (spec.value) {
    case ValueKind::none:
      break;
    case ValueKind::file:
      out += " -r -F";
      break;
    case ValueKind::source:
      fmt::format_to(to, " -r -F -a {}", quoted(fmt::format("{}", fmt::join(words, " "))));
      break;
    case ValueKind::directory:
      out += " -x -a '(__fish_complete_directories)'";
      break;
    default:
      fmt::format_to(to, " -x{}",
                     words.empty() ? "" : fmt::format(" -a {}", quoted(fmt::format("{}", fmt::join(words, " ")))));
      break;
  }
  fmt::format_to(to, " -d {}\n", quoted(spec.brief));
}

}  // namespace

std::string fish_completion() {
  std::string out =
      "# fish completion for mrtool, generated from its table of commands and options\n\n"
      "complete -c mrtool -f\n";
  const auto to = std::back_inserter(out);
  for (const OptionSpec* const spec : global_options()) {
    append_option(out, *spec, "true");
  }
  for (const CommandSpec& command : commands()) {
    out += '\n';
    fmt::format_to(to, "complete -c mrtool -n __fish_use_subcommand -a {} -d {}\n", command.name,
                   quoted(command.brief));
    const std::string condition = fmt::format("__fish_seen_subcommand_from {}", command.name);
    for (const OptionSpec* const spec : options_of(command)) {
      if (spec->category != Category::global) {
        append_option(out, *spec, condition);
      }
    }
    if (command.arguments != Arguments::none) {
      fmt::format_to(to, "complete -c mrtool -n {} -F -a {}\n", quoted(condition),
                     quoted(fmt::format("{}", fmt::join(positional_words(command), " "))));
    }
  }
  return out;
}

}  // namespace mrtool
