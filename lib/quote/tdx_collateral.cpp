#include "lib/quote/tdx_collateral.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/crypto/public_key.hpp"

namespace mrtool::quotes {

namespace {

constexpr std::string_view kSignerName = "Intel SGX TCB Signing";

// A document that was given and cannot be used, or a platform that it does not cover: why.
using Problem = std::string;

struct DocumentKind {
  std::string_view member;
  std::string_view check;
  std::string_view what;
  std::string_view id;
  std::optional<SignedJson> TdxCollateral::* place;
};
constexpr DocumentKind kTcbInfo{"tcbInfo", "tcb-status", "TCB info", "TDX", &TdxCollateral::tcb_info};
constexpr DocumentKind kQeIdentity{"enclaveIdentity", "qe-tcb-status", "QE identity", "TD_QE",
                                   &TdxCollateral::qe_identity};

std::unexpected<Error> malformed(const NamedBytes& file, std::string message) {
  Error error{
      .kind = ErrorKind::malformed, .message = std::move(message), .file = file.name, .offset = {}, .record = {}};
  return std::unexpected(std::move(error));
}

// --- JSON of the service; what has another type than expected counts as absent.

std::string text_of(const JsonText& object, std::string_view name) {
  const JsonText* member = find_member(object, name);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

std::optional<std::uint64_t> number_of(const JsonText& object, std::string_view name) {
  const JsonText* member = find_member(object, name);
  if (member == nullptr || !member->is_number_unsigned()) {
    return {};
  }
  return member->get<std::uint64_t>();
}

std::optional<Bytes> hex_of(const JsonText& object, std::string_view name) {
  const JsonText* member = find_member(object, name);
  return member != nullptr && member->is_string() ? from_hex(member->get_ref<const std::string&>()) : std::nullopt;
}

std::span<const JsonText> list_of(const JsonText& object, std::string_view name) {
  const JsonText* member = find_member(object, name);
  if (member == nullptr || !member->is_array()) {
    return {};
  }
  const auto& items = member->get_ref<const JsonText::array_t&>();
  return {items.data(), items.size()};
}

const JsonText& object_of(const JsonText& object, std::string_view name) {
  static const JsonText kNone;
  const JsonText* member = find_member(object, name);
  return member != nullptr ? *member : kNone;
}

// --- Files

std::string url_decoded(std::string_view text) {
  constexpr std::size_t kEscape = 3;  // %XX
  std::string decoded;
  while (!text.empty()) {
    const auto byte = text.front() == '%' && text.size() >= kEscape ? from_hex(text.substr(1, 2)) : std::nullopt;
    decoded.push_back(byte ? static_cast<char>(byte->front()) : text.front());
    text.remove_prefix(byte ? kEscape : 1);
  }
  return decoded;
}

Status add_issuers(const NamedBytes& file, TdxCollateral& collateral) {
  const std::string_view text = as_text(file.bytes);
  const bool encoded = text.find("-----BEGIN%20") != std::string_view::npos;
  auto certificates = encoded ? Certificate::parse(as_bytes(url_decoded(text))) : Certificate::parse(file.bytes);
  if (!certificates) {
    return malformed(file, certificates.error().message);
  }
  collateral.issuers.insert(collateral.issuers.end(), certificates->begin(), certificates->end());
  return {};
}

Status add_document(const NamedBytes& file, TdxCollateral& collateral) {
  auto json = parse_json_text(file.bytes);
  if (!json) {
    Error error = json.error();
    error.file = file.name;
    return std::unexpected(std::move(error));
  }
  for (const DocumentKind& kind : {kTcbInfo, kQeIdentity}) {
    const JsonText* body = find_member(*json, kind.member);
    if (body == nullptr) {
      continue;
    }
    if (collateral.*kind.place) {
      return malformed(file, fmt::format("a second {}; only one is used", kind.what));
    }
    collateral.*kind.place = SignedJson{.body = *body, .signature = text_of(*json, "signature")};
    return {};
  }
  return malformed(file, "JSON with \"tcbInfo\" or \"enclaveIdentity\" expected");
}

// --- Who signed a document, and until when it is good

const Certificate* find_signer(std::span<const Certificate> issuers) {
  const auto found = std::ranges::find_if(
      issuers, [](const Certificate& certificate) { return certificate.summary().common_name == kSignerName; });
  return found == issuers.end() ? nullptr : &*found;
}

std::optional<Problem> signer_problem(const Certificate& signer, const TdxCollateral& collateral,
                                      const TrustedRoots& roots, const QuoteEvidence& evidence) {
  std::vector<Bytes> crls;
  crls.reserve(evidence.crls.size());
  for (const NamedBytes& crl : evidence.crls) {
    crls.push_back(crl.bytes);
  }
  const auto chain = verify_chain(
      signer, {.intermediates = collateral.issuers, .roots = roots.certificates, .crls = crls, .time = evidence.time});
  return chain ? std::nullopt : std::optional<Problem>(chain.error().message);
}

bool is_signed_by(const Certificate& signer, const SignedJson& document) {
  // What was parsed is written as the service writes it: without blanks, members in their order. A signature over that
  // is one over what is used here.
  const std::string message = to_text(document.body);
  const auto key = signer.key();
  const auto signature = from_hex(document.signature);
  return key && signature && key->curve() == Curve::p256 &&
         verify_signature(*key, SignatureScheme::ecdsa, HashAlgorithm::sha256, as_bytes(message), *signature);
}

// 2025-03-13T07:30:24Z: such texts are ordered as the times are.
bool is_time(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00Z";
  return text.size() == kPattern.size() && std::ranges::equal(text, kPattern, [](char c, char pattern) {
           return pattern == '0' ? c >= '0' && c <= '9' : c == pattern;
         });
}

std::optional<Problem> validity_problem(const JsonText& body, const DocumentKind& kind, std::int64_t time) {
  const std::string issued = text_of(body, "issueDate");
  const std::string next = text_of(body, "nextUpdate");
  const std::string now = format_time(time);
  if (text_of(body, "id") != kind.id) {
    return fmt::format("the {} has id \"{}\", and one for {} is needed", kind.what, text_of(body, "id"), kind.id);
  }
  if (!is_time(issued) || !is_time(next) || !is_time(now)) {
    return fmt::format("the {} has no dates that can be read", kind.what);
  }
  if (now < issued || now >= next) {
    return fmt::format("the {} is for the time from {} to {}, and what counts is {}", kind.what, issued, next, now);
  }
  return {};
}

std::optional<Problem> document_problem(const SignedJson& document, const DocumentKind& kind,
                                        const TdxCollateral& collateral, const TrustedRoots& roots,
                                        const QuoteEvidence& evidence) {
  const Certificate* signer = find_signer(collateral.issuers);
  if (signer == nullptr) {
    return fmt::format("the {} cannot be trusted without the certificate chain of its signer ({})", kind.what,
                       kSignerName);
  }
  if (auto problem = signer_problem(*signer, collateral, roots, evidence)) {
    return problem;
  }
  if (!is_signed_by(*signer, document)) {
    return fmt::format("the {} is not signed by the key of {}", kind.what, signer->summary().subject);
  }
  return validity_problem(document.body, kind, evidence.time);
}

// --- TCB levels

struct LevelStatus {
  std::string status;
  std::vector<std::string> advisories;
};

LevelStatus status_of(const JsonText& level) {
  LevelStatus status{.status = text_of(level, "tcbStatus"), .advisories = {}};
  for (const JsonText& advisory : list_of(level, "advisoryIDs")) {
    if (advisory.is_string()) {
      status.advisories.push_back(advisory.get<std::string>());
    }
  }
  return status;
}

// Levels come from the newest to the oldest: the first whose demands are all met.
template <class Meets>
std::optional<LevelStatus> find_level(const JsonText& object, const Meets& meets) {
  for (const JsonText& level : list_of(object, "tcbLevels")) {
    if (meets(object_of(level, "tcb"))) {
      return status_of(level);
    }
  }
  return {};
}

bool reaches(std::optional<std::uint64_t> demanded, std::uint64_t has) {
  return demanded && has >= *demanded;
}

bool components_reach(std::span<const JsonText> demanded, ByteView has, std::size_t first) {
  if (demanded.size() != has.size()) {
    return false;
  }
  for (std::size_t i = first; i < has.size(); ++i) {
    if (!reaches(number_of(demanded[i], "svn"), has[i])) {
      return false;
    }
  }
  return true;
}

constexpr std::size_t kModuleSvn = 0;    // of TEE_TCB_SVN
constexpr std::size_t kModuleMajor = 1;  // 0: module of TDX 1.0, whose SVN counts among the components

std::optional<LevelStatus> platform_level(const JsonText& tcb_info, const TdxPlatform& platform) {
  const ByteView tee = platform.td.tee_tcb_svn;
  const std::size_t first = tee[kModuleMajor] > 0 ? kModuleMajor + 1 : 0;
  return find_level(tcb_info, [&](const JsonText& tcb) {
    return components_reach(list_of(tcb, "sgxtcbcomponents"), platform.pck->components, 0) &&
           reaches(number_of(tcb, "pcesvn"), platform.pck->pce_svn) &&
           components_reach(list_of(tcb, "tdxtcbcomponents"), tee, first);
  });
}

const JsonText* module_identity(const JsonText& tcb_info, std::uint8_t major) {
  if (major == 0) {
    return find_member(tcb_info, "tdxModule");
  }
  const std::string id = fmt::format("TDX_{:02X}", major);
  for (const JsonText& identity : list_of(tcb_info, "tdxModuleIdentities")) {
    if (text_of(identity, "id") == id) {
      return &identity;
    }
  }
  return nullptr;
}

bool masked_equal(ByteView value, const std::optional<Bytes>& mask, const std::optional<Bytes>& expected) {
  if (!mask || !expected || mask->size() != value.size() || expected->size() != value.size()) {
    return false;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    if ((value[i] & (*mask)[i]) != (*expected)[i]) {
      return false;
    }
  }
  return true;
}

bool is_module(const JsonText& identity, const TdInfo& td) {
  const auto signer = hex_of(identity, "mrsigner");
  return signer && equal(*signer, td.mr_signer_seam) &&
         masked_equal(td.seam_attributes, hex_of(identity, "attributesMask"), hex_of(identity, "attributes"));
}

// --- Verdicts

struct StatusRow {
  std::string_view status;
  Verdict verdict;
};
constexpr std::array kStatuses{
    StatusRow{"UpToDate", Verdict::pass},
    StatusRow{"OutOfDate", Verdict::fail},
    StatusRow{"OutOfDateConfigurationNeeded", Verdict::fail},
    StatusRow{"Revoked", Verdict::fail},
};

Verdict verdict_of_status(std::string_view status) {
  const auto* row = std::ranges::find(kStatuses, status, &StatusRow::status);
  return row == kStatuses.end() ? Verdict::inconclusive : row->verdict;
}

QuoteCheck failed(const DocumentKind& kind, Problem problem) {
  return {.name = std::string(kind.check), .verdict = Verdict::fail, .detail = std::move(problem)};
}

void add_status(QuoteCheck& check, std::string_view of, const LevelStatus& status) {
  check.verdict = worse(check.verdict, verdict_of_status(status.status));
  check.detail += fmt::format("{}{} is {}", check.detail.empty() ? "" : "; ", of, status.status);
  if (!status.advisories.empty()) {
    check.detail += fmt::format(" ({})", fmt::join(status.advisories, ", "));
  }
}

QuoteCheck platform_check(const JsonText& tcb_info, const TdxPlatform& platform) {
  const auto fmspc = hex_of(tcb_info, "fmspc");
  const auto pce_id = hex_of(tcb_info, "pceId");
  if (!fmspc || !pce_id || !equal(*fmspc, platform.pck->fmspc) || !equal(*pce_id, platform.pck->pce_id)) {
    return failed(kTcbInfo, fmt::format("the TCB info is for FMSPC {} and PCE {}, and the platform is of {} and {}",
                                        text_of(tcb_info, "fmspc"), text_of(tcb_info, "pceId"),
                                        to_hex(platform.pck->fmspc), to_hex(platform.pck->pce_id)));
  }
  const ByteView tee = platform.td.tee_tcb_svn;
  const JsonText* identity = module_identity(tcb_info, tee[kModuleMajor]);
  if (identity == nullptr || !is_module(*identity, platform.td)) {
    return failed(kTcbInfo, fmt::format("the TCB info does not know this TDX module (version {}, MRSIGNERSEAM {})",
                                        tee[kModuleMajor], to_hex(platform.td.mr_signer_seam)));
  }
  const auto level = platform_level(tcb_info, platform);
  if (!level) {
    return failed(kTcbInfo, "the platform is below every level of the TCB info");
  }
  QuoteCheck check{.name = std::string(kTcbInfo.check), .verdict = Verdict::skipped, .detail = {}};
  add_status(check, "the platform", *level);
  if (tee[kModuleMajor] > 0) {
    const auto module =
        find_level(*identity, [&](const JsonText& tcb) { return reaches(number_of(tcb, "isvsvn"), tee[kModuleSvn]); });
    if (!module) {
      return failed(kTcbInfo, "the TDX module is below every level of the TCB info");
    }
    add_status(check, "the TDX module", *module);
  }
  return check;
}

bool is_enclave(const JsonText& identity, const EnclaveReport& qe) {
  const auto signer = hex_of(identity, "mrsigner");
  return signer && equal(*signer, qe.mr_signer) && number_of(identity, "isvprodid") == qe.isv_prod_id &&
         masked_equal(qe.misc_select, hex_of(identity, "miscselectMask"), hex_of(identity, "miscselect")) &&
         masked_equal(qe.attributes, hex_of(identity, "attributesMask"), hex_of(identity, "attributes"));
}

QuoteCheck enclave_check(const JsonText& identity, const EnclaveReport& qe) {
  if (!is_enclave(identity, qe)) {
    return failed(kQeIdentity, "the quoting enclave is not the one of the QE identity");
  }
  const auto level =
      find_level(identity, [&](const JsonText& tcb) { return reaches(number_of(tcb, "isvsvn"), qe.isv_svn); });
  if (!level) {
    return failed(kQeIdentity, fmt::format("the quoting enclave's ISVSVN {} is below every level", qe.isv_svn));
  }
  QuoteCheck check{.name = std::string(kQeIdentity.check), .verdict = Verdict::skipped, .detail = {}};
  add_status(check, fmt::format("the quoting enclave (ISVSVN {})", qe.isv_svn), *level);
  return check;
}

}  // namespace

Result<TdxCollateral> read_tdx_collateral(std::span<const NamedBytes> files) {
  TdxCollateral collateral;
  for (const NamedBytes& file : files) {
    const std::string_view text = as_text(file.bytes);
    const auto start = text.find_first_not_of(" \t\r\n");
    const bool json = start != std::string_view::npos && text[start] == '{';
    if (Status added = json ? add_document(file, collateral) : add_issuers(file, collateral); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return collateral;
}

void check_tdx_tcb(std::vector<QuoteCheck>& checks, const TdxCollateral& collateral, const TdxPlatform& platform,
                   const TrustedRoots& roots, const QuoteEvidence& evidence) {
  for (const DocumentKind& kind : {kTcbInfo, kQeIdentity}) {
    const auto& document = collateral.*kind.place;
    if (!document) {
      checks.push_back({.name = std::string(kind.check),
                        .verdict = Verdict::skipped,
                        .detail = fmt::format("not checked: no {} was given (--tcb-info, with the chain of its signer)",
                                              kind.what)});
    } else if (!platform.pck) {
      checks.push_back({.name = std::string(kind.check),
                        .verdict = Verdict::inconclusive,
                        .detail = "without a valid PCK certificate it is not known which platform this is"});
    } else if (auto problem = document_problem(*document, kind, collateral, roots, evidence)) {
      checks.push_back(failed(kind, std::move(*problem)));
    } else {
      checks.push_back(kind.place == kTcbInfo.place ? platform_check(document->body, platform)
                                                    : enclave_check(document->body, platform.qe));
    }
  }
}

}  // namespace mrtool::quotes
