// What the kinds of reports share beside the nonce: inputs that one of them has no use for, and chains of certificates.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "lib/crypto/certificate_chain.hpp"
#include "lib/quote/quote.hpp"

namespace mrtool::quotes {

enum class Input : std::uint8_t { signature, pcrs, key, roots, crls, tcb_info, manifest };

// One inconclusive check, "unused-input", for each input that was given and is not in `used`: who gave it expects that
// it counted.
void tell_unused(std::vector<QuoteCheck>& checks, const QuoteEvidence& evidence, std::initializer_list<Input> used);

// The certificates of a user's files (--ca). Fails (malformed) with the file's name.
Result<std::vector<Certificate>> parse_certificates(std::span<const NamedBytes> files);

// "2021-11-05T12:00:00Z" in UTC; the number where that is no year of four digits.
std::string format_time(std::int64_t seconds);
// "2021-11-05", likewise.
std::string format_day(std::int64_t seconds);

struct ChainInputs {
  const Certificate& leaf;
  std::span<const Certificate> intermediates;
  std::span<const Certificate> roots;  // the only ones that are trusted; at least one
  std::span<const NamedBytes> crls;
  std::int64_t time = 0;  // seconds since 1970
};
// "certificate-chain" and "revocation".
void check_chain(std::vector<QuoteCheck>& checks, const ChainInputs& inputs);

// Puts the kind, and where it came from, into a result that is signed at best; and the report's name into an error that
// has none.
Result<QuoteResult> named(Result<QuoteResult> result, std::string_view kind, const QuoteEvidence& evidence);

}  // namespace mrtool::quotes
