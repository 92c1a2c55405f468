#include "lib/crypto/public_key.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <limits>

#include "lib/crypto/hash.hpp"

namespace mrtool {

struct PublicKey::Native {
  explicit Native(EVP_PKEY* owned) : key(owned) {}
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;
  ~Native() { EVP_PKEY_free(key); }

  EVP_PKEY* key;
};

namespace {

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(char* text) const { OPENSSL_free(text); }
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
};

template <class T>
using Owned = std::unique_ptr<T, Free>;

// What the crypto library says of a failure belongs to the call that failed, not to the next one.
struct ErrorQueueGuard {
  ErrorQueueGuard() = default;
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
  ~ErrorQueueGuard() { ERR_clear_error(); }
};

constexpr int kMinimumModulusBits = 1024;  // shorter ones are factored in practice
constexpr int kMaximumModulusBits = 16384;
constexpr int kMaximumExponentBits = 64;

struct CurveRow {
  Curve curve;
  std::string_view name;
  const char* group;     // the crypto library's name of the curve
  const char* key_type;  // and of its keys
  std::size_t size;      // bytes of a coordinate, and of a number below the order
};

constexpr std::array kCurves{
    CurveRow{Curve::p256, "P-256", SN_X9_62_prime256v1, "EC", 32},
    CurveRow{Curve::p384, "P-384", SN_secp384r1, "EC", 48},
    CurveRow{Curve::p521, "P-521", SN_secp521r1, "EC", 66},
    CurveRow{Curve::sm2, "SM2", SN_sm2, "SM2", 32},
};

const CurveRow& row_of(Curve curve) {
  return *std::ranges::find(kCurves, curve, &CurveRow::curve);
}

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::malformed, std::move(message));
}

ByteView without_leading_zeros(ByteView number) {
  const auto first = std::ranges::find_if(number, [](std::uint8_t byte) { return byte != 0; });
  return number.subspan(static_cast<std::size_t>(first - number.begin()));
}

Owned<BIGNUM> number_parameter(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  return Owned<BIGNUM>(number);
}

std::string group_name(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), &size) != 1) {
    return {};
  }
  return {name.data(), size};
}

PublicKey::Kind kind_of(const EVP_PKEY* key) {
  const auto is_any_of = [&](std::initializer_list<const char*> types) {
    return std::ranges::any_of(types, [&](const char* type) { return EVP_PKEY_is_a(key, type) == 1; });
  };
  if (is_any_of({"RSA", "RSA-PSS"})) {
    return PublicKey::Kind::rsa;
  }
  return is_any_of({"EC", "SM2"}) ? PublicKey::Kind::ec : PublicKey::Kind::other;
}

// A modulus that can't be a product of two primes, or an exponent with which anyone can sign, is no key.
Status check_rsa(const EVP_PKEY* key) {
  const Owned<BIGNUM> modulus = number_parameter(key, OSSL_PKEY_PARAM_RSA_N);
  const Owned<BIGNUM> exponent = number_parameter(key, OSSL_PKEY_PARAM_RSA_E);
  if (!modulus || !exponent) {
    return malformed("an RSA key without modulus or exponent");
  }
  const int bits = BN_num_bits(modulus.get());
  if (bits < kMinimumModulusBits || bits > kMaximumModulusBits) {
    return malformed(
        fmt::format("an RSA modulus has {} bits; expected {} to {}", bits, kMinimumModulusBits, kMaximumModulusBits));
  }
  if (BN_is_odd(modulus.get()) == 0) {
    return malformed("an RSA modulus is even, so that anyone can find its factors");
  }
  if (BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) != 0 ||
      BN_num_bits(exponent.get()) > kMaximumExponentBits) {
    return malformed(fmt::format("an RSA exponent is even, 1 or longer than {} bits; expected 3, 65537 or the like",
                                 kMaximumExponentBits));
  }
  return {};
}

Status check_ec(EVP_PKEY* key) {
  int from_explicit = 0;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &from_explicit) == 1 &&
      from_explicit != 0) {
    return malformed("an EC key that brings a curve of its own; expected the name of a curve");
  }
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context || EVP_PKEY_public_check(context.get()) != 1) {
    return malformed("the point of an EC key is not on its curve");
  }
  return {};
}

