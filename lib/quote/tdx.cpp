// TDX quotes: an attestation key signs what a TD is, a quoting enclave's report vouches for that key, a platform's PCK
// for that report, and Intel's certificates for the PCK.
#include <fmt/format.h>

#include <algorithm>

#include "lib/crypto/hash.hpp"
#include "lib/crypto/public_key.hpp"
#include "lib/quote/kinds.hpp"
#include "lib/quote/tdx_collateral.hpp"

namespace mrtool::quotes {

namespace {

// MRSIGNER and ISVPRODID of Intel's TD quoting enclave.
constexpr std::string_view kTdQeSigner = "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5";
constexpr std::uint16_t kTdQeProduct = 2;
constexpr std::uint64_t kInit = 1U << 0U;  // ATTRIBUTES.FLAGS of an enclave
constexpr std::uint64_t kDebug = 1U << 1U;

constexpr std::array<std::string_view, 8> kCertificationNames{
    "nothing",
    "an encrypted platform identifier",
    "an encrypted platform identifier (RSA 2048)",
    "an encrypted platform identifier (RSA 3072)",
    "a leaf certificate alone",
    "a certificate chain",
    "a QE report",
    "a platform manifest",
};

QuoteCheck passed(std::string_view name, std::string detail) {
  return {.name = std::string(name), .verdict = Verdict::pass, .detail = std::move(detail)};
}

QuoteCheck failed(std::string_view name, std::string detail) {
  return {.name = std::string(name), .verdict = Verdict::fail, .detail = std::move(detail)};
}

QuoteCheck unknown(std::string_view name, std::string detail) {
  return {.name = std::string(name), .verdict = Verdict::inconclusive, .detail = std::move(detail)};
}

QuoteCheck tee_type_check(const TdxQuote& quote) {
  constexpr std::string_view kName = "tee-type";
  if (quote.tee_type == kTeeTypeTdx && quote.body_type != QuoteBody::sgx_enclave) {
    return passed(kName, fmt::format("a TDX quote of version {}", quote.version));
  }
  return failed(kName,
                fmt::format("not a quote of a TD: TEE type 0x{:x}, version {}, body type {}; an SGX enclave's has "
                            "no measurement registers",
                            quote.tee_type, quote.version, static_cast<unsigned>(quote.body_type)));
}

QuoteCheck quote_signature_check(const TdxQuote& quote) {
  constexpr std::string_view kName = "quote-signature";
  const QuoteSignature& given = quote.signature;
  const auto key = PublicKey::from_ec(Curve::p256, given.attestation_key.first(kP256Point / 2),
                                      given.attestation_key.subspan(kP256Point / 2));
  if (!key) {
    return failed(kName, "the attestation key is no point on P-256");
  }
  if (!verify_signature(*key, SignatureScheme::ecdsa, HashAlgorithm::sha256, quote.signed_part, given.signature)) {
    return failed(kName, "the attestation key did not sign this header and body");
  }
  return passed(kName, fmt::format("the attestation key signed the header and body ({} bytes, ECDSA P-256)",
                                   quote.signed_part.size()));
}

// REPORTDATA = SHA-256(attestation key ‖ authentication data), then zeros.
QuoteCheck qe_binding_check(const QuoteSignature& given) {
  constexpr std::string_view kName = "qe-binding";
  Digest expected = HashEngine().hash(HashAlgorithm::sha256, given.attestation_key, given.authentication_data);
  const ByteView stated = given.qe_report.report_data;
  if (!equal(stated.first(expected.size()), expected.view()) || !all_equal_to(stated.subspan(expected.size()), 0)) {
    return failed(kName, "the quoting enclave's report is about another attestation key");
  }
  return passed(kName, "the quoting enclave's report holds the hash of the attestation key");
}

QuoteCheck qe_identity_check(const EnclaveReport& qe) {
  constexpr std::string_view kName = "qe-identity";
  const std::uint64_t flags = ByteReader(qe.attributes).u64();
  if (to_hex(qe.mr_signer) != kTdQeSigner) {
    return failed(kName, fmt::format("the enclave that vouches for the attestation key is signed by {} (MRSIGNER), and "
                                     "Intel's TD quoting enclave by {}",
                                     to_hex(qe.mr_signer), kTdQeSigner));
  }
  if (qe.isv_prod_id != kTdQeProduct) {
    return failed(kName, fmt::format("the enclave that vouches for the attestation key is Intel's product {}, and the "
                                     "TD quoting enclave is {}",
                                     qe.isv_prod_id, kTdQeProduct));
  }
  if ((flags & kDebug) != 0 || (flags & kInit) == 0) {
    return failed(kName,
                  fmt::format("the quoting enclave has attributes 0x{:x}: it is not one in production (debug)", flags));
  }
  return passed(kName, fmt::format("Intel's TD quoting enclave (MRSIGNER, ISVPRODID {}, not debug), ISVSVN {}",
                                   qe.isv_prod_id, qe.isv_svn));
}

QuoteCheck trailing_check(const TdxQuote& quote) {
  constexpr std::string_view kName = "trailing";
  if (quote.trailing.empty()) {
    return passed(kName, "nothing follows the quote");
  }
  if (!all_equal_to(quote.trailing, 0)) {
    return failed(kName, fmt::format("{} bytes that are not all zero follow the quote", quote.trailing.size()));
  }
  return passed(kName, fmt::format("{} zero bytes follow the quote, as from a larger buffer", quote.trailing.size()));
}

// A PEM file may hold any text between certificates, a quote only blanks and a NUL: nothing in it goes unchecked.
bool is_plain_pem(ByteView text, std::span<const Certificate> certificates) {
  const auto without_blanks = [](std::string_view from, std::string& to) {
    std::ranges::copy_if(from, std::back_inserter(to), [](char c) { return c != '\n' && c != '\r' && c != ' '; });
  };
  std::string given;
  without_blanks(as_text(text), given);
  std::string expected;
  for (const Certificate& certificate : certificates) {
    without_blanks(certificate.pem(), expected);
  }
  return given == expected;
}

Result<std::vector<Certificate>> read_chain(ByteView pem) {
  if (!pem.empty() && pem.back() == 0) {
    pem = pem.first(pem.size() - 1);
  }
  MRTOOL_TRY(certificates, Certificate::parse(pem));
  if (!is_plain_pem(pem, certificates)) {
    return fail(ErrorKind::malformed, "it holds more than certificates in PEM");
  }
  return certificates;
}

// Where there is no chain, nothing that rests on it is known.
void refuse_chain(std::vector<QuoteCheck>& checks, Verdict verdict, const std::string& detail) {
  checks.push_back(unknown("qe-report-signature", "without a certificate chain the key that signs it is not known"));
  checks.push_back({.name = "certificate-chain", .verdict = verdict, .detail = detail});
  checks.push_back(unknown("revocation", "without a certificate chain there is nothing to look up"));
  checks.push_back(unknown("pck-certificate", "without a certificate chain there is none"));
}

QuoteCheck qe_report_signature_check(const QuoteSignature& given, const Certificate& leaf) {
  constexpr std::string_view kName = "qe-report-signature";
  const auto key = leaf.key();
  if (!key || key->curve() != Curve::p256 ||
      !verify_signature(*key, SignatureScheme::ecdsa, HashAlgorithm::sha256, given.qe_report.bytes,
                        given.qe_report_signature)) {
    return failed(kName,
                  fmt::format("the key of {} did not sign the quoting enclave's report", leaf.summary().subject));
  }
  return passed(kName, fmt::format("the key of {} signed the quoting enclave's report", leaf.summary().subject));
}

struct Appraisal {
  const QuoteEvidence& evidence;
  const TdxQuote& quote;
  TdxCollateral collateral;
  std::vector<Certificate> chain;  // in the quote; empty where it cannot be used
  TrustedRoots roots;
  std::optional<PckExtensions> pck;  // of a chain that holds
};

bool all_pass(std::span<const QuoteCheck> checks) {
  return std::ranges::all_of(checks, [](const QuoteCheck& check) {
    return check.verdict == Verdict::pass || check.verdict == Verdict::skipped;
  });
}

Status check_certificates(std::vector<QuoteCheck>& checks, Appraisal& appraisal) {
  const QuoteSignature& given = appraisal.quote.signature;
  if (given.type != CertificationData::pck_chain) {
    const auto type = static_cast<std::size_t>(given.type);
    refuse_chain(checks, Verdict::inconclusive,
                 fmt::format("no certificate chain inside: the certification data are of type {} ({})", type,
                             type < kCertificationNames.size() ? kCertificationNames[type] : "not known"));
    return {};
  }
  auto chain = read_chain(given.certification_data);
  if (!chain) {
    refuse_chain(checks, Verdict::fail,
                 fmt::format("the certification data are no certificate chain: {}", chain.error().message));
    return {};
  }
  appraisal.chain = std::move(*chain);
  std::vector<Certificate> presented = appraisal.chain;
  presented.insert(presented.end(), appraisal.collateral.issuers.begin(), appraisal.collateral.issuers.end());
  MRTOOL_TRY(roots, trusted_roots(appraisal.evidence, presented));
  appraisal.roots = std::move(roots);

  const auto extensions = read_pck_extensions(appraisal.chain.front());
  const std::size_t before = checks.size();
  checks.push_back(qe_report_signature_check(given, appraisal.chain.front()));
  check_pck_chain(checks, appraisal.chain, appraisal.roots, appraisal.evidence);
  checks.push_back(check_pck_certificate(appraisal.chain, extensions));
  if (extensions && all_pass(std::span<const QuoteCheck>(checks).subspan(before))) {
    appraisal.pck = *extensions;
  }
  return {};
}

Value::Object fields_of(const EnclaveReport& qe) {
  return {
      {"cpu_svn", to_bytes(qe.cpu_svn)},
      {"attributes", to_bytes(qe.attributes)},
      {"mrenclave", to_bytes(qe.mr_enclave)},
      {"mrsigner", to_bytes(qe.mr_signer)},
      {"isv_prod_id", Value::number(qe.isv_prod_id)},
      {"isv_svn", Value::number(qe.isv_svn)},
  };
}

Value::Object header_fields(const TdxQuote& quote) {
  return {
      {"version", Value::number(quote.version)},
      {"tee_type", Value::hex(quote.tee_type)},
      {"body_type", Value::number(static_cast<std::uint64_t>(quote.body_type))},
      {"qe_vendor_id", to_bytes(quote.qe_vendor_id)},
      {"user_data", to_bytes(quote.user_data)},
  };
}

Value::List certificate_fields(std::span<const Certificate> chain) {
  Value::List list;
  for (const Certificate& certificate : chain) {
    const CertificateSummary& summary = certificate.summary();
    list.emplace_back(Value::Object{{"subject", summary.subject},
                                    {"issuer", summary.issuer},
                                    {"not_before", summary.not_before},
                                    {"not_after", summary.not_after},
                                    {"sha256", summary.sha256}});
  }
  return list;
}

void add_fields(Value::Object& fields, const Appraisal& appraisal, Value::Object td) {
  std::ranges::move(td, std::back_inserter(fields));
  fields.push_back({"quoting_enclave", fields_of(appraisal.quote.signature.qe_report)});
  fields.push_back(
      {"certification_data_type", Value::number(static_cast<std::uint64_t>(appraisal.quote.signature.type))});
  fields.push_back({"certificates", certificate_fields(appraisal.chain)});
  if (appraisal.chain.empty()) {
    return;
  }
  if (const auto extensions = read_pck_extensions(appraisal.chain.front())) {
    fields.push_back({"pck", fields_of(*extensions)});
  }
}

Result<QuoteResult> appraise(const QuoteEvidence& evidence) {
  MRTOOL_TRY(quote, parse_tdx_quote(evidence.quote.bytes));
  QuoteResult result;
  result.fields = header_fields(quote);
  result.checks.push_back(tee_type_check(quote));
  if (quote.body_type == QuoteBody::sgx_enclave) {
    return result;
  }
  const TdLayout layout = quote.body_type == QuoteBody::td_1_5 ? TdLayout::quote_1_5 : TdLayout::quote_1_0;
  TdInfo td = read_td_info(layout, quote.body);
  MRTOOL_TRY(collateral, read_tdx_collateral(evidence.tcb_info));
  Appraisal appraisal{
      .evidence = evidence, .quote = quote, .collateral = std::move(collateral), .chain = {}, .roots = {}, .pck = {}};
  result.checks.push_back(quote_signature_check(quote));
  result.checks.push_back(qe_binding_check(quote.signature));
  if (Status checked = check_certificates(result.checks, appraisal); !checked) {
    return std::unexpected(checked.error());
  }
  result.checks.push_back(qe_identity_check(quote.signature.qe_report));
  check_tdx_tcb(result.checks, appraisal.collateral, {.td = td, .qe = quote.signature.qe_report, .pck = appraisal.pck},
                appraisal.roots, evidence);
  result.checks.push_back(seam_signer_check(td));
  result.checks.push_back(td_debug_check(td));
  result.checks.push_back(check_nonce(evidence, td.report_data, td.report_data.size()));
  result.checks.push_back(trailing_check(quote));
  tell_unused(result.checks, evidence, {Input::roots, Input::crls, Input::tcb_info});
  add_fields(result.fields, appraisal, std::move(td.fields));
  result.registers.values = std::move(td.registers);
  return result;
}

}  // namespace

bool is_tdx(ByteView bytes) {
  return is_tdx_quote(bytes);
}

Result<QuoteResult> appraise_tdx(const QuoteEvidence& evidence) {
  return named(appraise(evidence), "tdx", evidence);
}

}  // namespace mrtool::quotes
