// The register values of a command line: those to compare with and those to start from.
#pragma once

#include <map>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/registers/values.hpp"
#include "tools/mrtool/batch/shared_inputs.hpp"
#include "tools/mrtool/cli/command_line.hpp"

namespace mrtool {

// --initial BANK:REG=HEX, each. Fails (usage) where one cannot be understood.
Result<std::map<RegisterKey, Digest>> initial_values(const CommandLine& line);

// The values of every --against, in order. Fails as load_register_values does.
Result<std::vector<RegisterValues>> register_sources(const CommandLine& line, Host& host,
                                                     const SharedInputs& shared = {});

}  // namespace mrtool
