// The whole tool but its process: reads the command line, runs the command, returns the exit status.
#pragma once

#include <span>
#include <string>

#include "tools/mrtool/environment.hpp"

namespace mrtool {

// `arguments` without the program's name.
int run(std::span<const std::string> arguments, Environment& environment);

}  // namespace mrtool
