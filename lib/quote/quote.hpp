// Attestation reports: what vouches for register values, or claims to. One table of kinds, each recognised by its
// bytes; every step of the check is named and has a verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/content/value.hpp"
#include "lib/registers/values.hpp"

namespace mrtool {

enum class Verdict : std::uint8_t {
  pass,
  fail,
  inconclusive,  // it matters and cannot be known from what was given
  skipped,       // not asked for, or beyond what a file can tell; said, and not counted
};
std::string_view to_string(Verdict verdict);
// fail before inconclusive before pass; skipped where nothing else is.
Verdict worse(Verdict a, Verdict b);

struct QuoteCheck {
  std::string name;  // stable, kebab-case: "signature", "nonce", "pcr-digest", "certificate-chain"
  Verdict verdict = Verdict::inconclusive;
  std::string detail;  // one sentence: what was found, or what to give so that it can be known
};
Verdict verdict_of(std::span<const QuoteCheck> checks);

// A named input: its bytes, and what the user called it.
struct NamedBytes {
  std::string name;
  Bytes bytes;
};

enum class NoncePolicy : std::uint8_t {
  unstated,  // neither --nonce nor --no-nonce: freshness is inconclusive
  waived,    // --no-nonce
  given,     // --nonce
};

// All that a verifier brings to a quote. What a kind does not use and was given is told as an inconclusive check.
struct QuoteEvidence {
  NamedBytes quote;
  std::optional<NamedBytes> signature;       // TPM: TPMT_SIGNATURE, raw RSA or DER ECDSA
  std::optional<NamedBytes> pcr_file;        // TPM: binary PCR values (registers/pcr_file.hpp)
  std::optional<RegisterValues> pcr_values;  // TPM: the same from a text or JSON
  std::optional<NamedBytes> key;  // TPM: PEM, DER, TPM2B_PUBLIC, TPMT_PUBLIC; CCA: the platform's key; SNP: the VCEK
  std::vector<NamedBytes> roots;  // --ca; empty: the ones that are built in by fingerprint
  std::vector<NamedBytes> crls;
  std::vector<NamedBytes> tcb_info;    // TDX: TCB info, QE identity and their issuer chains
  std::optional<NamedBytes> manifest;  // SNP: the services manifest of an SVSM (configfs-tsm: manifestblob)
  NoncePolicy nonce_policy = NoncePolicy::unstated;
  Bytes nonce;            // compared exactly; padded with zeros to 64 bytes where a report's field has 64
  std::int64_t time = 0;  // seconds since 1970: --at, or now
  // --at: certificates are judged at `time` even where a report says itself when it was made (Nitro).
  bool time_is_given = false;
  bool allow_sha1 = false;  // TPM: --allow-sha1
};

// What a TPM signs: not the values, but the hash of some of them.
struct QuotedDigest {
  std::vector<RegisterKey> order;  // the values that are hashed, one behind the other
  HashAlgorithm hash = HashAlgorithm::none;
  Digest value;
};

struct QuoteResult {
  std::string kind;                // name of its row
  std::vector<QuoteCheck> checks;  // in the order of the procedure
  Value::Object fields;            // the report, decoded, for people and JSON
  // The values that it states; `authenticated` is what the kind could give at best: whether it does is verdict_of().
  RegisterValues registers;
  std::optional<QuotedDigest> quoted_digest;  // of a TPM quote: what replayed values can be held against
};

struct QuoteKind {
  std::string_view name;     // "tpm2", "tdx", "tdreport", "cca", "nitro", "snp", ...
  std::string_view summary;  // one line for help and man pages
  Authenticated best;        // signed_, or mac for a report that only its own machine can check
  bool (*recognise)(ByteView bytes);
  // Fails (malformed) where the layout itself is broken; everything else is a check that fails.
  Result<QuoteResult> (*appraise)(const QuoteEvidence& evidence);
};

std::span<const QuoteKind> quote_kinds();
// nullptr when the bytes are of no known kind.
const QuoteKind* find_quote_kind(ByteView bytes);

// The check that every kind makes alike. `field` is what the report holds; `pad_to`: bytes that a shorter nonce is
// padded with zeros to (0: it is not).
QuoteCheck check_nonce(const QuoteEvidence& evidence, ByteView field, std::size_t pad_to);

}  // namespace mrtool
