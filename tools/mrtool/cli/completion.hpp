// Shell completions, from the table. The files under completions/ are this text; a test keeps them equal.
#pragma once

#include <string>

namespace mrtool {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace mrtool
