// The commands, one file each. Each returns an exit status.
#pragma once

#include "tools/mrtool/cli/command_line.hpp"
#include "tools/mrtool/environment.hpp"

namespace mrtool {

int inspect_command(const CommandLine& line, Environment& environment);
int replay_command(const CommandLine& line, Environment& environment);
int verify_command(const CommandLine& line, Environment& environment);
int explain_command(const CommandLine& line, Environment& environment);
int convert_command(const CommandLine& line, Environment& environment);
int extend_command(const CommandLine& line, Environment& environment);
int ima_bridge_command(const CommandLine& line, Environment& environment);
int registers_command(const CommandLine& line, Environment& environment);
int formats_command(const CommandLine& line, Environment& environment);

}  // namespace mrtool
