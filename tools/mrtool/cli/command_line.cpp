#include "tools/mrtool/cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

#include "lib/base/nearest_word.hpp"
#include "lib/base/text.hpp"

namespace mrtool {
namespace {

std::unexpected<UsageError> usage(std::string message, const CommandSpec* command) {
  return std::unexpected(UsageError{.message = std::move(message), .command = command});
}

// Does the option that this argument names take its value from the next argument?
bool takes_next(std::string_view argument) {
  const OptionSpec* spec = nullptr;
  if (argument.starts_with("--")) {
    spec = find_option(argument.substr(2));
  } else if (argument.size() == 2) {
    spec = find_option(argument[1]);
  }
  return spec != nullptr && spec->value != ValueKind::none;
}

// A line cut at its first --, behind which nothing is an option.
struct Words {
  std::vector<std::string> before;  // --name=value as two, so that an empty value stays one
  std::vector<std::string> behind;
};

Words split_words(std::span<const std::string> arguments) {
  Words words;
  const auto end = std::ranges::find(arguments, "--");
  for (const std::string& argument : std::span(arguments.begin(), end)) {
    const std::size_t equals = argument.find('=');
    const bool named = argument.starts_with("--") && equals != std::string::npos;
    const OptionSpec* const spec = named ? find_option(std::string_view(argument).substr(2, equals - 2)) : nullptr;
    if (spec != nullptr && spec->value != ValueKind::none) {
      words.before.push_back(argument.substr(0, equals));
      words.before.push_back(argument.substr(equals + 1));
    } else {
      words.before.push_back(argument);
    }
  }
  if (end != arguments.end()) {
    words.behind.assign(end + 1, arguments.end());
  }
  return words;
}

// Takes the command's name out of the words; nothing when there is none.
std::optional<std::string> take_command_word(Words& words) {
  for (std::size_t i = 0; i < words.before.size(); ++i) {
    std::string word = words.before[i];
    if (!word.starts_with('-') || word.size() < 2) {
      words.before.erase(words.before.begin() + static_cast<std::ptrdiff_t>(i));
      return word;
    }
    i += takes_next(word) ? 1 : 0;
  }
  if (words.behind.empty()) {
    return std::nullopt;
  }
  std::string word = words.behind.front();
  words.behind.erase(words.behind.begin());
  return word;
}

std::string suggestion(std::string_view nearest, std::string_view dashes) {
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}{}?", dashes, nearest);
}

std::string unknown_command(std::string_view word) {
  std::vector<std::string_view> names;
  for (const CommandSpec& command : commands()) {
    names.push_back(command.name);
  }
  return fmt::format("there is no command '{}'{}", escape_for_terminal(word),
                     suggestion(nearest_word(word, names), ""));
}

std::string unknown_option(const std::string& argument, const CommandSpec* command) {
  const std::string_view word = std::string_view(argument).substr(argument.starts_with("--") ? 2 : 1);
  const std::string_view name = word.substr(0, word.find('='));
  if (const OptionSpec* const elsewhere = find_option(name)) {
    return command == nullptr ? fmt::format("--{} goes with a command", elsewhere->name)
                              : fmt::format("{} has no option --{}", command->name, elsewhere->name);
  }
  std::vector<std::string_view> names;
  for (const OptionSpec& spec : options()) {
    if (command == nullptr ? spec.category == Category::global : accepts(*command, spec.id)) {
      names.push_back(spec.name);
    }
  }
  return fmt::format("unknown option {}{}", escape_for_terminal(argument), suggestion(nearest_word(name, names), "--"));
}

void declare_options(CLI::App& app, const CommandSpec* command, CommandLine& line) {
  for (const OptionSpec& spec : options()) {
    if (command == nullptr ? spec.category != Category::global : !accepts(*command, spec.id)) {
      continue;
    }
    const std::string names =
        spec.letter == 0 ? fmt::format("--{}", spec.name) : fmt::format("-{},--{}", spec.letter, spec.name);
    if (spec.value == ValueKind::none) {
      app.add_flag_function(names, [&line, id = spec.id](std::int64_t count) {
        if (count > 0) {
          line.values[id].emplace_back();
        }
      });
    } else {
      const CLI::callback_t keep = [&line, id = spec.id](const CLI::results_t& results) {
        line.values[id] = results;
        return true;
      };
      app.add_option(names, keep)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
}

std::optional<std::string> wrong_choice(const OptionSpec& spec, std::string_view value) {
  if (spec.value == ValueKind::choice && std::ranges::find(spec.choices, value) == spec.choices.end()) {
    return fmt::format("--{} takes {}, not '{}'", spec.name, fmt::join(spec.choices, ", "), escape_for_terminal(value));
  }
  if (spec.value == ValueKind::number) {
    unsigned number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc() || end != value.data() + value.size() || number == 0) {
      return fmt::format("--{} takes a number from 1, not '{}'", spec.name, escape_for_terminal(value));
    }
  }
  return std::nullopt;
}

// An option that would have no effect beside, or without, another one.
std::optional<std::string> without_effect(const CommandLine& line) {
  struct Pair {
    OptionId id;
    OptionId other;
  };
  constexpr auto kNeedsOther =
      std::to_array<Pair>({{OptionId::eventlog_version, OptionId::tpm2_yaml}, {OptionId::unordered, OptionId::batch}});
  for (const Pair& pair : kNeedsOther) {
    if (line.has(pair.id) && !line.has(pair.other)) {
      return fmt::format("--{} goes with --{}", option(pair.id).name, option(pair.other).name);
    }
  }
  constexpr auto kExcludeOther =
      std::to_array<Pair>({{OptionId::details, OptionId::tpm2_yaml},      {OptionId::raw, OptionId::tpm2_yaml},
                           {OptionId::make_policy, OptionId::quote},      {OptionId::make_policy, OptionId::policy},
                           {OptionId::make_policy, OptionId::ima_key},    {OptionId::make_policy, OptionId::require},
                           {OptionId::make_policy, OptionId::initial},    {OptionId::make_policy, OptionId::json},
                           {OptionId::make_policy, OptionId::yaml},       {OptionId::batch, OptionId::make_policy},
                           {OptionId::make_policy, OptionId::save_state}, {OptionId::make_policy, OptionId::from_state},
                           {OptionId::make_policy, OptionId::resume},     {OptionId::file, OptionId::digest},
                           {OptionId::by_event, OptionId::file},          {OptionId::by_event, OptionId::digest},
                           {OptionId::by_event, OptionId::bank},          {OptionId::standard_input, OptionId::event},
                           {OptionId::standard_input, OptionId::data},    {OptionId::standard_input, OptionId::file},
                           {OptionId::standard_input, OptionId::digest}});
  for (const Pair& pair : kExcludeOther) {
    if (line.has(pair.id) && line.has(pair.other)) {
      return fmt::format("--{} and --{} exclude each other", option(pair.id).name, option(pair.other).name);
    }
  }
  return std::nullopt;
}

// An option whose place is elsewhere where there are many logs.
std::optional<std::string> not_of_a_batch(const CommandLine& line) {
  if (!line.has(OptionId::batch)) {
    return std::nullopt;
  }
  for (const OptionId id : {OptionId::text, OptionId::yaml, OptionId::tpm2_yaml}) {
    if (line.has(id)) {
      return fmt::format("--batch writes a JSON object a line, and --{} would have no effect", option(id).name);
    }
  }
  for (const OptionId id : {OptionId::save_state, OptionId::from_state, OptionId::resume}) {
    if (line.has(id)) {
      return fmt::format(
          "a state is of one log, and --batch has many: give each its own in the list, as in {{\"logs\": \"LOG\", "
          "\"{}\": \"FILE\"}}, instead of --{}",
          option(id).name, option(id).name);
    }
  }
  return std::nullopt;
}

// The option that CLI11's message starts with the name of.
std::string missing_value(std::string_view message) {
  const std::string_view name = message.substr(0, message.find(':'));
  const OptionSpec* spec = nullptr;
  if (name.starts_with("--")) {
    spec = find_option(name.substr(2));
  } else if (name.starts_with('-') && name.size() >= 2) {
    spec = find_option(name[1]);
  }
  return spec == nullptr ? std::string(message) : fmt::format("--{} needs a value: {}", spec->name, spec->metavar);
}

}  // namespace

std::string_view CommandLine::value(OptionId id) const {
  const auto found = values.find(id);
  return found == values.end() || found->second.empty() ? std::string_view() : found->second.back();
}

std::span<const std::string> CommandLine::all(OptionId id) const {
  const auto found = values.find(id);
  return found == values.end() ? std::span<const std::string>() : found->second;
}

unsigned CommandLine::threads() const {
  unsigned number = 0;
  const std::string_view text = value(OptionId::threads);
  (void)std::from_chars(text.data(), text.data() + text.size(), number);
  return number != 0 ? number : std::max(1U, std::thread::hardware_concurrency());
}

std::expected<CommandLine, UsageError> parse_command_line(std::span<const std::string> arguments) {
  CommandLine line;
  Words words = split_words(arguments);
  if (const auto name = take_command_word(words)) {
    line.command = find_command(*name);
    if (line.command == nullptr) {
      return usage(unknown_command(*name), nullptr);
    }
  }

  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  declare_options(app, line.command, line);
  std::ranges::reverse(words.before);  // CLI11 takes them from the back
  try {
    app.parse(words.before);
  } catch (const CLI::ParseError& error) {
    return usage(missing_value(error.what()), line.command);
  }
  for (std::string& argument : app.remaining()) {
    if (argument.starts_with('-') && argument.size() > 1) {
      return usage(unknown_option(argument, line.command), line.command);
    }
    line.arguments.push_back(std::move(argument));
  }
  line.arguments.insert(line.arguments.end(), words.behind.begin(), words.behind.end());

  if (line.has(OptionId::help) || line.has(OptionId::version)) {
    return line;
  }
  if (line.command == nullptr) {
    return usage("no command is given", nullptr);
  }
  if (line.command->arguments == Arguments::none && !line.arguments.empty()) {
    return usage(fmt::format("{} takes no argument, but '{}' is given", line.command->name,
                             escape_for_terminal(line.arguments.front())),
                 line.command);
  }
  if (line.command->arguments == Arguments::source && line.arguments.size() > 1) {
    return usage(fmt::format("{} takes one {}, but '{}' is given too", line.command->name,
                             argument_names(*line.command), escape_for_terminal(line.arguments[1])),
                 line.command);
  }
  if (line.has(OptionId::batch) && !line.arguments.empty()) {
    return usage(fmt::format("--batch names the logs in a list, but '{}' is given too",
                             escape_for_terminal(line.arguments.front())),
                 line.command);
  }
  if (auto problem = problem_of(line)) {
    return usage(std::move(*problem), line.command);
  }
  return line;
}

// Choices, no option twice, one rendering, none that has no effect.
std::optional<std::string> problem_of(const CommandLine& line) {
  for (const auto& [id, values] : line.values) {
    const OptionSpec& spec = option(id);
    if (!spec.repeatable && spec.value != ValueKind::none && values.size() > 1) {
      return fmt::format("--{} may be given once only", spec.name);
    }
    for (const std::string& value : values) {
      if (value.empty() && spec.value == ValueKind::file) {
        return fmt::format("--{} names no file: its value is empty", spec.name);
      }
      if (auto problem = wrong_choice(spec, value)) {
        return problem;
      }
    }
  }
  std::string_view rendering;
  for (const OptionId id : {OptionId::text, OptionId::json, OptionId::ndjson, OptionId::yaml, OptionId::tpm2_yaml}) {
    if (line.has(id)) {
      if (!rendering.empty()) {
        return fmt::format("--{} and --{} exclude each other", rendering, option(id).name);
      }
      rendering = option(id).name;
    }
  }
  if (auto problem = not_of_a_batch(line)) {
    return problem;
  }
  return without_effect(line);
}

bool asks_for_json_messages(std::span<const std::string> arguments) {
  const std::vector<std::string> words = split_words(arguments).before;
  const std::string name = fmt::format("--{}", option(OptionId::diagnostics).name);
  return std::ranges::adjacent_find(words, [&name](const std::string& word, const std::string& next) {
           return word == name && next == "json";
         }) != words.end();
}

}  // namespace mrtool
