// Signed CBOR documents that tests make, with keys made in the same run.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/cbor_head.hpp"
#include "lib/crypto/test_key.hpp"
#include "lib/quote/cbor.hpp"
#include "lib/quote/cose.hpp"
#include "lib/quote/quote.hpp"

namespace mrtool::testing::cbor {

// Each makes the encoding of one item.
inline Bytes integer(std::int64_t value) {
  Bytes out;
  if (value < 0) {
    append_cbor_head(out, CborMajor::negative_integer, static_cast<std::uint64_t>(-1 - value));
  } else {
    append_cbor_head(out, CborMajor::unsigned_integer, static_cast<std::uint64_t>(value));
  }
  return out;
}
inline Bytes bytes(ByteView value) {
  Bytes out;
  append_cbor_bytes(out, value);
  return out;
}
inline Bytes text(std::string_view value) {
  Bytes out;
  append_cbor_text(out, value);
  return out;
}
inline Bytes null() {
  return {0xF6};
}
inline void append(Bytes& out, ByteView item) {
  out.insert(out.end(), item.begin(), item.end());
}
inline Bytes array(const std::vector<Bytes>& items) {
  Bytes out;
  append_cbor_head(out, CborMajor::array, items.size());
  for (const Bytes& item : items) {
    append(out, item);
  }
  return out;
}
using Pairs = std::vector<std::pair<Bytes, Bytes>>;
inline Bytes map(const Pairs& pairs, bool indefinite = false) {
  Bytes out;
  if (indefinite) {
    out.push_back(0xBF);
  } else {
    append_cbor_head(out, CborMajor::map, pairs.size());
  }
  for (const auto& [key, value] : pairs) {
    append(out, key);
    append(out, value);
  }
  if (indefinite) {
    out.push_back(0xFF);
  }
  return out;
}
inline Bytes tag(std::uint64_t number, ByteView item) {
  Bytes out;
  append_cbor_head(out, CborMajor::tag, number);
  append(out, item);
  return out;
}

}  // namespace mrtool::testing::cbor

namespace mrtool::testing {

struct Sign1 {
  std::int64_t algorithm = -35;
  cbor::Pairs unprotected = {};
  bool tagged = false;
};

// The raw form that COSE wants: of ECDSA r ‖ s.
inline Bytes cose_signature(const TestKey& key, const CoseAlgorithm& algorithm, ByteView message) {
  const Bytes signature = key.sign(algorithm.scheme, algorithm.hash, message);
  if (algorithm.scheme != SignatureScheme::ecdsa) {
    return signature;
  }
  const auto raw = ecdsa_signature_from_der(*key.public_key().curve(), signature);
  REQUIRE(raw);
  return *raw;
}

// Signed with ES384 where the algorithm is not one that is known.
inline Bytes sign1(const TestKey& key, ByteView payload, const Sign1& options = {}) {
  const Bytes header = cbor::map({{cbor::integer(1), cbor::integer(options.algorithm)}});
  const Bytes to_be_signed =
      cbor::array({cbor::text("Signature1"), cbor::bytes(header), cbor::bytes({}), cbor::bytes(payload)});
  const CoseAlgorithm* algorithm = find_cose_algorithm(options.algorithm);
  const Bytes signature =
      cose_signature(key, algorithm != nullptr ? *algorithm : *find_cose_algorithm(-35), to_be_signed);
  const Bytes message =
      cbor::array({cbor::bytes(header), cbor::map(options.unprotected), cbor::bytes(payload), cbor::bytes(signature)});
  return options.tagged ? cbor::tag(18, message) : message;
}

// "signature pass, nonce fail", or the error's kind and message.
inline std::string verdicts(const Result<QuoteResult>& result) {
  if (!result) {
    return "error: " + result.error().message;
  }
  std::string text;
  for (const QuoteCheck& check : result->checks) {
    text += (text.empty() ? "" : ", ") + check.name + " " + std::string(to_string(check.verdict));
  }
  return text;
}

inline bool all_pass(const Result<QuoteResult>& result) {
  return result && verdict_of(result->checks) == Verdict::pass;
}

// With MRTOOL_MAKE_QUOTES set, what passes here becomes a seed of cose_fuzz.cpp, in its layout. A manifest or the last
// root goes along.
void keep_as_seed(const std::string& name, const QuoteEvidence& evidence);

// The bytes that can be changed, one at a time, without any check noticing.
inline std::vector<std::size_t> unnoticed_changes(QuoteEvidence evidence,
                                                  Result<QuoteResult> (*appraise)(const QuoteEvidence&),
                                                  std::initializer_list<std::uint8_t> changes) {
  std::vector<std::size_t> unnoticed;
  for (std::size_t i = 0; i < evidence.quote.bytes.size(); ++i) {
    const bool missed = std::ranges::any_of(changes, [&](std::uint8_t change) {
      evidence.quote.bytes[i] ^= change;
      const bool passes = all_pass(appraise(evidence));
      evidence.quote.bytes[i] ^= change;
      return passes;
    });
    if (missed) {
      unnoticed.push_back(i);
    }
  }
  return unnoticed;
}

}  // namespace mrtool::testing