Result<PublicKey> checked(Owned<EVP_PKEY> key) {
  Status status;
  switch (kind_of(key.get())) {
    case PublicKey::Kind::rsa:
      status = check_rsa(key.get());
      break;
    case PublicKey::Kind::ec:
      status = check_ec(key.get());
      break;
    case PublicKey::Kind::other:
      break;
  }
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  return PublicKey(std::make_shared<PublicKey::Native>(key.release()));
}

using Decode = Owned<EVP_PKEY> (*)(const unsigned char** at, long size);

Owned<EVP_PKEY> decode_public_key(const unsigned char** at, long size) {
  return Owned<EVP_PKEY>(d2i_PUBKEY(nullptr, at, size));
}

Owned<EVP_PKEY> decode_rsa_public_key(const unsigned char** at, long size) {
  return Owned<EVP_PKEY>(d2i_PublicKey(EVP_PKEY_RSA, nullptr, at, size));
}

Owned<EVP_PKEY> decode_certificate(const unsigned char** at, long size) {
  const Owned<X509> certificate(d2i_X509(nullptr, at, size));
  return Owned<EVP_PKEY>(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

// Nothing when the bytes are not exactly one such structure.
Owned<EVP_PKEY> decode_whole(Decode decode, ByteView der) {
  const unsigned char* at = der.data();
  Owned<EVP_PKEY> key = decode(&at, static_cast<long>(der.size()));
  return at == der.data() + der.size() ? std::move(key) : nullptr;
}

struct PemRow {
  std::string_view label;
  Decode decode;
  bool more_may_follow;  // a chain starts with the certificate that it is for
};

constexpr std::array kPemLabels{
    PemRow{"PUBLIC KEY", decode_public_key, false},
    PemRow{"RSA PUBLIC KEY", decode_rsa_public_key, false},
    PemRow{"CERTIFICATE", decode_certificate, true},
    PemRow{"X509 CERTIFICATE", decode_certificate, true},
};

struct PemBlock {
  Owned<char> label;
  Owned<char> header;
  Owned<unsigned char> data;
  std::size_t size = 0;
};

std::optional<PemBlock> next_block(BIO* bio) {
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio, &label, &header, &data, &size) != 1) {
    return {};
  }
  return PemBlock{.label = Owned<char>(label),
                  .header = Owned<char>(header),
                  .data = Owned<unsigned char>(data),
                  .size = static_cast<std::size_t>(size)};
}

Result<PublicKey> parse_pem(ByteView text) {
  const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const std::optional<PemBlock> block = bio ? next_block(bio.get()) : std::nullopt;
  if (!block) {
    return malformed("expected a public key or a certificate as PEM or DER, found neither");
  }
  const std::string_view label = block->label.get();
  const auto row = std::ranges::find(kPemLabels, label, &PemRow::label);
  if (row == kPemLabels.end()) {
    return malformed(fmt::format("expected a PEM \"PUBLIC KEY\" or \"CERTIFICATE\", found \"{}\"", label));
  }
  Owned<EVP_PKEY> key = decode_whole(row->decode, {block->data.get(), block->size});
  if (!key) {
    return malformed(fmt::format("the PEM \"{}\" holds no key that can be read", label));
  }
  if (!row->more_may_follow && next_block(bio.get())) {
    return malformed(fmt::format("more follows a PEM \"{}\"; expected one key", label));
  }
  return checked(std::move(key));
}

Result<PublicKey> make_key(const char* type, OSSL_PARAM_BLD* builder, std::string_view problem) {
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    EVP_PKEY_free(key);
    return malformed(std::string(problem));
  }
  return checked(Owned<EVP_PKEY>(key));
}

