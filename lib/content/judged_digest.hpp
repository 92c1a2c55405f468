// What of a record and of its digests can be judged at all.
#pragma once

#include <string_view>

#include "lib/content/pcclient.hpp"
#include "lib/record/record.hpp"

namespace mrtool {

// Why a digest cannot be judged; empty when it can.
std::string_view obstacle(const DigestEntry& entry);
// Why a record has nothing to judge; empty when it has.
std::string_view obstacle(const Record& record);

// The function that the rule asks for in the bank of the entry.
HashAlgorithm algorithm_of(const pcclient::Preimage& preimage, const DigestEntry& entry);
// Is the digest what the entry has, with zeros behind it where the bank is wider?
bool is_logged(ByteView digest, const DigestEntry& entry);

}  // namespace mrtool
