// What digest rules need to know of firmware events.
#pragma once

#include <cstdint>

#include "lib/base/bytes.hpp"

namespace mrtool::pcclient {

// td-shim's configuration block: a descriptor of 16 bytes, u32 length, and that many bytes of information, which is
// what is hashed.
inline constexpr std::uint64_t kTdShimInfoOffset = 20;
bool is_td_shim_block(ByteView data);

}  // namespace mrtool::pcclient
