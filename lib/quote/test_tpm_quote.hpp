// Quotes that tests put together and sign with keys of their own.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <utility>

#include "lib/base/byte_writer.hpp"
#include "lib/crypto/test_key.hpp"
#include "lib/quote/quote.hpp"
#include "lib/record/pcr_selection.hpp"
#include "lib/registers/pcr_file.hpp"

namespace mrtool::testing {

// The nonce of every test.
inline const Bytes kTestNonce = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};

struct TestQuote {
  PcrSelections selections{{.bank = HashAlgorithm::sha256, .pcrs = 0x81}};
  HashAlgorithm hash = HashAlgorithm::sha256;
  std::uint16_t type = 0x8018;
  Bytes nonce = kTestNonce;

  // The value of a register: its number, repeated.
  RegisterValues values() const {
    RegisterValues values;
    for (const RegisterKey& key : selected_pcrs(selections)) {
      values.values[key] = Digest::filled(find_algorithm(key.bank)->size, static_cast<std::uint8_t>(key.reg.index));
    }
    return values;
  }
  Bytes message() const {
    Bytes joined;
    const RegisterValues all = values();
    for (const RegisterKey& key : selected_pcrs(selections)) {
      const ByteView value = all.values.at(key).view();
      joined.insert(joined.end(), value.begin(), value.end());
    }
    const Digest digest = HashEngine().hash(hash, joined);
    ByteWriter writer(ByteOrder::big);
    writer.u32(0xFF544347).u16(type).u16(34).u16(0x000B).fill(0xAA, 32);
    writer.u16(static_cast<std::uint16_t>(nonce.size())).bytes(nonce);
    writer.u64(0x1234).u32(1).u32(0).u8(1).u64(0x2024012500120000);
    write_pcr_selections(writer, selections);
    writer.u16(static_cast<std::uint16_t>(digest.size())).bytes(digest.view());
    return writer.take();
  }
};

// TPMT_SIGNATURE by one of the schemes 0x14, 0x16 and 0x18.
inline Bytes tpmt_signature(std::uint16_t scheme, HashAlgorithm hash, ByteView plain, std::optional<Curve> curve) {
  ByteWriter writer(ByteOrder::big);
  writer.u16(scheme).u16(static_cast<std::uint16_t>(hash));
  if (!curve) {
    writer.u16(static_cast<std::uint16_t>(plain.size())).bytes(plain);
    return writer.take();
  }
  const auto both = ecdsa_signature_from_der(*curve, plain);
  REQUIRE(both);
  const std::size_t size = coordinate_size(*curve);
  for (const ByteView number : {ByteView(*both).first(size), ByteView(*both).subspan(size)}) {
    writer.u16(static_cast<std::uint16_t>(size)).bytes(number);
  }
  return writer.take();
}

inline QuoteEvidence evidence_of(Bytes quote, Bytes signature, Bytes key) {
  QuoteEvidence evidence;
  evidence.quote = {.name = "quote.msg", .bytes = std::move(quote)};
  evidence.signature = NamedBytes{.name = "quote.sig", .bytes = std::move(signature)};
  evidence.key = NamedBytes{.name = "ak.pub", .bytes = std::move(key)};
  evidence.nonce_policy = NoncePolicy::given;
  evidence.nonce = kTestNonce;
  return evidence;
}

inline QuoteResult appraised(const QuoteEvidence& evidence) {
  const QuoteKind* const kind = find_quote_kind(evidence.quote.bytes);
  REQUIRE(kind != nullptr);
  auto result = kind->appraise(evidence);
  REQUIRE_MESSAGE(result, to_string(result.error()));
  return std::move(*result);
}

// The verdicts by name, without those that pass: "nonce: fail; signature: inconclusive".
inline std::string troubles(const QuoteResult& result) {
  std::map<std::string, std::string> found;
  for (const QuoteCheck& check : result.checks) {
    if (check.verdict != Verdict::pass) {
      found[check.name] = to_string(check.verdict);
    }
  }
  std::string text;
  for (const auto& [name, verdict] : found) {
    text += (text.empty() ? "" : "; ") + name + ": " + verdict;
  }
  return text;
}

}  // namespace mrtool::testing
