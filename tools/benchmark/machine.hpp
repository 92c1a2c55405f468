// What a table was measured on.
#pragma once

#include <string>

namespace mrtool::benchmark {

// The date, the processor, what two of its threads gain at present over one, and the versions of the compiler, of
// OpenSSL and of the peers that are installed; lines that begin with "* ". Takes a second or a few.
std::string machine();

}  // namespace mrtool::benchmark
