// Logs of any length, written by the formats' own writers, in memory that doesn't grow with them.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/error.hpp"

namespace mrtool::benchmark {

// What is measured is a function of `seed`.
struct LogSize {
  std::size_t records = 0;
  std::uint64_t seed = 1;
};

// The list in its SHA-1 form: ima-ng entries of 156 bytes on average, each of another file, behind a boot_aggregate.
Status write_ima_list(const std::string& path, const LogSize& size);

// A log of bank sha384: a SYNC of zeros, and `records` lines of 80 bytes.
Status write_tsm_log(const std::string& path, const LogSize& size);

// Events of 195 bytes on average in PCRs 0 to 7, with the digests of their data in three banks, behind a spec-ID event.
Status write_tcg2_log(const std::string& path, const LogSize& size);
// The same events in CEL-JSON, as systemd-pcrlock spells it.
Status write_cel_json(const std::string& path, const LogSize& size);

}  // namespace mrtool::benchmark
