// One changed byte anywhere in a TDX quote: it must not pass. What no check can cover would be listed here, by field
// and reason. Nothing is: header (vendor, user data and reserved bytes too) and body are signed by the attestation key,
// the QE report by the PCK, the authentication data by the hash in the QE report, every certificate by the next and the
// root by its fingerprint or the one that is given; lengths must add up, PEM must be as it is written, and what follows
// the quote must be zero.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "lib/quote/quote.hpp"
#include "lib/quote/tdx_test_quote.hpp"

namespace mrtool {

namespace {

namespace fs = std::filesystem;

const fs::path kQuotes = fs::path(MRTOOL_SOURCE_DIR) / ".." / "shared" / "corpus" / "quotes";
constexpr std::int64_t kTime = 1'780'272'000;  // 2026-06-01

bool passes(const QuoteEvidence& evidence) {
  const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
  if (kind == nullptr) {
    return false;
  }
  const auto result = kind->appraise(evidence);
  return result && verdict_of(result->checks) == Verdict::pass;
}

void check_every_byte(QuoteEvidence evidence) {
  REQUIRE(passes(evidence));
  for (std::size_t i = 0; i < evidence.quote.bytes.size(); ++i) {
    for (const unsigned mask : {0x01U, 0xFFU}) {
      std::uint8_t& byte = evidence.quote.bytes[i];
      const std::uint8_t good = byte;
      byte = static_cast<std::uint8_t>(byte ^ mask);
      if (passes(evidence)) {
        CAPTURE(i);
        CAPTURE(mask);
        FAIL_CHECK("not detected");
      }
      byte = good;
    }
  }
}

QuoteEvidence evidence_of(Bytes quote, std::size_t body) {
  constexpr std::size_t kReportData = 520;  // in the body
  QuoteEvidence evidence;
  const auto nonce = quote.begin() + static_cast<std::ptrdiff_t>(body + kReportData);
  evidence.nonce = {nonce, nonce + 64};
  evidence.nonce_policy = NoncePolicy::given;
  evidence.quote = {.name = "quote", .bytes = std::move(quote)};
  evidence.time = kTime;
  return evidence;
}

Bytes read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in, path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("every byte of a made quote of version 5") {
  constexpr std::size_t kPadding = 20;
  const testing::TestTdxAuthority authority;
  Bytes quote = make_quote({.version = 5, .body_type = 3}, authority);
  quote.resize(quote.size() + kPadding);
  QuoteEvidence evidence = evidence_of(std::move(quote), 54);
  evidence.roots = {authority.root_file()};
  check_every_byte(std::move(evidence));
}

TEST_CASE("every byte of a real quote of version 4") {
  if (!fs::is_directory(kQuotes)) {
    MESSAGE("skipped: no corpus beside the repository");
    return;
  }
  check_every_byte(evidence_of(read(kQuotes / "go-tdx-qpl-quote.dat"), 48));
}

}  // namespace mrtool
