#include "lib/quote/intel_certificates.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/crypto/der.hpp"

namespace mrtool::quotes {

namespace {

// SHA-256 of CN=Intel SGX Root CA, 2018-05-21 to 2049-12-31: of the whole certificate, hence of its key too.
constexpr std::string_view kRootFingerprint = "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3";

constexpr std::string_view kPckName = "Intel SGX PCK Certificate";
constexpr std::array<std::string_view, 2> kPckIssuers{"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"};

constexpr std::string_view kExtensionOid = "1.2.840.113741.1.13.1";
// The same OID encoded, below which the members of the extension are numbered.
constexpr std::array<std::uint8_t, 9> kExtensionArc{0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01};
enum class Member : std::uint8_t { ppid = 1, tcb = 2, pce_id = 3, fmspc = 4 };
constexpr std::uint8_t kPceSvn = 17;
constexpr std::uint8_t kCpuSvn = 18;

constexpr std::size_t kSixteen = 16;
constexpr std::size_t kFmspcSize = 6;
constexpr std::size_t kPceIdSize = 2;

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::malformed, "the SGX extensions " + std::move(message));
}

// SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER arc.number, value }: the values, by the last number.
struct Numbered {
  std::uint8_t number;
  DerItem value;
};

Result<std::vector<Numbered>> read_numbered(ByteView bytes, ByteView arc) {
  std::vector<Numbered> members;
  MRTOOL_TRY(pairs, read_der_items(bytes));
  for (const DerItem& pair : pairs) {
    if (pair.tag != kDerSequence) {
      return malformed("hold something other than pairs");
    }
    MRTOOL_TRY(items, read_der_items(pair.content));
    if (items.size() != 2 || items[0].tag != kDerObjectIdentifier || items[0].content.size() != arc.size() + 1 ||
        !equal(items[0].content.first(arc.size()), arc)) {
      return malformed("hold a pair that is not one of a number and a value");
    }
    const std::uint8_t number = items[0].content.back();
    if (std::ranges::find(members, number, &Numbered::number) != members.end()) {
      return malformed(fmt::format("hold number {} twice", number));
    }
    members.push_back({.number = number, .value = items[1]});
  }
  return members;
}

Result<ByteView> content_of(std::span<const Numbered> members, std::uint8_t number, std::uint8_t tag) {
  const auto found = std::ranges::find(members, number, &Numbered::number);
  if (found == members.end() || found->value.tag != tag) {
    return malformed(fmt::format("lack number {}, or it has another type", number));
  }
  return found->value.content;
}

Result<ByteView> octets(std::span<const Numbered> members, Member member, std::size_t size) {
  MRTOOL_TRY(content, content_of(members, static_cast<std::uint8_t>(member), kDerOctetString));
  if (content.size() != size) {
    return malformed(fmt::format("hold {} bytes as number {}, where {} are expected", content.size(),
                                 static_cast<unsigned>(member), size));
  }
  return content;
}

Result<std::uint16_t> small_integer(std::span<const Numbered> members, std::uint8_t number, std::uint16_t most) {
  constexpr std::size_t kMostBytes = 3;  // a zero in front of two
  MRTOOL_TRY(content, content_of(members, number, kDerInteger));
  std::uint32_t value = 0;
  for (const std::uint8_t byte : content) {
    value = (value << 8U) | byte;
  }
  if (content.empty() || content.size() > kMostBytes || (content.front() & 0x80U) != 0 || value > most) {
    return malformed(fmt::format("hold no number of 0 to {} as number {}", most, number));
  }
  return static_cast<std::uint16_t>(value);
}

Status read_tcb(ByteView bytes, PckExtensions& extensions) {
  std::array<std::uint8_t, kExtensionArc.size() + 1> arc{};
  std::ranges::copy(kExtensionArc, arc.begin());
  arc.back() = static_cast<std::uint8_t>(Member::tcb);
  MRTOOL_TRY(members, read_numbered(bytes, arc));
  for (std::size_t i = 0; i < kTcbComponents; ++i) {
    MRTOOL_TRY(svn, small_integer(members, static_cast<std::uint8_t>(i + 1), 0xFF));
    extensions.components[i] = static_cast<std::uint8_t>(svn);
  }
  MRTOOL_TRY(pce_svn, small_integer(members, kPceSvn, 0xFFFF));
  extensions.pce_svn = pce_svn;
  MRTOOL_TRY(cpu_svn, content_of(members, kCpuSvn, kDerOctetString));
  extensions.cpu_svn = cpu_svn;
  return {};
}

std::string name_of(const Certificate& certificate) {
  return certificate.summary().subject;
}

bool is_among(const Certificate& certificate, std::span<const Certificate> path) {
  return std::ranges::any_of(path, [&](const Certificate& other) { return equal(other.der(), certificate.der()); });
}

QuoteCheck chain_check(std::span<const Certificate> presented, const Result<ChainResult>& chain,
                       const TrustedRoots& roots, std::int64_t time) {
  QuoteCheck check{.name = "certificate-chain", .verdict = Verdict::fail, .detail = {}};
  if (roots.certificates.empty()) {
    check.detail = fmt::format(
        "Intel's SGX root CA (SHA-256 {}) is not in the chain, which ends at {} (SHA-256 {}); another root can be "
        "trusted with --ca",
        kRootFingerprint, name_of(presented.back()), presented.back().summary().sha256);
    return check;
  }
  if (!chain) {
    check.detail = chain.error().message;
    return check;
  }
  for (const Certificate& certificate : presented) {
    if (!is_among(certificate, chain->path)) {
      check.detail = fmt::format("the quote holds certificate {} (SHA-256 {}), which is not part of the path to {}",
                                 name_of(certificate), certificate.summary().sha256, name_of(chain->path.back()));
      return check;
    }
  }
  check.verdict = Verdict::pass;
  check.detail =
      fmt::format("{} certificates up to {} ({}) are valid on {}", chain->path.size(), name_of(chain->path.back()),
                  roots.built_in ? "Intel's, built in" : "given with --ca", format_day(time));
  return check;
}

