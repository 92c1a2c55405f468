// Arm CCA tokens: the platform vouches for the realm's attestation key (RAK), which signs the realm's claims
// (draft-ffm-rats-cca-token; Realm Management Monitor specification, A7).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/crypto/hash.hpp"
#include "lib/quote/common.hpp"
#include "lib/quote/cose.hpp"
#include "lib/quote/kinds.hpp"

namespace mrtool::quotes {
namespace {

constexpr std::uint64_t kCmwTag = 907;     // conceptual message wrappers: [content type, token]
constexpr std::uint64_t kLegacyTag = 399;  // an EAT collection: the token alone
constexpr std::uint64_t kEatContentType = 263;
constexpr std::int64_t kPlatformToken = 44234;
constexpr std::int64_t kRealmToken = 44241;

constexpr std::size_t kChallengeSize = 64;
constexpr std::size_t kRems = 4;
constexpr std::size_t kRawRakSize = 97;  // 04 ‖ x ‖ y on P-384, before realm tokens had a profile

namespace claim {
constexpr std::int64_t kChallenge = 10;
constexpr std::int64_t kInstance = 256;
constexpr std::int64_t kProfile = 265;
constexpr std::int64_t kLifecycle = 2395;
constexpr std::int64_t kImplementation = 2396;
constexpr std::int64_t kComponents = 2399;
constexpr std::int64_t kVerificationService = 2400;
constexpr std::int64_t kPersonalization = 44235;
constexpr std::int64_t kRealmHash = 44236;
constexpr std::int64_t kRak = 44237;
constexpr std::int64_t kRim = 44238;
constexpr std::int64_t kRem = 44239;
constexpr std::int64_t kRakHash = 44240;
}  // namespace claim

constexpr std::string_view kRealmProfile = "tag:arm.com,2023:realm#1.0.0";
constexpr std::array<std::string_view, 2> kPlatformProfiles{"tag:arm.com,2023:cca_platform#1.0.0",
                                                            "http://arm.com/CCA-SSD/1.0.0"};

struct Lifecycle {
  std::uint64_t first;
  std::string_view name;
};
constexpr std::uint64_t kLifecycleStates = 0x100;  // values of each
constexpr std::uint64_t kSecured = 0x3000;
constexpr std::array kLifecycles{
    Lifecycle{0x0000, "unknown"},
    Lifecycle{0x1000, "assembly and test"},
    Lifecycle{0x2000, "provisioning of the platform's root of trust"},
    Lifecycle{kSecured, "secured"},
    Lifecycle{0x4000, "debug outside of the platform's root of trust"},
    Lifecycle{0x5000, "recoverable debug of the platform's root of trust"},
    Lifecycle{0x6000, "decommissioned"},
};

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::malformed, "CCA token: " + std::move(message));
}

// A signed map of claims.
struct Token {
  CoseSign1 message;
  CborDocument claims;
};

struct Collection {
  CborDocument document;
  ByteView platform;
  ByteView realm;
};

Result<ByteView> wrapped_token(const CborItem& collection, std::int64_t key, bool cmw) {
  const CborItem* item = collection.find(key);
  const std::string_view name = key == kPlatformToken ? "platform" : "realm";
  if (item != nullptr && cmw) {
    const bool is_pair = item->kind == CborKind::array && item->items.size() == 2 &&
                         item->items[0].kind == CborKind::unsigned_integer && item->items[0].number == kEatContentType;
    if (!is_pair) {
      return malformed(fmt::format("expected [{}, token] for the {} token, found another form", kEatContentType, name));
    }
    item = &item->items[1];
  }
  if (item == nullptr || item->kind != CborKind::bytes) {
    return malformed(fmt::format("expected the {} token as a byte string under {}, found {}", name, key,
                                 item == nullptr ? "nothing" : to_string(item->kind)));
  }
  return item->bytes;
}

Result<Collection> read_collection(ByteView bytes) {
  Collection collection;
  MRTOOL_TRY(document, parse_cbor(bytes));
  collection.document = std::move(document);
  const CborItem& tag = collection.document.root;
  if (tag.kind != CborKind::tag || (tag.number != kCmwTag && tag.number != kLegacyTag)) {
    return malformed(fmt::format("expected tag {} or {}, found another item", kCmwTag, kLegacyTag));
  }
  const CborItem& map = tag.items.front();
  MRTOOL_TRY(platform, wrapped_token(map, kPlatformToken, tag.number == kCmwTag));
  MRTOOL_TRY(realm, wrapped_token(map, kRealmToken, tag.number == kCmwTag));
  collection.platform = platform;
  collection.realm = realm;
  return collection;
}

