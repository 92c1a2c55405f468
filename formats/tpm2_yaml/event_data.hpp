// An event's data, made again from what the YAML shows of it.
#pragma once

#include "formats/tpm2_yaml/item.hpp"

namespace mrtool::tpm2yaml {

// Nothing where the YAML does not show every byte: what is made is of the size that the event states, or it is not it.
std::optional<Bytes> event_data(std::span<const Entry> entries, std::uint32_t type, std::uint64_t size);

}  // namespace mrtool::tpm2yaml
