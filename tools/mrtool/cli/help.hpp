// --help, from the table.
#pragma once

#include <string>

#include "tools/mrtool/cli/table.hpp"

namespace mrtool {

std::string help_text();
std::string help_text(const CommandSpec& command);

}  // namespace mrtool
