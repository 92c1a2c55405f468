// AWS Nitro attestation documents: COSE_Sign1 over a CBOR map, of an enclave's security module or of an EC2 instance's
// NitroTPM (aws-nitro-enclaves-nsm-api, docs/attestation_process.md).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/quote/common.hpp"
#include "lib/quote/cose.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::quotes {
namespace {

// SHA-256 of the certificate CN=aws.nitro-enclaves, 2019-10-28 to 2049-10-28.
constexpr std::string_view kRootFingerprint = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";

// How far the clocks of the two machines may be apart, in seconds.
constexpr std::int64_t kClockSkew = 300;
constexpr std::uint64_t kMillisecondsPerSecond = 1000;
constexpr std::uint32_t kBootPcrs = 3;  // 0 image, 1 kernel, 2 application

struct Variant {
  std::string_view key;       // of the payload
  std::string_view provider;  // of the registers; an EC2 instance's TPM is its usual one
  std::uint32_t last_pcr;
  bool enclave;
};
constexpr std::array kVariants{
    Variant{"pcrs", "nitro", 31, true},
    Variant{"nitrotpm_pcrs", "", 23, false},
};

struct Document {
  CborDocument payload;
  const Variant* variant = nullptr;
  std::string_view module_id;
  std::uint64_t timestamp = 0;  // milliseconds since 1970
  HashAlgorithm bank = HashAlgorithm::none;
  std::map<RegisterKey, Digest> pcrs;
  ByteView certificate;
  std::vector<ByteView> cabundle;  // root first
  std::optional<ByteView> public_key;
  std::optional<ByteView> user_data;
  std::optional<ByteView> nonce;
};

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::malformed, "Nitro document: " + std::move(message));
}

Result<const CborItem*> member(const CborItem& map, std::string_view key, CborKind kind) {
  const CborItem* item = map.find(key);
  if (item == nullptr || item->kind != kind) {
    return malformed(fmt::format("expected {} as \"{}\", found {}", to_string(kind), key,
                                 item == nullptr ? "nothing" : to_string(item->kind)));
  }
  return item;
}

// Absent and null are the same.
Result<std::optional<ByteView>> optional_bytes(const CborItem& map, std::string_view key) {
  const CborItem* item = map.find(key);
  if (item == nullptr || item->is_null()) {
    return std::nullopt;
  }
  if (item->kind != CborKind::bytes) {
    return malformed(fmt::format("expected a byte string or null as \"{}\", found {}", key, to_string(item->kind)));
  }
  return item->bytes;
}

Result<const Variant*> variant_of(const CborItem& map) {
  const Variant* found = nullptr;
  for (const Variant& variant : kVariants) {
    if (map.find(variant.key) == nullptr) {
      continue;
    }
    if (found != nullptr) {
      return malformed("expected either \"pcrs\" or \"nitrotpm_pcrs\", found both");
    }
    found = &variant;
  }
  return found == nullptr ? Result<const Variant*>(malformed("expected \"pcrs\" or \"nitrotpm_pcrs\", found neither"))
                          : found;
}

Register pcr(const Variant& variant, std::uint64_t index) {
  return {.kind = RegisterKind::pcr,
          .index = static_cast<std::uint32_t>(index),
          .name = {},
          .provider = std::string(variant.provider),
          .carrier = {}};
}

Status read_pcrs(Document& document, const CborItem& map) {
  const HashAlgorithmRow* bank = find_algorithm(document.bank);
  MRTOOL_TRY(pcrs, member(map, document.variant->key, CborKind::map));
  if (pcrs->items.empty()) {
    return malformed(fmt::format("expected registers in \"{}\", found none", document.variant->key));
  }
  for (std::size_t i = 0; i < pcrs->items.size(); i += 2) {
    const CborItem& index = pcrs->items[i];
    const CborItem& value = pcrs->items[i + 1];
    if (index.kind != CborKind::unsigned_integer || index.number > document.variant->last_pcr) {
      return malformed(fmt::format("expected numbers up to {} as keys of \"{}\", found another",
                                   document.variant->last_pcr, document.variant->key));
    }
    if (value.kind != CborKind::bytes || value.bytes.size() != bank->size) {
      return malformed(fmt::format("expected a byte string of {} bytes as PCR {}, as \"digest\" says, found {} of {}",
                                   bank->size, index.number, to_string(value.kind), value.bytes.size()));
    }
    document.pcrs.emplace(RegisterKey{pcr(*document.variant, index.number), document.bank}, Digest(value.bytes));
  }
  return {};
}

