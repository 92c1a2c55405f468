// A command line, read by the table: which command, which options with which values, which other arguments.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "tools/mrtool/cli/table.hpp"

namespace mrtool {

class CommandLine {
 public:
  // nullptr: no command was named, which only --help and --version allow.
  const CommandSpec* command = nullptr;
  std::vector<std::string> arguments;                   // that are no options
  std::map<OptionId, std::vector<std::string>> values;  // flags have empty ones

  bool has(OptionId id) const { return values.contains(id); }
  // The value of an option that is given once at most; empty when it is not given.
  std::string_view value(OptionId id) const;
  std::span<const std::string> all(OptionId id) const;
  // At most this many threads; one for each processor by default.
  unsigned threads() const;
};

// A line that cannot be understood, and where help about it is.
struct UsageError {
  std::string message;
  const CommandSpec* command = nullptr;  // the one whose help is to be seen
};

std::expected<CommandLine, UsageError> parse_command_line(std::span<const std::string> arguments);

// What the table forbids of the options given, together or each by itself; nothing where all is well.
std::optional<std::string> problem_of(const CommandLine& line);

// Does a line ask for messages in JSON, even one that cannot be understood?
bool asks_for_json_messages(std::span<const std::string> arguments);

}  // namespace mrtool