Result<Token> read_token(ByteView bytes) {
  Token token;
  MRTOOL_TRY(message, parse_cose_sign1(bytes));
  token.message = std::move(message);
  MRTOOL_TRY(claims, parse_cbor(token.message.payload));
  token.claims = std::move(claims);
  if (token.claims.root.kind != CborKind::map) {
    return malformed(fmt::format("expected a map of claims, found {}", to_string(token.claims.root.kind)));
  }
  return token;
}

Result<const CborItem*> required(const Token& token, std::int64_t key, CborKind kind) {
  const CborItem* item = token.claims.root.find(key);
  if (item == nullptr || item->kind != kind) {
    return malformed(fmt::format("expected {} as claim {}, found {}", to_string(kind), key,
                                 item == nullptr ? "nothing" : to_string(item->kind)));
  }
  return item;
}

Result<HashAlgorithm> required_hash(const Token& token, std::int64_t key) {
  MRTOOL_TRY(name, required(token, key, CborKind::text));
  const auto algorithm = parse_algorithm(as_text(name->bytes));
  if (!algorithm || !HashEngine::can_compute(*algorithm) || find_algorithm(*algorithm)->weak) {
    return malformed(fmt::format("expected the name of a strong hash algorithm as claim {}, found another text", key));
  }
  return *algorithm;
}

// What the realm's token has to state for the rest to make sense.
struct RealmClaims {
  ByteView challenge;
  ByteView rak;
  HashAlgorithm rak_hash = HashAlgorithm::none;
  std::map<RegisterKey, Digest> registers;
  QuoteCheck measurements;
};

// The initial measurement and the extensible ones, in the bank that the token names. Where their size is not the
// bank's, none is taken.
Result<QuoteCheck> read_registers(const Token& token, RealmClaims& claims) {
  MRTOOL_TRY(bank, required_hash(token, claim::kRealmHash));
  MRTOOL_TRY(rim, required(token, claim::kRim, CborKind::bytes));
  MRTOOL_TRY(rems, required(token, claim::kRem, CborKind::array));
  if (rems->items.size() != kRems) {
    return malformed(fmt::format("expected {} extensible measurements, found {}", kRems, rems->items.size()));
  }
  const std::size_t size = find_algorithm(bank)->size;
  std::map<RegisterKey, Digest> registers;
  for (std::size_t i = 0; i <= kRems; ++i) {
    const CborItem& item = i == 0 ? *rim : rems->items[i - 1];
    if (item.kind != CborKind::bytes) {
      return malformed(fmt::format("expected byte strings as measurements, found {}", to_string(item.kind)));
    }
    if (item.bytes.size() != size) {
      return QuoteCheck{.name = "measurements",
                        .verdict = Verdict::inconclusive,
                        .detail = fmt::format("the token says that measurements are of {}, and states one of {} bytes",
                                              to_string(bank), item.bytes.size())};
    }
    const Register reg{.kind = i == 0 ? RegisterKind::rim : RegisterKind::rem,
                       .index = static_cast<std::uint32_t>(i == 0 ? 0 : i - 1),
                       .name = {},
                       .provider = {},
                       .carrier = {}};
    registers.emplace(RegisterKey{reg, bank}, Digest(item.bytes));
  }
  claims.registers = std::move(registers);
  return QuoteCheck{.name = "measurements",
                    .verdict = Verdict::pass,
                    .detail = fmt::format("RIM and REM 0 to 3 are of the size of {}", to_string(bank))};
}

Result<RealmClaims> read_realm(const Token& token) {
  RealmClaims claims;
  MRTOOL_TRY(challenge, required(token, claim::kChallenge, CborKind::bytes));
  if (challenge->bytes.size() != kChallengeSize) {
    return malformed(fmt::format("expected a challenge of {} bytes in the realm's token, found {}", kChallengeSize,
                                 challenge->bytes.size()));
  }
  MRTOOL_TRY(rak, required(token, claim::kRak, CborKind::bytes));
  MRTOOL_TRY(rak_hash, required_hash(token, claim::kRakHash));
  claims.challenge = challenge->bytes;
  claims.rak = rak->bytes;
  claims.rak_hash = rak_hash;
  MRTOOL_TRY(measurements, read_registers(token, claims));
  claims.measurements = std::move(measurements);
  return claims;
}

