#include "lib/quote/cose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/cbor_head.hpp"

namespace mrtool {
namespace {

constexpr std::uint64_t kSign1Tag = 18;
constexpr int kShortestRsaKey = 2048;  // bits; RFC 8230, section 2 and RFC 8812, section 2

// Header parameters (RFC 9052, section 3.1).
constexpr std::int64_t kAlgorithmLabel = 1;
constexpr std::int64_t kCriticalLabel = 2;

constexpr std::array kAlgorithms{
    CoseAlgorithm{-7, "ES256", SignatureScheme::ecdsa, HashAlgorithm::sha256, Curve::p256},
    CoseAlgorithm{-35, "ES384", SignatureScheme::ecdsa, HashAlgorithm::sha384, Curve::p384},
    CoseAlgorithm{-36, "ES512", SignatureScheme::ecdsa, HashAlgorithm::sha512, Curve::p521},
    CoseAlgorithm{-37, "PS256", SignatureScheme::rsapss, HashAlgorithm::sha256, std::nullopt},
    CoseAlgorithm{-38, "PS384", SignatureScheme::rsapss, HashAlgorithm::sha384, std::nullopt},
    CoseAlgorithm{-39, "PS512", SignatureScheme::rsapss, HashAlgorithm::sha512, std::nullopt},
    CoseAlgorithm{-257, "RS256", SignatureScheme::rsassa, HashAlgorithm::sha256, std::nullopt},
    CoseAlgorithm{-258, "RS384", SignatureScheme::rsassa, HashAlgorithm::sha384, std::nullopt},
    CoseAlgorithm{-259, "RS512", SignatureScheme::rsassa, HashAlgorithm::sha512, std::nullopt},
};

std::unexpected<Error> malformed(std::string_view expected, const CborItem& found) {
  return fail(ErrorKind::malformed, fmt::format("COSE_Sign1: expected {}, found {}", expected, to_string(found.kind)));
}

// An empty header is an empty string, or the encoding of an empty map.
Result<CborDocument> parse_protected_header(ByteView bytes, const CborLimits& limits) {
  if (bytes.empty()) {
    CborDocument empty;
    empty.root.kind = CborKind::map;
    return empty;
  }
  MRTOOL_TRY(header, parse_cbor(bytes, limits));
  if (header.root.kind != CborKind::map) {
    return malformed("a map as the protected header", header.root);
  }
  return header;
}

bool has_key(const CborItem& map, const CborItem& key) {
  if (const auto text = key.text()) {
    return map.find(*text) != nullptr;
  }
  const auto number = key.integer();
  return number && map.find(*number) != nullptr;
}

// RFC 9052, section 3: a label is in one of the two headers, and critical ones must be understood.
Status check_headers(const CborItem& protected_header, const CborItem& unprotected) {
  for (std::size_t i = 0; i < unprotected.items.size(); i += 2) {
    if (has_key(protected_header, unprotected.items[i])) {
      return fail(ErrorKind::malformed, "COSE_Sign1: expected each header parameter in one header, found one in both");
    }
  }
  if (protected_header.find(kCriticalLabel) != nullptr || unprotected.find(kCriticalLabel) != nullptr) {
    return fail(ErrorKind::unsupported,
                "COSE_Sign1: the message has critical header parameters, and none is known here");
  }
  return {};
}

struct CoseCurve {
  std::int64_t id;
  Curve curve;
};
constexpr std::array kCurves{CoseCurve{1, Curve::p256}, CoseCurve{2, Curve::p384}, CoseCurve{3, Curve::p521}};

}  // namespace

std::span<const CoseAlgorithm> cose_algorithms() {
  return kAlgorithms;
}

const CoseAlgorithm* find_cose_algorithm(std::int64_t id) {
  const auto row = std::ranges::find(kAlgorithms, id, &CoseAlgorithm::id);
  return row == kAlgorithms.end() ? nullptr : &*row;
}

// RFC 9052, section 4.2.
Result<CoseSign1> parse_cose_sign1(ByteView bytes, const CborLimits& limits) {
  MRTOOL_TRY(document, parse_cbor(bytes, limits));
  const CborItem* array = &document.root;
  if (array->kind == CborKind::tag && array->number == kSign1Tag) {
    array = &array->items.front();
  }
  constexpr std::size_t kParts = 4;
  if (array->kind != CborKind::array || array->items.size() != kParts) {
    return malformed("an array of four items, bare or with tag 18", *array);
  }
  const CborItem& protected_header = array->items[0];
  const CborItem& unprotected = array->items[1];
  const CborItem& payload = array->items[2];
  const CborItem& signature = array->items[3];
  if (protected_header.kind != CborKind::bytes) {
    return malformed("a byte string as the protected header", protected_header);
  }
  if (unprotected.kind != CborKind::map) {
    return malformed("a map as the unprotected header", unprotected);
  }
  if (payload.kind != CborKind::bytes) {
    return malformed("a byte string as the payload", payload);
  }
  if (signature.kind != CborKind::bytes) {
    return malformed("a byte string as the signature", signature);
  }
  MRTOOL_TRY(header, parse_protected_header(protected_header.bytes, limits));
  if (auto fine = check_headers(header.root, unprotected); !fine) {
    return std::unexpected(fine.error());
  }
  CoseSign1 message;
  if (const CborItem* algorithm = header.root.find(kAlgorithmLabel)) {
    message.algorithm = algorithm->integer();
  }
  message.protected_header = protected_header.bytes;
  message.payload = payload.bytes;
  message.signature = signature.bytes;
  message.document = std::move(document);
  return message;
}

Bytes sig_structure(const CoseSign1& message) {
  constexpr std::uint64_t kParts = 4;
  Bytes out;
  append_cbor_head(out, CborMajor::array, kParts);
  append_cbor_text(out, "Signature1");
  append_cbor_bytes(out, message.protected_header);
  append_cbor_bytes(out, {});
  append_cbor_bytes(out, message.payload);
  return out;
}

Status verify_cose_sign1(const CoseSign1& message, const PublicKey& key) {
  if (!message.algorithm) {
    return fail(ErrorKind::check_failed, "the protected header names no signature algorithm by number");
  }
  const CoseAlgorithm* algorithm = find_cose_algorithm(*message.algorithm);
  if (algorithm == nullptr) {
    return fail(ErrorKind::check_failed,
                fmt::format("COSE algorithm {} is not one that is accepted here", *message.algorithm));
  }
  const bool fits = algorithm->curve ? key.kind() == PublicKey::Kind::ec && key.curve() == algorithm->curve
                                     : key.kind() == PublicKey::Kind::rsa && key.bits() >= kShortestRsaKey;
  if (!fits) {
    return fail(ErrorKind::check_failed, fmt::format("the message is signed with {}, which is not for a key of kind {}",
                                                     algorithm->name, key.description()));
  }
  if (!verify_signature(key, algorithm->scheme, algorithm->hash, sig_structure(message), message.signature)) {
    return fail(ErrorKind::check_failed,
                fmt::format("the {} signature is not by this key over this message", algorithm->name));
  }
  return {};
}

Result<PublicKey> parse_cose_key(ByteView bytes) {
  constexpr std::int64_t kTypeLabel = 1;
  constexpr std::int64_t kCurveLabel = -1;
  constexpr std::int64_t kXLabel = -2;
  constexpr std::int64_t kYLabel = -3;
  constexpr std::int64_t kEc2 = 2;
  MRTOOL_TRY(document, parse_cbor(bytes));
  const auto integer = [&](std::int64_t label) {
    const CborItem* item = document.root.find(label);
    return item == nullptr ? std::nullopt : item->integer();
  };
  const auto coordinate = [&](std::int64_t label) {
    const CborItem* item = document.root.find(label);
    return item == nullptr ? std::nullopt : item->byte_string();
  };
  const auto curve =
      std::ranges::find_if(kCurves, [&](const CoseCurve& row) { return row.id == integer(kCurveLabel); });
  const auto x = coordinate(kXLabel);
  const auto y = coordinate(kYLabel);
  if (integer(kTypeLabel) != kEc2 || curve == kCurves.end() || !x || !y) {
    return fail(ErrorKind::malformed,
                "expected a COSE_Key of type EC2 on P-256, P-384 or P-521 with x and y, found another");
  }
  return PublicKey::from_ec(curve->curve, *x, *y);
}

}  // namespace mrtool