Owned<BIGNUM> to_number(ByteView big_endian) {
  return Owned<BIGNUM>(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
}

// DER of r ‖ s; empty when there is no memory for it.
Bytes to_der(ByteView signature) {
  const Owned<ECDSA_SIG> parts(ECDSA_SIG_new());
  const std::size_t half = signature.size() / 2;
  Owned<BIGNUM> r = to_number(signature.first(half));
  Owned<BIGNUM> s = to_number(signature.subspan(half));
  if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) {
    return {};
  }
  // NOLINTBEGIN(bugprone-unused-return-value): the signature owns them now
  (void)r.release();
  (void)s.release();
  // NOLINTEND(bugprone-unused-return-value)
  unsigned char* raw = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &raw);
  const Owned<unsigned char> der(raw);
  return size > 0 ? Bytes(raw, raw + size) : Bytes{};
}

bool set_rsa_padding(EVP_PKEY_CTX* context, SignatureScheme scheme, const EVP_MD* hash) {
  if (scheme == SignatureScheme::rsassa) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  }
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
}

// Does a signature of this form and size belong to a key of this kind?
bool fits(const PublicKey& key, SignatureScheme scheme, std::size_t signature_size) {
  if (scheme != SignatureScheme::ecdsa) {
    const int size = EVP_PKEY_get_size(key.native().key);
    return key.kind() == PublicKey::Kind::rsa && size > 0 && signature_size == static_cast<std::size_t>(size);
  }
  const std::optional<Curve> curve = key.curve();
  return curve && *curve != Curve::sm2 && signature_size == 2 * coordinate_size(*curve);
}

}  // namespace

std::string_view to_string(Curve curve) {
  return row_of(curve).name;
}

std::size_t coordinate_size(Curve curve) {
  return row_of(curve).size;
}

std::string_view to_string(SignatureScheme scheme) {
  constexpr std::array<std::string_view, 3> kNames{"RSASSA", "RSAPSS", "ECDSA"};
  return kNames.at(static_cast<std::size_t>(scheme));
}

PublicKey::PublicKey(std::shared_ptr<const Native> native) : native_(std::move(native)) {}

Result<PublicKey> PublicKey::parse(ByteView bytes) {
  const ErrorQueueGuard guard;
  if (bytes.empty() || bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return malformed("expected a public key, found no bytes or far too many");
  }
  for (const Decode decode : {decode_public_key, decode_certificate}) {
    if (Owned<EVP_PKEY> key = decode_whole(decode, bytes)) {
      return checked(std::move(key));
    }
  }
  return parse_pem(bytes);
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, std::uint32_t exponent) {
  const ErrorQueueGuard guard;
  const ByteView significant = without_leading_zeros(modulus);
  constexpr std::size_t kBits = 8;
  if (significant.size() > kMaximumModulusBits / kBits) {
    return malformed(fmt::format("an RSA modulus has {} bytes; expected at most {}", significant.size(),
                                 kMaximumModulusBits / kBits));
  }
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const Owned<BIGNUM> number = to_number(significant);
  constexpr std::string_view kProblem = "a modulus and an exponent that are no RSA key";
  if (!builder || !number || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, number.get()) != 1 ||
      OSSL_PARAM_BLD_push_uint32(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent) != 1) {
    return malformed(std::string(kProblem));
  }
  return make_key("RSA", builder.get(), kProblem);
}

Result<PublicKey> PublicKey::from_ec(Curve curve, ByteView x, ByteView y) {
  const ErrorQueueGuard guard;
  const CurveRow& row = row_of(curve);
  if (x.size() > row.size || y.size() > row.size) {
    return malformed(fmt::format("the coordinates of a {} key have {} and {} bytes; expected {}", row.name, x.size(),
                                 y.size(), row.size));
  }
  Bytes point(1 + 2 * row.size);
  point.front() = POINT_CONVERSION_UNCOMPRESSED;
  std::ranges::copy(x, point.begin() + static_cast<std::ptrdiff_t>(1 + row.size - x.size()));
  std::ranges::copy(y, point.end() - static_cast<std::ptrdiff_t>(y.size()));
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const std::string problem = fmt::format("the point of a {} key is not on its curve", row.name);
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, row.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return malformed(problem);
  }
  return make_key(row.key_type, builder.get(), problem);
}

PublicKey::Kind PublicKey::kind() const {
  return kind_of(native_->key);
}

int PublicKey::bits() const {
  return EVP_PKEY_get_bits(native_->key);
}

