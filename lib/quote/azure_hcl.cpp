#include "lib/quote/azure_hcl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/byte_reader.hpp"
#include "lib/base/json_text.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/quote/common.hpp"
#include "lib/quote/kinds.hpp"

namespace mrtool::quotes {

namespace {

constexpr std::string_view kSignature = "HCLA";
constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kHardwareSize = 1184;
constexpr std::size_t kRequestSize = 20;  // the head of the request data, before the runtime data
constexpr std::size_t kReportDataOffset = 0x50;
constexpr std::size_t kReportDataSize = 64;
constexpr std::uint32_t kSnp = 2;
constexpr std::string_view kAttestationKey = "HCLAkPub";

constexpr std::array kHashes{HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512};  // 1, 2, 3

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::malformed, std::move(message));
}

// RFC 4648, section 5, without padding.
std::optional<Bytes> decode_base64url(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  constexpr unsigned kBitsPerDigit = 6;
  constexpr unsigned kBitsPerByte = 8;
  Bytes bytes;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) {
      return {};
    }
    held = (held << kBitsPerDigit) | static_cast<std::uint32_t>(digit);
    bits += kBitsPerDigit;
    if (bits >= kBitsPerByte) {
      bits -= kBitsPerByte;
      bytes.push_back(static_cast<std::uint8_t>(held >> bits));
    }
  }
  return bytes;
}

std::string_view text_member(const JsonText& object, std::string_view name) {
  const JsonText* const member = find_member(object, name);
  return member != nullptr && member->is_string() ? std::string_view(member->get_ref<const std::string&>())
                                                  : std::string_view();
}

Result<PublicKey> key_of(const JsonText& jwk) {
  const auto modulus = decode_base64url(text_member(jwk, "n"));
  const auto exponent = decode_base64url(text_member(jwk, "e"));
  if (text_member(jwk, "kty") != "RSA" || !modulus || !exponent || exponent->size() > sizeof(std::uint32_t)) {
    return malformed(fmt::format("the key {} of an HCL report is no RSA key", kAttestationKey));
  }
  constexpr unsigned kBitsPerByte = 8;
  std::uint32_t number = 0;
  for (const std::uint8_t byte : *exponent) {
    number = (number << kBitsPerByte) | byte;
  }
  return PublicKey::from_rsa(*modulus, number);
}

Result<PublicKey> find_key(const JsonText& claims) {
  const JsonText* const keys = find_member(claims, "keys");
  const JsonText* found = nullptr;
  if (keys != nullptr && keys->is_array()) {
    for (const JsonText& jwk : *keys) {
      if (text_member(jwk, "kid") == kAttestationKey) {
        if (found != nullptr) {
          return malformed(fmt::format("an HCL report has two keys {}", kAttestationKey));
        }
        found = &jwk;
      }
    }
  }
  if (found == nullptr) {
    return malformed(fmt::format("an HCL report has no key {}", kAttestationKey));
  }
  return key_of(*found);
}

Result<QuoteResult> appraise(const QuoteEvidence& evidence) {
  MRTOOL_TRY(report, parse_hcl_report(evidence.quote.bytes));
  QuoteEvidence hardware = evidence;
  hardware.quote.bytes = to_bytes(report.hardware_report);
  // What SNP reports have as a nonce is here the hash of the runtime data.
  hardware.nonce_policy = NoncePolicy::given;
  hardware.nonce = to_bytes(report.runtime_digest.view());
  MRTOOL_TRY(result, appraise_snp(hardware));
  for (QuoteCheck& check : result.checks) {
    if (check.name == "nonce") {
      check = check_report_data(report);
    }
  }
  result.checks.push_back(check_nonce(evidence, report.user_data, kReportDataSize));
  result.fields = {{"hardware_report", Value(std::move(result.fields))},
                   {"runtime_data", Value(as_text(report.runtime_data))},
                   {"attestation_key", Value(report.attestation_key.der())}};
  return result;
}

}  // namespace

bool is_hcl_report(ByteView bytes) {
  return as_text(bytes).starts_with(kSignature);
}

Result<HclReport> parse_hcl_report(ByteView bytes) {
  if (!is_hcl_report(bytes) || bytes.size() < kHeaderSize + kHardwareSize + kRequestSize) {
    return malformed("expected a whole HCL report; it is cut short");
  }
  ByteReader reader(bytes);
  reader.skip(kHeaderSize);
  const ByteView hardware = reader.take(kHardwareSize);
  reader.skip(sizeof(std::uint32_t) * 2);  // size of the request data, version
  const std::uint32_t type = reader.u32();
  const std::uint32_t hash = reader.u32();
  const std::uint32_t size = reader.u32();
  if (type != kSnp) {
    return fail(ErrorKind::unsupported, fmt::format("an HCL report of hardware type {}; expected {}, SNP", type, kSnp));
  }
  if (hash < 1 || hash > kHashes.size()) {
    return malformed(fmt::format("an HCL report states hash {}; expected 1 to {}", hash, kHashes.size()));
  }
  const ByteView runtime_data = reader.take(size);
  if (!reader.ok()) {
    return malformed(fmt::format("an HCL report states {} bytes of runtime data, and has fewer", size));
  }
  MRTOOL_TRY(claims, parse_json_text(runtime_data));
  MRTOOL_TRY(key, find_key(claims));
  return HclReport{.hardware_report = hardware,
                   .runtime_data = runtime_data,
                   .runtime_digest = HashEngine().hash(kHashes.at(hash - 1), runtime_data),
                   .attestation_key = std::move(key),
                   .user_data = from_hex(text_member(claims, "user-data")).value_or(Bytes{})};
}

QuoteCheck check_report_data(const HclReport& report) {
  Bytes expected = to_bytes(report.runtime_digest.view());
  expected.resize(kReportDataSize);
  const ByteView found = report.hardware_report.subspan(kReportDataOffset, kReportDataSize);
  const bool bound = equal(expected, found);
  return {.name = "report-data",
          .verdict = bound ? Verdict::pass : Verdict::fail,
          .detail = bound ? "the hardware report holds the hash of the runtime data, and so of the attestation key"
                          : "the hardware report does not hold the hash of the runtime data"};
}

bool is_azure_hcl(ByteView bytes) {
  return is_hcl_report(bytes);
}

Result<QuoteResult> appraise_azure_hcl(const QuoteEvidence& evidence) {
  return named(appraise(evidence), "azure-hcl", evidence);
}

}  // namespace mrtool::quotes
