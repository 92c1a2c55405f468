#include "lib/crypto/cpu_features.hpp"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace mrtool {

#ifdef __x86_64__
namespace {

// Intel's manual, volume 2A, CPUID leaf 7. The compiler's own question does not know the SHA extensions.
bool has_sha() {
  constexpr unsigned kExtendedFeatures = 7;
  constexpr unsigned kShaBit = 29;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid_count(kExtendedFeatures, 0, &a, &b, &c, &d) == 1 && (b >> kShaBit & 1) == 1;
}

}  // namespace

const CpuFeatures& CpuFeatures::of_this_machine() {
  static const CpuFeatures kFeatures = {
      .sha = has_sha(),
      .avx2 = __builtin_cpu_supports("avx2") != 0,
      .avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0};
  return kFeatures;
}
#else
const CpuFeatures& CpuFeatures::of_this_machine() {
  static const CpuFeatures kNone;
  return kNone;
}
#endif

}  // namespace mrtool
