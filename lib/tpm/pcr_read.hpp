// TPM2_PCR_Read gives at most eight values a reply (TPM 2.0 part 3, 22.4), so that the registers may change between two
// replies: this asks until it has all values of one moment. It knows no TPM, so that tests can be one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/registers/values.hpp"

namespace mrtool {

// PCRs of one bank, ascending.
struct PcrBank {
  HashAlgorithm bank = HashAlgorithm::none;
  std::vector<std::uint32_t> pcrs;

  bool operator==(const PcrBank&) const = default;
};

struct PcrReply {
  std::uint32_t update_counter = 0;  // of all PCRs but those that may be reset (16 and 23): part 2, 6.11
  std::vector<PcrBank> selection;    // what `digests` are of, in this order
  std::vector<Digest> digests;
};
using PcrReader = std::function<Result<PcrReply>(const std::vector<PcrBank>&)>;

// Errors: io for a bank or PCR that the TPM does not have, for a reply that does not answer what was asked, and when
// the registers change faster than they can be read.
Result<std::map<RegisterKey, Digest>> read_pcrs(const std::vector<PcrBank>& wanted, const PcrReader& read);

}  // namespace mrtool
