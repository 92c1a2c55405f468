#include "tools/mrtool/batch/entry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/chain.hpp"
#include "lib/base/json_text.hpp"
#include "lib/base/nearest_word.hpp"
#include "lib/base/text.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kLogs = "logs";
constexpr std::string_view kPath = "path";

// Says what a member is held against and how it is judged. How members are run and shown is the batch's.
bool is_of_members(const CommandSpec& command, const OptionSpec& spec) {
  const bool is_of_batch =
      spec.category == Category::rendering || spec.category == Category::many || spec.category == Category::global;
  return !is_of_batch && spec.id != OptionId::make_policy && accepts(command, spec.id);
}

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorKind::usage, std::move(message));
}

// A string, or a list of them; nothing for any other value, an empty list, or text that the system would cut short.
std::optional<std::vector<std::string>> strings_of(const JsonText& value) {
  std::vector<std::string> strings;
  if (value.is_string()) {
    strings.push_back(value.get<std::string>());
  } else if (value.is_array()) {
    for (const JsonText& item : value) {
      if (!item.is_string()) {
        return std::nullopt;
      }
      strings.push_back(item.get<std::string>());
    }
  }
  const bool cut = std::ranges::any_of(strings, [](const std::string& text) { return text.contains('\0'); });
  return strings.empty() || cut ? std::nullopt : std::optional(std::move(strings));
}

std::string unknown_key(std::string_view key, const CommandSpec& command) {
  const std::string shown = escape_for_terminal(key);
  if (const OptionSpec* const elsewhere = find_option(key)) {
    return accepts(command, elsewhere->id) ? fmt::format("--{} is the batch's, not a member's", elsewhere->name)
                                           : fmt::format("{} has no option --{}", command.name, elsewhere->name);
  }
  std::vector<std::string_view> names = {kLogs, kPath};
  for (const OptionSpec& spec : options()) {
    if (is_of_members(command, spec)) {
      names.push_back(spec.name);
    }
  }
  const std::string_view nearest = nearest_word(key, names);
  return nearest.empty() ? fmt::format("there is no key '{}'", shown)
                         : fmt::format("there is no key '{}'; did you mean '{}'?", shown, nearest);
}

Status take_flag(const OptionSpec& spec, const JsonText& value, CommandLine& line) {
  if (!value.is_boolean()) {
    return refuse(fmt::format("'{}' takes true or false", spec.name));
  }
  if (value.get<bool>()) {
    line.values[spec.id] = {""};
  } else {
    line.values.erase(spec.id);
  }
  return {};
}

Status take_option(std::string_view key, const JsonText& value, CommandLine& line) {
  const OptionSpec* const spec = find_option(key);
  if (spec == nullptr || !is_of_members(*line.command, *spec)) {
    return refuse(unknown_key(key, *line.command));
  }
  if (spec->value == ValueKind::none) {
    return take_flag(*spec, value, line);
  }
  auto strings = strings_of(value);
  if (!strings || (!spec->repeatable && !value.is_string())) {
    return refuse(
        fmt::format("'{}' takes a string{}, without NUL", spec->name, spec->repeatable ? " or a list of strings" : ""));
  }
  std::vector<std::string>& values = line.values[spec->id];
  if (!spec->repeatable) {
    values.clear();
  }
  std::ranges::move(*strings, std::back_inserter(values));
  return {};
}

Status take_logs(const JsonText& object, CommandLine& line) {
  const JsonText* const logs = find_member(object, kLogs);
  if (logs == nullptr) {
    return refuse("expected 'logs', which names the member's logs");
  }
  auto strings = strings_of(*logs);
  if (!strings) {
    return refuse("'logs' takes a string or a list of strings, without NUL and at least one");
  }
  line.arguments = *std::move(strings);
  return {};
}

// The path of the first log that an entry names.
std::optional<std::string> path_of(const CommandLine& line) {
  if (line.arguments.empty()) {
    return std::nullopt;
  }
  const auto name = parse_log_name(line.arguments.front());
  return name ? name->path : line.arguments.front();
}

Status take_object(const JsonText& object, BatchMember& member, CommandLine& line) {
  const JsonText* const path = find_member(object, kPath);
  if (path != nullptr && path->is_string()) {
    member.path = path->get<std::string>();
  }
  const Status taken = take_logs(object, line);
  if (!member.path) {
    member.path = path_of(line);
  }
  if (!taken) {
    return taken;
  }
  if (path != nullptr && !path->is_string()) {
    return refuse("'path' takes a string");
  }
  for (const auto& [key, value] : object.items()) {
    if (key == kLogs || key == kPath) {
      continue;
    }
    if (const Status option_taken = take_option(key, value, line); !option_taken) {
      return option_taken;
    }
  }
  return {};
}

Status take_entry(const ListLine& entry, BatchMember& member, CommandLine& line) {
  if (entry.too_long) {
    return refuse(fmt::format("the entry is longer than {} bytes", ListReader::kLineBytes));
  }
  if (entry.text[entry.text.find_first_not_of(" \t")] == '{') {
    auto object = parse_json_text(as_bytes(entry.text));
    if (!object) {
      return refuse(fmt::format("this is no JSON object: {}", object.error().message));
    }
    if (const Status taken = take_object(*object, member, line); !taken) {
      return taken;
    }
  } else {
    line.arguments = {entry.text};
    member.path = path_of(line);
    if (entry.text.contains('\0')) {
      return refuse("the name of a log holds a NUL byte");
    }
  }
  for (const std::string& log : line.arguments) {
    const auto name = parse_log_name(log);
    if (name && name->path == "-") {
      return refuse("a member's log is not read from standard input");
    }
  }
  if (auto problem = problem_of(line)) {
    return refuse(*std::move(problem));
  }
  return {};
}

}  // namespace

CommandLine line_of_members(const CommandLine& batch) {
  CommandLine line = batch;
  for (const OptionId own :
       {OptionId::batch, OptionId::unordered, OptionId::output, OptionId::diagnostics, OptionId::json}) {
    line.values.erase(own);
  }
  line.values[OptionId::threads] = {"1"};
  return line;
}

BatchMember parse_entry(const ListLine& entry, const CommandLine& common) {
  BatchMember member{.number = entry.number,
                     .entry = entry.too_long ? std::nullopt : std::optional(entry.text),
                     .path = {},
                     .line = common};
  if (Status taken = take_entry(entry, member, *member.line); !taken) {
    Error error = std::move(taken).error();
    error.message = fmt::format("line {} of the list: {}", entry.number, error.message);
    member.line = std::unexpected(std::move(error));
  }
  return member;
}

}  // namespace mrtool
