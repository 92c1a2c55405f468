// A record as an entry: which bank's digest, which register number, and the bytes of both forms.
#pragma once

#include <string>

#include "lib/base/byte_reader.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::ima {

// The log is read from a list, of either form.
bool is_list(const LogInfo& info);
// The bank of the list that is written; `first` is any record of the log.
HashAlgorithm target_bank(const LogInfo& info, const WriteOptions& options, const Record& first);

// What an entry shows as its digest: zeros for a violation. `bank` must be computable.
Digest entry_digest(HashEngine& engine, const Record& record, HashAlgorithm bank);
// The register's number in an entry; nothing when the register has none.
std::optional<std::uint32_t> entry_pcr(const Record& record, const LogInfo& info);

// Why a record is no entry of a list in either form; empty when it is one.
struct Obstacle {
  std::string field;
  std::string reason;
};
Obstacle obstacle(HashEngine& engine, const Record& record, const LogInfo& info, HashAlgorithm bank);

}  // namespace mrtool::ima
