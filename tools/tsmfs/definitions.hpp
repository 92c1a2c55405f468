// Registers as the command line names them, and those that come with the program.
#pragma once

#include <span>
#include <string_view>

#include "lib/base/error.hpp"
#include "tools/tsmfs/register.hpp"

namespace mrtool::tsmfs {

// NAME[:HASH][,WORD]...: an extendable register, or without a hash a fixed one. Words: append-only, fixed, stored;
// size=N of one without a hash; value=HEX to start with, else zeros; fails-after=N extensions. Errors: usage.
Result<Definition> parse_definition(std::string_view text);

struct KnownProvider {
  std::string_view name;
  std::string_view summary;
  std::vector<Definition> (*registers)();
};
// Those of real kernels: a TDX guest's, and the kernel's samples.
std::span<const KnownProvider> known_providers();

}  // namespace mrtool::tsmfs
