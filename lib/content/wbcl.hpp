// Windows' measured boot items ("SIPA"): sequences of {u32 id, u32 size, data}, some of which hold further items
// (wbcl.h of the Windows SDK).
#pragma once

#include <cstdint>
#include <string>

#include "lib/content/value.hpp"

namespace mrtool::pcclient {

struct SipaItems {
  Value::List items;    // objects {id, name, value} or, for containers, {id, name, items}
  std::string problem;  // why some did not decode; empty when all is well
};

// Never deeper than limits::kNesting, whose content is left as bytes, nor more than limits::kListedItems items.
SipaItems read_sipa_items(ByteView data);

// True for identifiers of the ranges that Windows uses, known by name or not.
bool is_sipa_id(std::uint32_t id);
// "trust_boundary", or the number where the name is not known.
std::string sipa_name(std::uint32_t id);

inline constexpr std::uint32_t kSipaTrustPoint = 0xC0010004;

}  // namespace mrtool::pcclient