Result<PublicKey> parse_rak(ByteView rak) {
  constexpr std::uint8_t kUncompressed = 0x04;
  if (rak.size() == kRawRakSize && rak.front() == kUncompressed) {
    const std::size_t half = coordinate_size(Curve::p384);
    return PublicKey::from_ec(Curve::p384, rak.subspan(1, half), rak.subspan(1 + half));
  }
  return parse_cose_key(rak);
}

QuoteCheck realm_signature_check(const Token& realm, const RealmClaims& claims) {
  QuoteCheck check{.name = "realm-signature", .verdict = Verdict::fail, .detail = {}};
  const auto key = parse_rak(claims.rak);
  if (!key) {
    check.detail = "the realm's attestation key cannot be read: " + key.error().message;
    return check;
  }
  const auto verified = verify_cose_sign1(realm.message, *key);
  check.verdict = verified ? Verdict::pass : Verdict::fail;
  check.detail = verified ? "the realm's token is signed with the realm attestation key that it names"
                          : "the realm's token: " + verified.error().message;
  return check;
}

QuoteCheck binding_check(const Token& platform, const RealmClaims& claims) {
  QuoteCheck check{.name = "platform-binding", .verdict = Verdict::fail, .detail = {}};
  const CborItem* challenge = platform.claims.root.find(claim::kChallenge);
  if (challenge == nullptr || challenge->kind != CborKind::bytes) {
    check.detail = "the platform's token holds no challenge, which would name the realm's attestation key";
    return check;
  }
  const Digest expected = HashEngine().hash(claims.rak_hash, claims.rak);
  if (!equal(expected.view(), challenge->bytes)) {
    check.detail = fmt::format(
        "the platform's token is about another realm: its challenge is not the {} of this realm's "
        "attestation key",
        to_string(claims.rak_hash));
    return check;
  }
  check.verdict = Verdict::pass;
  check.detail =
      fmt::format("the platform's challenge is the {} of the realm's attestation key", to_string(claims.rak_hash));
  return check;
}

// PEM, DER or a COSE_Key.
Result<PublicKey> parse_platform_key(const NamedBytes& file) {
  auto key = PublicKey::parse(file.bytes);
  if (key) {
    return key;
  }
  if (auto cose = parse_cose_key(file.bytes)) {
    return cose;
  }
  Error error = key.error();
  error.file = file.name;
  return std::unexpected(std::move(error));
}

Result<QuoteCheck> platform_signature_check(const Token& platform, const QuoteEvidence& evidence) {
  QuoteCheck check{.name = "platform-signature", .verdict = Verdict::inconclusive, .detail = {}};
  if (!evidence.key) {
    check.detail = "platform key not supplied: give the CCA platform attestation key (CPAK) of this machine with --key";
    return check;
  }
  MRTOOL_TRY(key, parse_platform_key(*evidence.key));
  const auto verified = verify_cose_sign1(platform.message, key);
  check.verdict = verified ? Verdict::pass : Verdict::fail;
  check.detail = verified ? "the platform's token is signed with the key that was given"
                          : "the platform's token: " + verified.error().message;
  return check;
}

// Without a profile a realm's token is one from before there was any; a platform's always has one.
QuoteCheck profile_check(std::string_view name, const Token& token, std::span<const std::string_view> known,
                         bool optional) {
  QuoteCheck check{.name = std::string(name), .verdict = Verdict::inconclusive, .detail = {}};
  const CborItem* profile = token.claims.root.find(claim::kProfile);
  if (profile == nullptr) {
    check.verdict = optional ? Verdict::pass : Verdict::inconclusive;
    check.detail = optional ? "the token is of the form from before profiles"
                            : "the token names no profile, so that the meaning of its claims is not known";
    return check;
  }
  const auto text = profile->text();
  if (!text || std::ranges::find(known, *text) == known.end()) {
    check.detail = fmt::format("the profile {} is not known here, so that the meaning of the claims is not either",
                               text.value_or("that is no text"));
    return check;
  }
  check.verdict = Verdict::pass;
  check.detail = fmt::format("the token is of profile {}", *text);
  return check;
}

QuoteCheck lifecycle_check(const Token& platform) {
  QuoteCheck check{.name = "lifecycle", .verdict = Verdict::inconclusive, .detail = {}};
  const CborItem* item = platform.claims.root.find(claim::kLifecycle);
  if (item == nullptr || item->kind != CborKind::unsigned_integer) {
    check.detail = "the platform's token does not say in which state of its life cycle the machine is";
    return check;
  }
  const auto row = std::ranges::find_if(kLifecycles, [&](const Lifecycle& state) {
    return item->number >= state.first && item->number - state.first < kLifecycleStates;
  });
  const std::string_view name = row == kLifecycles.end() ? "not defined" : row->name;
  const bool secured = row != kLifecycles.end() && row->first == kSecured;
  check.verdict = secured ? Verdict::pass : Verdict::fail;
  check.detail = fmt::format("the platform's state is 0x{:04x}: {}{}", item->number, name,
                             secured ? "" : ", and only a secured one protects a realm");
  return check;
}

