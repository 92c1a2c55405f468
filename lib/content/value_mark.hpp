// mrtool's own EV_NO_ACTION record: it states a register's present value, which the records before it do not lead to
// because somebody else extended it. It extends nothing.
#pragma once

#include <optional>

#include "lib/content/pcclient.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool::pcclient {

// 16 bytes of signature, as every such record begins (PFP 1.06, 10.4.5), then "<alg>/<hex>".
Bytes format_value_mark(HashAlgorithm bank, ByteView value);
// Nothing where the data is none, or is not whole. `type` is the record's.
std::optional<tsm::NamedDigest> parse_value_mark(std::uint32_t type, ByteView data);

bool is_value_mark(ByteView data);  // by its signature
Decoded decode_value_mark(const Context& context);

}  // namespace mrtool::pcclient