QuoteCheck revocation_check(std::span<const Certificate> presented, const ChainRequest& request, bool chain_holds) {
  QuoteCheck check{.name = "revocation", .verdict = Verdict::skipped, .detail = {}};
  if (request.crls.empty()) {
    check.detail = "not checked: no revocation lists were given (--crl; Intel's for the root CA and for the PCK CA)";
    return check;
  }
  check.verdict = Verdict::inconclusive;
  if (!chain_holds) {
    check.detail = "there is no valid chain whose certificates could be looked up";
    return check;
  }
  const auto chain = verify_chain(presented.front(), request);
  if (!chain) {
    check.verdict = Verdict::fail;
    check.detail = chain.error().message;
  } else if (!chain->without_crl.empty()) {
    check.detail = fmt::format("no revocation list was given for {}", fmt::join(chain->without_crl, "; "));
  } else {
    check.verdict = Verdict::pass;
    check.detail = "no certificate of the chain is on the revocation lists that were given";
  }
  return check;
}

}  // namespace

Result<PckExtensions> read_pck_extensions(const Certificate& certificate) {
  const auto bytes = certificate.extension(kExtensionOid);
  if (!bytes) {
    return malformed(fmt::format("of a PCK certificate ({}) are absent", kExtensionOid));
  }
  MRTOOL_TRY(outer, read_der_items(*bytes));
  if (outer.size() != 1 || outer.front().tag != kDerSequence) {
    return malformed("are not a sequence");
  }
  MRTOOL_TRY(members, read_numbered(outer.front().content, kExtensionArc));
  PckExtensions extensions;
  MRTOOL_TRY(ppid, octets(members, Member::ppid, kSixteen));
  MRTOOL_TRY(pce_id, octets(members, Member::pce_id, kPceIdSize));
  MRTOOL_TRY(fmspc, octets(members, Member::fmspc, kFmspcSize));
  MRTOOL_TRY(tcb, content_of(members, static_cast<std::uint8_t>(Member::tcb), kDerSequence));
  extensions.ppid = ppid;
  extensions.pce_id = pce_id;
  extensions.fmspc = fmspc;
  if (Status read = read_tcb(tcb, extensions); !read) {
    return std::unexpected(read.error());
  }
  return extensions;
}

Value::Object fields_of(const PckExtensions& extensions) {
  return {
      {"fmspc", to_bytes(extensions.fmspc)},
      {"pce_id", to_bytes(extensions.pce_id)},
      {"pce_svn", Value::number(extensions.pce_svn)},
      {"cpu_svn", to_bytes(extensions.cpu_svn)},
      {"tcb_components", to_bytes(extensions.components)},
      {"ppid", to_bytes(extensions.ppid)},
  };
}

Result<TrustedRoots> trusted_roots(const QuoteEvidence& evidence, std::span<const Certificate> presented) {
  if (!evidence.roots.empty()) {
    MRTOOL_TRY(certificates, parse_certificates(evidence.roots));
    return TrustedRoots{.certificates = std::move(certificates), .built_in = false};
  }
  TrustedRoots roots{.certificates = {}, .built_in = true};
  const auto found = std::ranges::find_if(
      presented, [](const Certificate& certificate) { return certificate.sha256().hex() == kRootFingerprint; });
  if (found != presented.end()) {
    roots.certificates.push_back(*found);
  }
  return roots;
}

void check_pck_chain(std::vector<QuoteCheck>& checks, std::span<const Certificate> presented, const TrustedRoots& roots,
                     const QuoteEvidence& evidence) {
  ChainRequest request{
      .intermediates = presented.subspan(1), .roots = roots.certificates, .crls = {}, .time = evidence.time};
  const auto chain = verify_chain(presented.front(), request);
  checks.push_back(chain_check(presented, chain, roots, evidence.time));
  std::vector<Bytes> crls;
  crls.reserve(evidence.crls.size());
  for (const NamedBytes& crl : evidence.crls) {
    crls.push_back(crl.bytes);
  }
  request.crls = crls;
  const bool holds = checks.back().verdict == Verdict::pass;
  checks.push_back(revocation_check(presented, request, holds));
}

QuoteCheck check_pck_certificate(std::span<const Certificate> presented, const Result<PckExtensions>& extensions) {
  QuoteCheck check{.name = "pck-certificate", .verdict = Verdict::fail, .detail = {}};
  if (presented.front().summary().common_name != kPckName) {
    check.detail = fmt::format("the key that signs the QE report is that of {}, and only an \"{}\" is for that",
                               name_of(presented.front()), kPckName);
  } else if (presented.size() < 2 || presented[1].summary().subject != presented[0].summary().issuer ||
             std::ranges::find(kPckIssuers, presented[1].summary().common_name) == kPckIssuers.end()) {
    check.detail = fmt::format("{} is issued by {}, which is no Intel SGX PCK Platform or Processor CA", kPckName,
                               presented.front().summary().issuer);
  } else if (!extensions) {
    check.detail = extensions.error().message;
  } else {
    check.verdict = Verdict::pass;
    check.detail = fmt::format("issued by {} for platforms of FMSPC {}", presented[1].summary().common_name,
                               to_hex(extensions->fmspc));
  }
  return check;
}

}  // namespace mrtool::quotes