Status read_certificates(Document& document, const CborItem& map) {
  MRTOOL_TRY(certificate, member(map, "certificate", CborKind::bytes));
  MRTOOL_TRY(cabundle, member(map, "cabundle", CborKind::array));
  document.certificate = certificate->bytes;
  for (const CborItem& item : cabundle->items) {
    if (item.kind != CborKind::bytes) {
      return malformed(fmt::format("expected byte strings in \"cabundle\", found {}", to_string(item.kind)));
    }
    document.cabundle.push_back(item.bytes);
  }
  if (document.cabundle.empty()) {
    return malformed("expected certificates in \"cabundle\", found none");
  }
  return {};
}

Result<Document> read_document(ByteView payload) {
  Document document;
  MRTOOL_TRY(parsed, parse_cbor(payload));
  document.payload = std::move(parsed);
  const CborItem& map = document.payload.root;
  if (map.kind != CborKind::map) {
    return malformed(fmt::format("expected a map, found {}", to_string(map.kind)));
  }
  MRTOOL_TRY(variant, variant_of(map));
  MRTOOL_TRY(module_id, member(map, "module_id", CborKind::text));
  MRTOOL_TRY(digest, member(map, "digest", CborKind::text));
  MRTOOL_TRY(timestamp, member(map, "timestamp", CborKind::unsigned_integer));
  document.variant = variant;
  document.module_id = as_text(module_id->bytes);
  document.timestamp = timestamp->number;
  const auto bank = parse_algorithm(as_text(digest->bytes));
  if (!bank || find_algorithm(*bank) == nullptr) {
    return malformed("expected the name of a hash algorithm as \"digest\", found another text");
  }
  document.bank = *bank;
  if (auto read = read_pcrs(document, map); !read) {
    return std::unexpected(read.error());
  }
  if (auto read = read_certificates(document, map); !read) {
    return std::unexpected(read.error());
  }
  MRTOOL_TRY(public_key, optional_bytes(map, "public_key"));
  MRTOOL_TRY(user_data, optional_bytes(map, "user_data"));
  MRTOOL_TRY(nonce, optional_bytes(map, "nonce"));
  document.public_key = public_key;
  document.user_data = user_data;
  document.nonce = nonce;
  return document;
}

QuoteCheck signature_check(const CoseSign1& message, const Result<Certificate>& leaf) {
  QuoteCheck check{.name = "signature", .verdict = Verdict::fail, .detail = {}};
  if (!leaf) {
    check.detail = "the document's certificate cannot be read: " + leaf.error().message;
    return check;
  }
  const auto key = leaf->key();
  if (!key) {
    check.detail = "the key of the document's certificate cannot be read: " + key.error().message;
    return check;
  }
  const auto verified = verify_cose_sign1(message, *key);
  check.verdict = verified ? Verdict::pass : Verdict::fail;
  check.detail =
      verified ? "the document is signed with the key of the certificate that it holds" : verified.error().message;
  return check;
}

Result<std::vector<Certificate>> read_bundle(const Document& document) {
  std::vector<Certificate> bundle;
  for (const ByteView der : document.cabundle) {
    MRTOOL_TRY(certificate, Certificate::from_der(der));
    bundle.push_back(std::move(certificate));
  }
  return bundle;
}

// The root is the one that is known by its fingerprint, or one that the user gave: never one that a document brings.
void chain_checks(std::vector<QuoteCheck>& checks, const Document& document, const Result<Certificate>& leaf,
                  std::span<const Certificate> given, const QuoteEvidence& evidence) {
  QuoteCheck failed{.name = "certificate-chain", .verdict = Verdict::fail, .detail = {}};
  if (!leaf) {
    failed.detail = "the document's certificate cannot be read: " + leaf.error().message;
    checks.push_back(std::move(failed));
    return;
  }
  const auto bundle = read_bundle(document);
  if (!bundle) {
    failed.detail = "a certificate of the document's bundle cannot be read: " + bundle.error().message;
    checks.push_back(std::move(failed));
    return;
  }
  std::span<const Certificate> roots = given;
  if (roots.empty()) {
    if (bundle->front().sha256().hex() != kRootFingerprint) {
      failed.detail = fmt::format(
          "the bundle's root, {}, is not the one of AWS Nitro Enclaves by its fingerprint; give another with --ca",
          bundle->front().summary().subject);
      checks.push_back(std::move(failed));
      return;
    }
    roots = std::span(*bundle).first(1);
  }
  check_chain(checks, {.leaf = *leaf,
                       .intermediates = *bundle,
                       .roots = roots,
                       .crls = evidence.crls,
                       .time = evidence.time_is_given
                                   ? evidence.time
                                   : static_cast<std::int64_t>(document.timestamp / kMillisecondsPerSecond)});
}

