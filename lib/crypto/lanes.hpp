// Hashing many independent messages, or extending many registers, at once: each has a lane of a vector, and all lanes
// take a block together. Compiled for more than what every CPU has, so a caller asks CpuFeatures first.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mrtool::lanes {

// One message, and room for its digest. Plain pointers, because the code that takes them must instantiate nothing that
// the rest of the program instantiates too: the linker keeps one copy, which would then need the vector instructions.
struct Message {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;  // bytes
  std::uint8_t* digest = nullptr;
};

using Hash = void (*)(const Message* messages, std::size_t count);

// One register, and what extends it in this order. All are of the function's digest size.
struct Chain {
  std::uint8_t* value = nullptr;                 // before; and afterwards
  const std::uint8_t* const* digests = nullptr;  // `count` of them
  std::size_t count = 0;
  std::uint8_t* values = nullptr;  // where it is not null: room for the value behind each of them
};

using Extend = void (*)(const Chain* chains, std::size_t count);
// A chain of each of two functions, which are extended equally often.
using ExtendBeside = void (*)(const Chain& first, const Chain& second);

// One family of hash functions on vectors of one width. Those that are null it does not have.
struct Functions {
  std::size_t lanes32 = 0;  // messages at once, of SHA-1 to SHA-256
  std::size_t lanes64 = 0;  // of SHA-384 and SHA-512
  Hash sha1 = nullptr;
  Hash sha224 = nullptr;
  Hash sha256 = nullptr;
  Hash sha384 = nullptr;
  Hash sha512 = nullptr;
  Hash sha384_sha512 = nullptr;  // both of each message, one digest behind the other
  Extend extend_sha1 = nullptr;
  Extend extend_sha256 = nullptr;
  Extend extend_sha384 = nullptr;
  Extend extend_sha512 = nullptr;
  ExtendBeside extend_sha1_beside_sha256 = nullptr;
};

extern const Functions kSha;     // needs the SHA extensions, and SSE4.1; SHA-1 to SHA-256
extern const Functions kAvx2;    // needs AVX2
extern const Functions kAvx512;  // needs AVX-512F and AVX-512BW

}  // namespace mrtool::lanes
