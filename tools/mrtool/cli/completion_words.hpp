// What the completions of all shells offer.
#pragma once

#include <string>
#include <vector>

#include "tools/mrtool/cli/table.hpp"

namespace mrtool {

// Its own options, then the global ones, in the table's order.
std::vector<const OptionSpec*> options_of(const CommandSpec& command);
std::vector<const OptionSpec*> global_options();
// Words for the value of an option; empty where the value is a path or free text.
std::vector<std::string> value_words(const OptionSpec& option);
// "tcg2:" and so on: what may stand before a log's path, and "live".
std::vector<std::string> log_words();
// What may stand for a command's positional, besides a path.
std::vector<std::string> positional_words(const CommandSpec& command);
// Registers that can be extended.
std::vector<std::string> register_words();

}  // namespace mrtool