QuoteCheck timestamp_check(const Document& document, const QuoteEvidence& evidence) {
  const auto seconds = static_cast<std::int64_t>(document.timestamp / kMillisecondsPerSecond);
  const bool future = seconds > evidence.time + kClockSkew;
  return {
      .name = "timestamp",
      .verdict = future ? Verdict::inconclusive : Verdict::pass,
      .detail = future ? fmt::format("the document says that it was made at {}, which is after {}: is the clock right?",
                                     format_time(seconds), format_time(evidence.time))
                       : fmt::format("the document says that it was made at {}", format_time(seconds))};
}

// A debug-mode enclave, whose memory its host can read, reports zeros in PCR 0 to 2. No real one reports any.
QuoteCheck debug_check(const Document& document) {
  QuoteCheck check{.name = "debug", .verdict = Verdict::skipped, .detail = {}};
  if (!document.variant->enclave) {
    check.detail = "not looked for: the document is of an EC2 instance's NitroTPM, which has no debug mode";
    return check;
  }
  for (std::uint32_t index = 0; index < kBootPcrs; ++index) {
    const auto value = document.pcrs.find({pcr(*document.variant, index), document.bank});
    if (value == document.pcrs.end()) {
      check.verdict = Verdict::inconclusive;
      check.detail =
          fmt::format("PCR {} is not in the document, which a debug-mode enclave would state as zeros", index);
    } else if (all_equal_to(value->second.view(), 0)) {
      check.verdict = Verdict::fail;
      check.detail = fmt::format("PCR {} is zeros: the enclave runs in debug mode, in which it proves nothing", index);
      return check;
    }
  }
  if (check.verdict == Verdict::skipped) {
    check.verdict = Verdict::pass;
    check.detail = "PCR 0 to 2 are not zeros: the enclave does not run in debug mode";
  }
  return check;
}

QuoteCheck nonce_check(const Document& document, const QuoteEvidence& evidence) {
  if (evidence.nonce_policy == NoncePolicy::given && !document.nonce) {
    return {.name = "nonce", .verdict = Verdict::fail, .detail = "the document holds no nonce, and one was given"};
  }
  return check_nonce(evidence, document.nonce.value_or(ByteView()), 0);
}

Value bytes_or_null(const std::optional<ByteView>& bytes) {
  return bytes ? Value(to_bytes(*bytes)) : Value();
}

Value::Object fields_of(const Document& document, const CoseSign1& message, const Result<Certificate>& leaf) {
  const CoseAlgorithm* algorithm = message.algorithm ? find_cose_algorithm(*message.algorithm) : nullptr;
  Value::Object fields{
      {"module_id", Value(document.module_id)},
      {"timestamp", Value::wide(document.timestamp)},
      {"digest", Value(to_string(document.bank))},
      {"algorithm", algorithm == nullptr ? Value() : Value(algorithm->name)},
      {"public_key", bytes_or_null(document.public_key)},
      {"user_data", bytes_or_null(document.user_data)},
      {"nonce", bytes_or_null(document.nonce)},
  };
  if (leaf) {
    fields.push_back({"certificate", Value(leaf->summary().subject)});
    fields.push_back({"certificate_not_after", Value(leaf->summary().not_after)});
  }
  return fields;
}

Result<QuoteResult> appraise_document(const QuoteEvidence& evidence) {
  MRTOOL_TRY(given, parse_certificates(evidence.roots));
  MRTOOL_TRY(message, parse_cose_sign1(evidence.quote.bytes));
  MRTOOL_TRY(document, read_document(message.payload));
  const auto leaf = Certificate::from_der(document.certificate);

  QuoteResult result;
  result.checks.push_back(signature_check(message, leaf));
  chain_checks(result.checks, document, leaf, given, evidence);
  result.checks.push_back(timestamp_check(document, evidence));
  result.checks.push_back(debug_check(document));
  result.checks.push_back(nonce_check(document, evidence));
  tell_unused(result.checks, evidence, {Input::roots, Input::crls});
  result.fields = fields_of(document, message, leaf);
  result.registers.values = document.pcrs;
  return result;
}

}  // namespace

// Optionally tag 18; an array of four, whose first is a short byte string with a map of algorithm 1 first.
bool is_nitro(ByteView bytes) {
  constexpr std::uint8_t kTag18 = 0xD2;
  constexpr std::array<std::uint8_t, 4> kFront{0x84, 0x44, 0xA1, 0x01};
  if (!bytes.empty() && bytes.front() == kTag18) {
    bytes = bytes.subspan(1);
  }
  return bytes.size() > kFront.size() && equal(bytes.first(kFront.size()), kFront);
}

Result<QuoteResult> appraise_nitro(const QuoteEvidence& evidence) {
  return named(appraise_document(evidence), "nitro", evidence);
}

}  // namespace mrtool::quotes
