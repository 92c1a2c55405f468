// Compiled with AVX2 (CMakeLists.txt).
#ifdef __x86_64__

#include "lib/crypto/lanes_kernel.hpp"

namespace mrtool::lanes {

constinit const Functions kAvx2 = kFunctions<32>;

}  // namespace mrtool::lanes

#endif
