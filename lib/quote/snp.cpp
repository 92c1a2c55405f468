// AMD SEV-SNP attestation reports, versions 2 to 5 (AMD 56860, ATTESTATION_REPORT), and what a Secure VM Service Module
// puts into one (AMD 58019, 7).
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/byte_reader.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/quote/common.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/svsm.hpp"

namespace mrtool::quotes {
namespace {

constexpr std::size_t kReportSize = 1184;
constexpr std::uint32_t kFirstVersion = 2;
constexpr std::uint32_t kLastVersion = 5;

// Offsets and sizes in bytes; integers are little-endian.
constexpr std::size_t kVmplOffset = 0x30;
constexpr std::size_t kAlgorithmOffset = 0x34;
constexpr std::size_t kPolicyOffset = 0x08;
constexpr std::size_t kSignerOffset = 0x48;
constexpr std::size_t kReportDataOffset = 0x50;
constexpr std::size_t kReportDataSize = 64;
constexpr std::size_t kMeasurementOffset = 0x90;
constexpr std::size_t kMeasurementSize = 48;
constexpr std::size_t kHostDataOffset = 0xC0;
constexpr std::size_t kHostDataSize = 32;
constexpr std::size_t kSignedSize = 0x2A0;  // the signature is behind: r, s, reserved bytes
constexpr std::size_t kScalarSize = 72;

constexpr std::uint32_t kEcdsaP384Sha384 = 1;
constexpr std::uint64_t kDebugBit = 19;  // of the guest's policy
constexpr std::uint32_t kLastVmpl = 3;

class Report {
 public:
  explicit Report(ByteView bytes) : bytes_(bytes) {}

  std::uint32_t u32(std::size_t offset) const { return ByteReader(bytes_.subspan(offset)).u32(); }
  std::uint64_t u64(std::size_t offset) const { return ByteReader(bytes_.subspan(offset)).u64(); }
  ByteView field(std::size_t offset, std::size_t size) const { return bytes_.subspan(offset, size); }
  Value hex(std::size_t offset, std::size_t size) const { return {to_bytes(field(offset, size))}; }

