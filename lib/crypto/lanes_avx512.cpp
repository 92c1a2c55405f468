// Compiled with AVX-512F and AVX-512BW (CMakeLists.txt).
#ifdef __x86_64__

#include "lib/crypto/lanes_kernel.hpp"

namespace mrtool::lanes {

constinit const Functions kAvx512 = kFunctions<64>;

}  // namespace mrtool::lanes

#endif
