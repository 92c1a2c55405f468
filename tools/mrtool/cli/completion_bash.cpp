#include <fmt/format.h>

#include <iterator>

#include "tools/mrtool/cli/completion.hpp"
#include "tools/mrtool/cli/completion_words.hpp"

namespace mrtool {
namespace {

std::string names_of(const OptionSpec& spec) {
  return spec.letter == 0 ? fmt::format("--{}", spec.name) : fmt::format("-{}|--{}", spec.letter, spec.name);
}

std::string all_names(const std::vector<const OptionSpec*>& specs) {
  std::string out;
  for (const OptionSpec* const spec : specs) {
    fmt::format_to(std::back_inserter(out), "{}--{}", out.empty() ? "" : " ", spec->name);
  }
  return out;
}

void append_value_cases(std::string& out) {
  for (const OptionSpec& spec : options()) {
    if (spec.value == ValueKind::none) {
      continue;
    }
    const auto to = std::back_inserter(out);
    const auto words = value_words(spec);
    fmt::format_to(to, "    {})\n", names_of(spec));
    if (spec.value == ValueKind::file) {
      out += "      mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n      compopt -o filenames\n";
    } else if (spec.value == ValueKind::source) {
      fmt::format_to(to,
                     "      mapfile -t COMPREPLY < <(compgen -f -- \"$current\"; compgen -W '{}' -- \"$current\")\n"
                     "      compopt -o filenames\n",
                     fmt::join(words, " "));
    } else if (spec.value == ValueKind::directory) {
      out += "      mapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n      compopt -o filenames\n";
    } else if (!words.empty()) {
      fmt::format_to(to, "      mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$current\")\n", fmt::join(words, " "));
    }
    out += "      return\n      ;;\n";
  }
}

std::string value_options() {
  std::string out;
  for (const OptionSpec& spec : options()) {
    if (spec.value != ValueKind::none) {
      fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : "|", names_of(spec));
    }
  }
  return out;
}

std::string command_names() {
  std::string out;
  for (const CommandSpec& command : commands()) {
    fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : " ", command.name);
  }
  return out;
}

}  // namespace

std::string bash_completion() {
  std::string out =
      "# bash completion for mrtool, generated from its table of commands and options\n\n"
      "_mrtool() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
      "  COMPREPLY=()\n"
      "  case $previous in\n";
  append_value_cases(out);
  const auto to = std::back_inserter(out);
  fmt::format_to(to,
                 "  esac\n"
                 "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                 "    case ${{COMP_WORDS[i]}} in\n"
                 "    {}) i=$((i + 1)) ;;\n"
                 "    -*) ;;\n"
                 "    *) command=${{COMP_WORDS[i]}}; break ;;\n"
                 "    esac\n"
                 "  done\n"
                 "  local options logs=''\n"
                 "  case $command in\n"
                 "  '')\n"
                 "    options='{}'\n"
                 "    if [[ $current != -* ]]; then\n"
                 "      mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$current\")\n"
                 "      return\n"
                 "    fi\n"
                 "    ;;\n",
                 value_options(), all_names(global_options()), command_names());
  for (const CommandSpec& command : commands()) {
    fmt::format_to(to, "  {})\n    options='{}'\n", command.name, all_names(options_of(command)));
    if (command.arguments != Arguments::none) {
      fmt::format_to(to, "    logs='{}'\n", fmt::join(positional_words(command), " "));
    }
    out += "    ;;\n";
  }
  out +=
      "  esac\n"
      "  if [[ $current == -* ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
      "  elif [[ -n $logs ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\"; compgen -W \"$logs\" -- \"$current\")\n"
      "    compopt -o filenames\n"
      "  fi\n"
      "}\n\n"
      "complete -F _mrtool mrtool\n";
  return out;
}

}  // namespace mrtool
