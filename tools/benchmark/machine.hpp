// What a table was measured on.
#pragma once

#include <string>

namespace mrtool::benchmark {

// The date, the processor, and the versions of the compiler, of OpenSSL and of the peers that are installed; lines that
// begin with "* ".
std::string machine();

}  // namespace mrtool::benchmark