// A claim for people: integers, text and bytes as they are; of a structure, its encoding.
Value value_of(const CborItem& item) {
  if (const auto text = item.text()) {
    return *text;
  }
  if (item.kind == CborKind::unsigned_integer) {
    return Value::wide(item.number);
  }
  return to_bytes(item.byte_string().value_or(item.raw));
}

struct Shown {
  std::int64_t key;
  std::string_view name;
};
constexpr std::array kRealmShown{
    Shown{claim::kProfile, "profile"},
    Shown{claim::kChallenge, "challenge"},
    Shown{claim::kPersonalization, "personalization"},
    Shown{claim::kRealmHash, "hash_algorithm"},
    Shown{claim::kRak, "public_key"},
    Shown{claim::kRakHash, "public_key_hash_algorithm"},
};
constexpr std::array kPlatformShown{
    Shown{claim::kProfile, "profile"},
    Shown{claim::kChallenge, "challenge"},
    Shown{claim::kImplementation, "implementation_id"},
    Shown{claim::kInstance, "instance_id"},
    Shown{claim::kLifecycle, "lifecycle"},
    Shown{claim::kVerificationService, "verification_service"},
};

Value::Object show(const Token& token, std::span<const Shown> rows) {
  Value::Object fields;
  for (const Shown& row : rows) {
    if (const CborItem* item = token.claims.root.find(row.key)) {
      fields.push_back({std::string(row.name), value_of(*item)});
    }
  }
  return fields;
}

// Software components of the platform: {1 type, 2 measurement, 4 version, 5 signer, 6 hash algorithm}.
Value components(const Token& platform) {
  constexpr std::array kMembers{Shown{1, "type"}, Shown{2, "measurement"}, Shown{4, "version"}, Shown{5, "signer_id"},
                                Shown{6, "hash_algorithm"}};
  Value::List list;
  const CborItem* item = platform.claims.root.find(claim::kComponents);
  for (const CborItem& component : item == nullptr ? std::vector<CborItem>() : item->items) {
    Value::Object fields;
    for (const Shown& row : kMembers) {
      if (const CborItem* member = component.find(row.key)) {
        fields.push_back({std::string(row.name), value_of(*member)});
      }
    }
    list.emplace_back(std::move(fields));
  }
  return list;
}

Result<QuoteResult> appraise_token(const QuoteEvidence& evidence) {
  MRTOOL_TRY(collection, read_collection(evidence.quote.bytes));
  MRTOOL_TRY(platform, read_token(collection.platform));
  MRTOOL_TRY(realm, read_token(collection.realm));
  MRTOOL_TRY(claims, read_realm(realm));
  MRTOOL_TRY(platform_signature, platform_signature_check(platform, evidence));

  QuoteResult result;
  result.checks = {std::move(platform_signature),
                   profile_check("platform-profile", platform, kPlatformProfiles, false),
                   lifecycle_check(platform),
                   binding_check(platform, claims),
                   realm_signature_check(realm, claims),
                   profile_check("realm-profile", realm, std::span(&kRealmProfile, 1), true),
                   claims.measurements,
                   check_nonce(evidence, claims.challenge, kChallengeSize)};
  tell_unused(result.checks, evidence, {Input::key});
  Value::Object platform_fields = show(platform, kPlatformShown);
  platform_fields.push_back({"software_components", components(platform)});
  result.fields = {{"realm", show(realm, kRealmShown)}, {"platform", std::move(platform_fields)}};
  result.registers.values = std::move(claims.registers);
  return result;
}

}  // namespace

bool is_cca(ByteView bytes) {
  // Tags 399 and 907.
  constexpr std::array<std::uint8_t, 3> kLegacy{0xD9, 0x01, 0x8F};
  constexpr std::array<std::uint8_t, 3> kCmw{0xD9, 0x03, 0x8B};
  return bytes.size() > kCmw.size() &&
         (equal(bytes.first(kCmw.size()), kCmw) || equal(bytes.first(kLegacy.size()), kLegacy));
}

Result<QuoteResult> appraise_cca(const QuoteEvidence& evidence) {
  return named(appraise_token(evidence), "cca", evidence);
}

}  // namespace mrtool::quotes
