// What a TPM 2.0 signs when it quotes PCRs (TPM 2.0 part 2, 10.12.8 and 10.12.12): its layout. Whether it is to be
// believed is lib/quote's to say.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/error.hpp"
#include "lib/content/value.hpp"
#include "lib/record/pcr_selection.hpp"

namespace mrtool {

inline constexpr std::uint32_t kTpmGenerated = 0xFF544347;  // TPM_GENERATED_VALUE: no other signed structure has it

// TPMS_ATTEST with the TPMS_QUOTE_INFO in it. Views are of the bytes it was read from.
struct TpmQuote {
  ByteView qualified_signer;  // TPM2B_NAME
  ByteView extra_data;        // the nonce
  std::uint64_t clock = 0;    // milliseconds
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = false;
  std::uint64_t firmware_version = 0;
  PcrSelections selections;
  ByteView pcr_digest;
};

// Does a TPMS_ATTEST of any type start here?
bool is_tpm_attest(ByteView bytes);
// The TPMS_ATTEST in what may be a TPM2B_ATTEST: what is signed. Anything else is returned as it is.
ByteView tpm_attest_of(ByteView bytes);
// What a TPMS_ATTEST attests: "quote", "certify", ..., or its number.
std::string tpm_attest_type(ByteView bytes);

// A TPMS_ATTEST of type quote, whole and nothing behind it. Fails (malformed, with the offset) for anything else.
Result<TpmQuote> parse_tpm_quote(ByteView bytes);
// Its fields, for people and JSON.
Value::Object quote_fields(const TpmQuote& quote);

namespace pcclient {

// The fields; nothing when the bytes are not a whole quote.
std::optional<Value> decode_tpm_quote(ByteView data);

}  // namespace pcclient
}  // namespace mrtool