 private:
  ByteView bytes_;  // kReportSize
};

Bytes big_endian(ByteView little) {
  return {little.rbegin(), little.rend()};
}

// The key that signed the report, as the user gave it.
struct Signer {
  std::optional<PublicKey> key;
  std::optional<Certificate> certificate;
  std::vector<Certificate> others;  // that came with it
};

Result<Signer> read_signer(const QuoteEvidence& evidence) {
  Signer signer;
  if (!evidence.key) {
    return signer;
  }
  if (auto certificates = Certificate::parse(evidence.key->bytes)) {
    signer.certificate = certificates->front();
    signer.others.assign(certificates->begin() + 1, certificates->end());
  }
  auto key = signer.certificate ? signer.certificate->key() : PublicKey::parse(evidence.key->bytes);
  if (!key) {
    Error error = key.error();
    error.file = evidence.key->name;
    return std::unexpected(std::move(error));
  }
  signer.key = std::move(*key);
  return signer;
}

QuoteCheck signature_check(const Report& report, const Signer& signer) {
  QuoteCheck check{.name = "signature", .verdict = Verdict::fail, .detail = {}};
  if (const std::uint32_t algorithm = report.u32(kAlgorithmOffset); algorithm != kEcdsaP384Sha384) {
    check.detail = fmt::format(
        "the report names signature algorithm {}, and only 1 (ECDSA P-384 with SHA-384) is known", algorithm);
    return check;
  }
  if (!signer.key) {
    check.verdict = Verdict::inconclusive;
    check.detail = "the key of the processor (VCEK or VLEK) is not in a report: give its certificate with --key";
    return check;
  }
  const auto signature = ecdsa_signature(Curve::p384, big_endian(report.field(kSignedSize, kScalarSize)),
                                         big_endian(report.field(kSignedSize + kScalarSize, kScalarSize)));
  const bool verified = signature && signer.key->curve() == Curve::p384 &&
                        verify_signature(*signer.key, SignatureScheme::ecdsa, HashAlgorithm::sha384,
                                         report.field(0, kSignedSize), *signature);
  check.verdict = verified ? Verdict::pass : Verdict::fail;
  check.detail = verified ? "the report is signed with the key that was given"
                          : "the signature is not by the key that was given over this report";
  return check;
}

// The processor's key is vouched for by AMD's signing key (ASK or ASVK), and that by its root (ARK), which is given.
void chain_checks(std::vector<QuoteCheck>& checks, const Signer& signer, std::span<const Certificate> given,
                  const QuoteEvidence& evidence) {
  QuoteCheck missing{.name = "certificate-chain", .verdict = Verdict::inconclusive, .detail = {}};
  std::vector<Certificate> roots;
  std::vector<Certificate> intermediates = signer.others;
  for (const Certificate& certificate : given) {
    (certificate.self_signed() ? roots : intermediates).push_back(certificate);
  }
  if (!signer.certificate) {
    missing.detail = signer.key ? "the key was given without its certificate, so that it may be anybody's"
                                : "no certificate of the processor's key was given (--key)";
  } else if (roots.empty()) {
    missing.detail = "AMD's root key (ARK) is not built in: give it and the signing key (ASK) with --ca";
  } else {
    check_chain(checks, {.leaf = *signer.certificate,
                         .intermediates = intermediates,
                         .roots = roots,
                         .crls = evidence.crls,
                         .time = evidence.time});
    return;
  }
  checks.push_back(std::move(missing));
}

QuoteCheck debug_check(const Report& report) {
  const bool debug = (report.u64(kPolicyOffset) >> kDebugBit & 1U) != 0;
  return {.name = "debug",
          .verdict = debug ? Verdict::fail : Verdict::pass,
          .detail = debug ? "the guest's policy allows debugging, so that its host can read and change its memory"
                          : "the guest's policy does not allow debugging"};
}

QuoteCheck vmpl_check(const Report& report, const QuoteEvidence& evidence) {
  const std::uint32_t vmpl = report.u32(kVmplOffset);
  QuoteCheck check{.name = "vmpl", .verdict = Verdict::skipped, .detail = {}};
  check.detail = vmpl <= kLastVmpl ? fmt::format("the report was requested from privilege level {}", vmpl)
                                   : std::string("the report was requested by the host, not by the guest");
  if (evidence.manifest) {
    check.verdict = vmpl == 0 ? Verdict::pass : Verdict::fail;
    check.detail += vmpl == 0 ? ", that of the service module" : "; a service module's are from level 0";
  }
  return check;
}

// With a manifest, REPORT_DATA = SHA-512(nonce ‖ manifest), the nonce padded with zeros to 64 bytes.
void data_checks(std::vector<QuoteCheck>& checks, const Report& report, const QuoteEvidence& evidence) {
  const ByteView report_data = report.field(kReportDataOffset, kReportDataSize);
  if (!evidence.manifest) {
    checks.push_back(check_nonce(evidence, report_data, kReportDataSize));
    return;
  }
  QuoteCheck manifest{.name = "manifest", .verdict = Verdict::inconclusive, .detail = {}};
  if (evidence.nonce_policy != NoncePolicy::given) {
    manifest.detail = "the report vouches for the manifest only together with the nonce: give it with --nonce";
    checks.push_back(check_nonce(evidence, report_data, kReportDataSize));
    checks.push_back(std::move(manifest));
    return;
  }
  Bytes nonce = evidence.nonce;
  nonce.resize(std::max(nonce.size(), kReportDataSize));
  const Digest expected = HashEngine().hash(HashAlgorithm::sha512, nonce, evidence.manifest->bytes);
  manifest.verdict =
      nonce.size() == kReportDataSize && equal(expected.view(), report_data) ? Verdict::pass : Verdict::fail;
  manifest.detail = manifest.verdict == Verdict::pass
                        ? "the report holds the SHA-512 of the nonce and the manifest that were given"
                        : fmt::format(
                              "the report holds {}, which is not the SHA-512 of the nonce and the manifest that "
                              "were given",
                              to_hex(report_data));
  QuoteCheck fresh = manifest;
  fresh.name = "nonce";
  checks.push_back(std::move(fresh));
  checks.push_back(std::move(manifest));
  checks.push_back({.name = "ak-binding",
                    .verdict = Verdict::skipped,
                    .detail = "whether a TPM's attestation key belongs to the endorsement key in the manifest is not "
                              "checked: credential activation with the machine tells"});
}

Register provider_register(std::string_view name) {
  return {.kind = RegisterKind::virtual_mr, .index = 0, .name = std::string(name), .provider = "snp", .carrier = {}};
}

Value::Object fields_of(const Report& report, const QuoteEvidence& evidence) {
  Value::Object fields{
      {"version", Value::number(report.u32(0))},
      {"guest_svn", Value::number(report.u32(0x04))},
      {"policy", Value::wide_hex(report.u64(kPolicyOffset))},
      {"family_id", report.hex(0x10, 16)},
      {"image_id", report.hex(0x20, 16)},
      {"vmpl", Value::number(report.u32(kVmplOffset))},
      {"signature_algorithm", Value::number(report.u32(kAlgorithmOffset))},
      {"current_tcb", Value::wide_hex(report.u64(0x38))},
      {"platform_info", Value::wide_hex(report.u64(0x40))},
      {"signer_info", Value::hex(report.u32(kSignerOffset))},
      {"report_data", report.hex(kReportDataOffset, kReportDataSize)},
      {"measurement", report.hex(kMeasurementOffset, kMeasurementSize)},
      {"host_data", report.hex(kHostDataOffset, kHostDataSize)},
      {"id_key_digest", report.hex(0xE0, 48)},
      {"author_key_digest", report.hex(0x110, 48)},
      {"report_id", report.hex(0x140, 32)},
      {"report_id_ma", report.hex(0x160, 32)},
      {"reported_tcb", Value::wide_hex(report.u64(0x180))},
      {"chip_id", report.hex(0x1A0, 64)},
      {"committed_tcb", Value::wide_hex(report.u64(0x1E0))},
      {"launch_tcb", Value::wide_hex(report.u64(0x1F0))},
  };
  if (evidence.manifest) {
    fields.push_back({"manifest", decode_svsm_manifest(evidence.manifest->bytes)});
  }
  return fields;
}

Result<QuoteResult> appraise_report(const QuoteEvidence& evidence) {
  const ByteView bytes = evidence.quote.bytes;
  if (bytes.size() != kReportSize) {
    return fail(ErrorKind::malformed,
                fmt::format("expected an SNP report of {} bytes, found {}", kReportSize, bytes.size()));
  }
  const Report report(bytes);
  if (const std::uint32_t version = report.u32(0); version < kFirstVersion || version > kLastVersion) {
    return fail(ErrorKind::malformed, fmt::format("expected an SNP report of version {} to {}, found {}", kFirstVersion,
                                                  kLastVersion, version));
  }
  MRTOOL_TRY(given, parse_certificates(evidence.roots));
  MRTOOL_TRY(signer, read_signer(evidence));

  QuoteResult result;
  result.checks.push_back(signature_check(report, signer));
  chain_checks(result.checks, signer, given, evidence);
  result.checks.push_back(debug_check(report));
  result.checks.push_back(vmpl_check(report, evidence));
  data_checks(result.checks, report, evidence);
  tell_unused(result.checks, evidence, {Input::key, Input::roots, Input::crls, Input::manifest});
  result.fields = fields_of(report, evidence);
  result.registers.values = {
      {{provider_register("measurement"), HashAlgorithm::sha384},
       Digest(report.field(kMeasurementOffset, kMeasurementSize))},
      // What the host says of the guest, of a SHA-256's width.
      {{provider_register("host_data"), HashAlgorithm::sha256}, Digest(report.field(kHostDataOffset, kHostDataSize))},
  };
  return result;
}

}  // namespace

bool is_snp(ByteView bytes) {
  if (bytes.size() != kReportSize) {
    return false;
  }
  const std::uint32_t version = ByteReader(bytes).u32();
  return version >= kFirstVersion && version <= kLastVersion;
}

Result<QuoteResult> appraise_snp(const QuoteEvidence& evidence) {
  return named(appraise_report(evidence), "snp", evidence);
}

}  // namespace mrtool::quotes
