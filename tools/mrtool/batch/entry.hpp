// An entry of a batch's list: a log's name, or a JSON object that names the logs of one appraisal and its own options
// in the words of the command line.
#pragma once

#include <optional>
#include <string>

#include "tools/mrtool/batch/list.hpp"
#include "tools/mrtool/cli/command_line.hpp"

namespace mrtool {

// One appraisal of a batch.
struct BatchMember {
  std::uint64_t number = 0;          // of the entry's line, from 1
  std::optional<std::string> entry;  // the line; nothing where it was too long to keep
  std::optional<std::string> path;   // the name that its result bears; nothing where the entry does not tell
  // As if the member were alone: the batch's options and its own. Fails (usage) where the entry cannot be understood.
  Result<CommandLine> line;
};

// What holds for every member of a batch with this command line: all but the options that are the batch's own. A member
// has one thread.
CommandLine line_of_members(const CommandLine& batch);

// `common`: line_of_members().
BatchMember parse_entry(const ListLine& entry, const CommandLine& common);

}  // namespace mrtool