std::optional<Curve> PublicKey::curve() const {
  if (kind() != Kind::ec) {
    return {};
  }
  const auto* const row = std::ranges::find(kCurves, group_name(native_->key), &CurveRow::group);
  return row == kCurves.end() ? std::optional<Curve>{} : row->curve;
}

std::string PublicKey::description() const {
  switch (kind()) {
    case Kind::rsa:
      return fmt::format("RSA {}", bits());
    case Kind::ec: {
      const std::optional<Curve> known = curve();
      return known ? fmt::format("ECDSA {}", to_string(*known)) : fmt::format("EC {}", group_name(native_->key));
    }
    case Kind::other:
      break;
  }
  const char* const type = EVP_PKEY_get0_type_name(native_->key);
  return type == nullptr ? "a key of unknown type" : type;
}

Bytes PublicKey::der() const {
  const ErrorQueueGuard guard;
  unsigned char* raw = nullptr;
  const int size = i2d_PUBKEY(native_->key, &raw);
  const Owned<unsigned char> owned(raw);
  return size > 0 ? Bytes(raw, raw + size) : Bytes{};
}

bool verify_digest_signature(const PublicKey& key, SignatureScheme scheme, HashAlgorithm hash, ByteView digest,
                             ByteView signature) {
  const ErrorQueueGuard guard;
  const HashAlgorithmRow* const row = find_algorithm(hash);
  if (row == nullptr || digest.size() != row->size || !fits(key, scheme, signature.size())) {
    return false;
  }
  const Bytes der = scheme == SignatureScheme::ecdsa ? to_der(signature) : to_bytes(signature);
  const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> algorithm(EVP_MD_fetch(nullptr, row->openssl_name, nullptr),
                                                             EVP_MD_free);
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.native().key, nullptr));
  if (!algorithm || !context || EVP_PKEY_verify_init(context.get()) != 1) {
    return false;
  }
  if (scheme != SignatureScheme::ecdsa && !set_rsa_padding(context.get(), scheme, algorithm.get())) {
    return false;
  }
  return EVP_PKEY_CTX_set_signature_md(context.get(), algorithm.get()) == 1 &&
         EVP_PKEY_verify(context.get(), der.data(), der.size(), digest.data(), digest.size()) == 1;
}

bool verify_signature(const PublicKey& key, SignatureScheme scheme, HashAlgorithm hash, ByteView message,
                      ByteView signature) {
  const ErrorQueueGuard guard;
  if (!HashEngine::can_compute(hash)) {
    return false;
  }
  return verify_digest_signature(key, scheme, hash, HashEngine().hash(hash, message).view(), signature);
}

std::optional<Bytes> ecdsa_signature(Curve curve, ByteView r, ByteView s) {
  const std::size_t size = coordinate_size(curve);
  Bytes signature;
  for (const ByteView number : {without_leading_zeros(r), without_leading_zeros(s)}) {
    if (number.size() > size) {
      return {};
    }
    signature.resize(signature.size() + size - number.size());
    signature.insert(signature.end(), number.begin(), number.end());
  }
  return signature;
}

std::optional<Bytes> ecdsa_signature_from_der(Curve curve, ByteView der) {
  const ErrorQueueGuard guard;
  if (der.size() > std::numeric_limits<std::uint16_t>::max()) {
    return {};
  }
  const unsigned char* at = der.data();
  const Owned<ECDSA_SIG> parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parts) {
    return {};
  }
  const std::size_t size = coordinate_size(curve);
  Bytes signature(2 * size);
  const int width = static_cast<int>(size);
  const BIGNUM* const r = ECDSA_SIG_get0_r(parts.get());
  const BIGNUM* const s = ECDSA_SIG_get0_s(parts.get());
  if (BN_is_negative(r) != 0 || BN_is_negative(s) != 0 || BN_bn2binpad(r, signature.data(), width) != width ||
      BN_bn2binpad(s, signature.data() + size, width) != width) {
    return {};
  }
  // What isn't the one DER encoding of two numbers is refused, as the crypto library does.
  return equal(to_der(signature), der) ? std::optional(std::move(signature)) : std::nullopt;
}

}  // namespace mrtool
