// Binary files of PCR values, as tpm2_quote and tpm2_pcrread write them (tpm2-tools 4 to 5, --pcrs_format).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/record/pcr_selection.hpp"
#include "lib/registers/values.hpp"

namespace mrtool {

enum class PcrFileFormat : std::uint8_t {
  serialized,  // C structures with their padding, little-endian (big-endian from an old tpm2-tools on such a machine)
  marshaled,   // as on the wire: TPML_PCR_SELECTION, u32 count, TPML_DIGESTs
};
std::string_view to_string(PcrFileFormat format);

// By the bytes that head it; nothing where it is neither. `values` files hold nothing but digests: they cannot be told.
std::optional<PcrFileFormat> recognise_pcr_file(ByteView bytes);

struct PcrFile {
  PcrFileFormat format = PcrFileFormat::serialized;
  PcrSelections selections;
  RegisterValues values;  // kind "tpm2_pcrs"; authenticated by nothing
};

// Fails (malformed, with the offset) where counts and sizes do not agree with each other, with the banks or with the
// bytes that are there, for a bank that is not known here, and for two values of one register.
Result<PcrFile> parse_pcr_file(ByteView bytes);

// A `values` file: digests, bank by bank in the order of the selections, by number within a bank, nothing else.
Result<RegisterValues> parse_pcr_values(ByteView bytes, std::span<const PcrSelection> selections);

// What a selection selects, in its order. A register twice where the selection has it twice.
std::vector<RegisterKey> selected_pcrs(std::span<const PcrSelection> selections);

}  // namespace mrtool
