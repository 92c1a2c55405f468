#include "lib/quote/tpm_public.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "lib/base/byte_reader.hpp"
#include "lib/crypto/hash.hpp"

namespace mrtool::quotes {

namespace {

constexpr std::uint16_t kRsa = 0x0001;
constexpr std::uint16_t kEcc = 0x0023;
constexpr std::uint16_t kXor = 0x000A;
constexpr std::uint16_t kRsaes = 0x0015;
constexpr std::uint16_t kEcdaa = 0x001A;

struct AttributeRow {
  std::uint32_t bit;
  std::string_view name;
};
constexpr std::array kAttributes{
    AttributeRow{kFixedTpm, "fixedTPM"},
    AttributeRow{1U << 2U, "stClear"},
    AttributeRow{1U << 4U, "fixedParent"},
    AttributeRow{1U << 5U, "sensitiveDataOrigin"},
    AttributeRow{1U << 6U, "userWithAuth"},
    AttributeRow{1U << 7U, "adminWithPolicy"},
    AttributeRow{1U << 10U, "noDA"},
    AttributeRow{1U << 11U, "encryptedDuplication"},
    AttributeRow{kRestricted, "restricted"},
    AttributeRow{kDecrypt, "decrypt"},
    AttributeRow{kSign, "sign"},
};

struct CurveRow {
  std::uint16_t id;  // TPM_ECC_CURVE
  Curve curve;
};
constexpr std::array kCurves{CurveRow{0x0003, Curve::p256}, CurveRow{0x0004, Curve::p384},
                             CurveRow{0x0005, Curve::p521}, CurveRow{0x0020, Curve::sm2}};

std::unexpected<Error> cut_short() {
  return fail(ErrorKind::malformed, "a TPM's public area is cut short");
}

ByteView sized_bytes(ByteReader& reader) {
  const std::uint16_t size = reader.u16();
  return reader.take(size);
}

bool is_key_type(std::uint16_t type) {
  return type == kRsa || type == kEcc;
}

// The TPMT_PUBLIC in what may be a TPM2B_PUBLIC.
std::optional<ByteView> area_of(ByteView bytes) {
  ByteReader reader(bytes, 0, ByteOrder::big);
  const std::uint16_t first = reader.u16();
  const std::uint16_t second = reader.u16();
  if (!reader.ok()) {
    return {};
  }
  if (first == bytes.size() - sizeof(first) && is_key_type(second)) {
    return bytes.subspan(sizeof(first));
  }
  return is_key_type(first) ? std::optional(bytes) : std::nullopt;
}

// TPMT_SYM_DEF_OBJECT: of a storage key only.
void skip_symmetric(ByteReader& reader) {
  const std::uint16_t algorithm = reader.u16();
  if (algorithm == kXor) {
    reader.skip(2);  // hash
  } else if (algorithm != kTpmAlgNull) {
    reader.skip(4);  // key bits, mode
  }
}

std::optional<TpmScheme> read_scheme(ByteReader& reader) {
  TpmScheme scheme{.id = reader.u16(), .hash = HashAlgorithm::none};
  if (scheme.id == kTpmAlgNull) {
    return {};
  }
  if (scheme.id != kRsaes) {
    scheme.hash = static_cast<HashAlgorithm>(reader.u16());
  }
  if (scheme.id == kEcdaa) {
    reader.skip(2);  // count
  }
  return scheme;
}

Result<PublicKey> read_rsa(ByteReader& reader) {
  constexpr std::uint32_t kDefaultExponent = 65537;
  constexpr std::size_t kBits = 8;
  const std::uint16_t bits = reader.u16();
  const std::uint32_t exponent = reader.u32();
  const ByteView modulus = sized_bytes(reader);
  if (!reader.ok()) {
    return cut_short();
  }
  if (modulus.size() * kBits != bits) {
    return fail(ErrorKind::malformed,
                fmt::format("an RSA key of {} bits has a modulus of {} bytes", bits, modulus.size()));
  }
  return PublicKey::from_rsa(modulus, exponent == 0 ? kDefaultExponent : exponent);
}

Result<PublicKey> read_ec(ByteReader& reader) {
  const std::uint16_t id = reader.u16();
  if (reader.u16() != kTpmAlgNull) {
    reader.skip(2);  // the hash of a key derivation function
  }
  const ByteView x = sized_bytes(reader);
  const ByteView y = sized_bytes(reader);
  if (!reader.ok()) {
    return cut_short();
  }
  const auto* const row = std::ranges::find(kCurves, id, &CurveRow::id);
  if (row == kCurves.end()) {
    return fail(ErrorKind::unsupported, fmt::format("a TPM key on curve {:#06x}, which is not known here", id));
  }
  return PublicKey::from_ec(row->curve, x, y);
}

Bytes name_of(HashAlgorithm algorithm, ByteView area) {
  if (!HashEngine::can_compute(algorithm)) {
    return {};
  }
  constexpr unsigned kBits = 8;
  const auto id = static_cast<std::uint16_t>(algorithm);
  const Digest digest = HashEngine().hash(algorithm, area);
  Bytes name{static_cast<std::uint8_t>(id >> kBits), static_cast<std::uint8_t>(id)};
  name.insert(name.end(), digest.view().begin(), digest.view().end());
  return name;
}

}  // namespace

std::string describe_attributes(std::uint32_t attributes) {
  std::vector<std::string_view> names;
  for (const AttributeRow& row : kAttributes) {
    if ((attributes & row.bit) != 0) {
      names.push_back(row.name);
    }
  }
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

bool is_tpm_public(ByteView bytes) {
  return area_of(bytes).has_value();
}

Result<TpmPublic> parse_tpm_public(ByteView bytes) {
  const std::optional<ByteView> area = area_of(bytes);
  if (!area) {
    return fail(ErrorKind::malformed, "expected a TPM2B_PUBLIC or TPMT_PUBLIC of an RSA or EC key");
  }
  ByteReader reader(*area, 0, ByteOrder::big);
  const std::uint16_t type = reader.u16();
  const auto name_algorithm = static_cast<HashAlgorithm>(reader.u16());
  const std::uint32_t attributes = reader.u32();
  (void)sized_bytes(reader);  // authorisation policy
  skip_symmetric(reader);
  const std::optional<TpmScheme> scheme = read_scheme(reader);
  MRTOOL_TRY(key, type == kRsa ? read_rsa(reader) : read_ec(reader));
  if (reader.left() != 0) {
    return fail(ErrorKind::malformed, fmt::format("{} bytes follow a TPM's public area", reader.left()));
  }
  return TpmPublic{
      .key = std::move(key), .attributes = attributes, .scheme = scheme, .name = name_of(name_algorithm, *area)};
}

Result<AttestationKey> parse_attestation_key(ByteView bytes) {
  if (is_tpm_public(bytes)) {
    MRTOOL_TRY(area, parse_tpm_public(bytes));
    PublicKey key = area.key;
    return AttestationKey{.key = std::move(key), .area = std::move(area), .certificates = {}};
  }
  if (auto certificates = Certificate::parse(bytes)) {
    MRTOOL_TRY(key, certificates->front().key());
    return AttestationKey{.key = std::move(key), .area = {}, .certificates = std::move(*certificates)};
  }
  MRTOOL_TRY(key, PublicKey::parse(bytes));
  return AttestationKey{.key = std::move(key), .area = {}, .certificates = {}};
}

}  // namespace mrtool::quotes
