// Selections of PCRs as a TPM reads and writes them (TPM 2.0 part 2, 10.6.2 and 10.9.7).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/algorithms.hpp"

namespace mrtool {

// TPMS_PCR_SELECTION: PCRs of one bank.
struct PcrSelection {
  HashAlgorithm bank = HashAlgorithm::none;  // may be one that is not known here
  std::uint32_t pcrs = 0;                    // bit n: PCR n
  std::uint8_t size = 3;                     // bytes of the bitmap on the wire, at most kMaxBitmapSize

  static constexpr std::uint8_t kMaxBitmapSize = 4;
  static constexpr std::uint32_t kPcrs = 32;
  bool contains(std::uint32_t pcr) const { return pcr < kPcrs && ((pcrs >> pcr) & 1U) != 0; }

  bool operator==(const PcrSelection&) const = default;
};

// TPML_PCR_SELECTION: the order of its entries is the order in which values are hashed and written; a bank may come
// twice. At most kMaxPcrSelections.
using PcrSelections = std::vector<PcrSelection>;
inline constexpr std::uint32_t kMaxPcrSelections = 16;

// How many values it selects.
std::size_t count_pcrs(std::span<const PcrSelection> selections);

// Reads a TPML_PCR_SELECTION from a big-endian cursor. Fails (malformed, with the cursor's offset) where it is cut
// short, has too many entries or a bitmap that is too long.
Result<PcrSelections> read_pcr_selections(ByteReader& reader);
// Writes one to a big-endian buffer.
void write_pcr_selections(ByteWriter& writer, std::span<const PcrSelection> selections);

}  // namespace mrtool
