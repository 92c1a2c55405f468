// What the CPU has that decides how to hash.
#pragma once

namespace mrtool {

struct CpuFeatures {
  bool sha = false;     // instructions for SHA-1 and SHA-256, which OpenSSL uses by itself
  bool avx2 = false;    // usable: the system saves the registers too
  bool avx512 = false;  // AVX-512F and AVX-512BW, likewise

  static const CpuFeatures& of_this_machine();
  bool operator==(const CpuFeatures&) const = default;
};

}  // namespace mrtool
