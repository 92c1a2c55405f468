#include "lib/quote/tpm_signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "lib/base/byte_reader.hpp"

namespace mrtool::quotes {

namespace {

enum class Body : std::uint8_t { one, pair, digest };  // u16 size and bytes; twice; a digest of the hash's size

struct SchemeRow {
  std::uint16_t id;
  std::string_view name;
  Body body;
  std::optional<SignatureScheme> scheme;
};

constexpr std::uint16_t kRsassa = 0x0014;
constexpr std::uint16_t kRsapss = 0x0016;
constexpr std::uint16_t kEcdsa = 0x0018;

constexpr std::array kSchemes{
    SchemeRow{0x0005, "HMAC", Body::digest, {}},
    SchemeRow{kRsassa, "RSASSA", Body::one, SignatureScheme::rsassa},
    SchemeRow{kRsapss, "RSAPSS", Body::one, SignatureScheme::rsapss},
    SchemeRow{kEcdsa, "ECDSA", Body::pair, SignatureScheme::ecdsa},
    SchemeRow{0x001A, "ECDAA", Body::pair, {}},
    SchemeRow{0x001B, "SM2", Body::pair, {}},
    SchemeRow{0x001C, "EC-Schnorr", Body::pair, {}},
};

const SchemeRow* find_scheme(std::uint16_t id) {
  const auto* const row = std::ranges::find(kSchemes, id, &SchemeRow::id);
  return row == kSchemes.end() ? nullptr : row;
}

ByteView sized_bytes(ByteReader& reader) {
  const std::uint16_t size = reader.u16();
  return reader.take(size);
}

// TPMT_SIGNATURE, whole and nothing behind it.
std::optional<TpmSignature> read_tpmt(ByteView bytes) {
  ByteReader reader(bytes, 0, ByteOrder::big);
  TpmSignature signature;
  signature.scheme.id = reader.u16();
  signature.scheme.hash = static_cast<HashAlgorithm>(reader.u16());
  const SchemeRow* const row = find_scheme(signature.scheme.id);
  const HashAlgorithmRow* const hash = find_algorithm(signature.scheme.hash);
  if (row == nullptr || hash == nullptr) {
    return {};
  }
  signature.first = row->body == Body::digest ? reader.take(hash->size) : sized_bytes(reader);
  if (row->body == Body::pair) {
    signature.second = sized_bytes(reader);
  }
  return reader.ok() && reader.left() == 0 ? std::optional(signature) : std::nullopt;
}

bool is_rsa_size(std::size_t size, const PublicKey* key) {
  constexpr std::size_t kBits = 8;
  constexpr std::array<std::size_t, 4> kUsual{128, 256, 384, 512};
  return std::ranges::find(kUsual, size) != kUsual.end() ||
         (key != nullptr && key->kind() == PublicKey::Kind::rsa &&
          size == (static_cast<std::size_t>(key->bits()) + kBits - 1) / kBits);
}

bool is_der_pair(ByteView bytes) {
  return std::ranges::any_of(std::array{Curve::p256, Curve::p384, Curve::p521},
                             [&](Curve curve) { return ecdsa_signature_from_der(curve, bytes).has_value(); });
}

// The schemes that a signature may have been made by.
std::vector<TpmScheme> candidates(const PublicKey& key, const std::optional<TpmScheme>& key_scheme,
                                  const TpmSignature& signature, std::size_t digest_size) {
  const bool stated = signature.form == TpmSignature::Form::tpmt;
  if (stated) {
    return key_scheme && *key_scheme != signature.scheme ? std::vector<TpmScheme>{} : std::vector{signature.scheme};
  }
  if (key_scheme) {
    return {*key_scheme};
  }
  const std::vector<std::uint16_t> ids =
      key.kind() == PublicKey::Kind::rsa ? std::vector{kRsassa, kRsapss} : std::vector{kEcdsa};
  std::vector<TpmScheme> all;
  for (const HashAlgorithmRow& row : hash_algorithms()) {
    if (row.size == digest_size) {
      for (const std::uint16_t id : ids) {
        all.push_back({.id = id, .hash = row.id});
      }
    }
  }
  return all;
}

// The signature as verify_signature takes it.
std::optional<Bytes> plain(const PublicKey& key, SignatureScheme scheme, const TpmSignature& signature) {
  if (scheme != SignatureScheme::ecdsa) {
    return signature.form == TpmSignature::Form::der_ecdsa ? std::nullopt : std::optional(to_bytes(signature.first));
  }
  const std::optional<Curve> curve = key.curve();
  if (!curve || signature.form == TpmSignature::Form::raw_rsa) {
    return {};
  }
  return signature.form == TpmSignature::Form::tpmt ? ecdsa_signature(*curve, signature.first, signature.second)
                                                    : ecdsa_signature_from_der(*curve, signature.first);
}

}  // namespace

std::string to_string(const TpmScheme& scheme) {
  const SchemeRow* const row = find_scheme(scheme.id);
  return fmt::format("{} with {}", row != nullptr ? std::string(row->name) : fmt::format("{:#06x}", scheme.id),
                     to_string(scheme.hash));
}

std::optional<SignatureScheme> signature_scheme(std::uint16_t id) {
  const SchemeRow* const row = find_scheme(id);
  return row != nullptr ? row->scheme : std::nullopt;
}

Result<TpmSignature> parse_tpm_signature(ByteView bytes, const PublicKey* key) {
  if (const auto signature = read_tpmt(bytes)) {
    return *signature;
  }
  if (is_rsa_size(bytes.size(), key)) {
    return TpmSignature{.form = TpmSignature::Form::raw_rsa, .scheme = {}, .first = bytes, .second = {}};
  }
  if (is_der_pair(bytes)) {
    return TpmSignature{.form = TpmSignature::Form::der_ecdsa, .scheme = {}, .first = bytes, .second = {}};
  }
  return fail(ErrorKind::malformed,
              fmt::format("{} bytes are neither a TPMT_SIGNATURE nor a plain RSA or ECDSA signature", bytes.size()));
}

std::optional<TpmScheme> verify_tpm_signature(const PublicKey& key, const std::optional<TpmScheme>& key_scheme,
                                              const TpmSignature& signature, ByteView message,
                                              std::size_t digest_size) {
  for (const TpmScheme& candidate : candidates(key, key_scheme, signature, digest_size)) {
    const std::optional<SignatureScheme> scheme = signature_scheme(candidate.id);
    const std::optional<Bytes> raw = scheme ? plain(key, *scheme, signature) : std::nullopt;
    if (raw && verify_signature(key, *scheme, candidate.hash, message, *raw)) {
      return candidate;
    }
  }
  return {};
}

}  // namespace mrtool::quotes
