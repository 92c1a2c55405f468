// Quotes made on the spot, each wrong in one way.
#include <doctest/doctest.h>

#include <map>

#include "lib/quote/quote.hpp"
#include "lib/quote/tdx_test_quote.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

using testing::issue;
using testing::issue_crl;
using testing::kDay;
using testing::kTestTime;
using testing::TestCrl;
using testing::TestKey;
using testing::TestQeIdentity;
using testing::TestTcbInfo;
using testing::TestTdxAuthority;
using testing::TestTdxQuote;

namespace {

const TestTdxAuthority& authority() {
  static const TestTdxAuthority kAuthority;
  return kAuthority;
}

NamedBytes file(std::string_view name, std::string_view text) {
  return {.name = std::string(name), .bytes = to_bytes(as_bytes(text))};
}

QuoteEvidence evidence_of(Bytes quote) {
  QuoteEvidence evidence;
  evidence.quote = {.name = "quote", .bytes = std::move(quote)};
  evidence.roots = {authority().root_file()};
  evidence.nonce_policy = NoncePolicy::given;
  evidence.nonce = Bytes(64);
  evidence.time = kTestTime;
  return evidence;
}

QuoteEvidence evidence_of(const TestTdxQuote& quote) {
  return evidence_of(make_quote(quote, authority()));
}

// With everything that can be checked.
QuoteEvidence complete(QuoteEvidence evidence) {
  evidence.crls = {{.name = "root.crl", .bytes = issue_crl(authority().root)},
                   {.name = "pck.crl", .bytes = issue_crl(authority().pck_ca)}};
  const TestKey& signer = authority().tcb_signer.key;
  evidence.tcb_info = {file("tcb-info.json", testing::make_tcb_info({}, signer)),
                       file("qe-identity.json", testing::make_qe_identity({}, signer)),
                       file("tcb-chain.pem", authority().tcb_signer.certificate.pem())};
  return evidence;
}

QuoteResult appraise(const QuoteEvidence& evidence) {
  const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
  REQUIRE(kind != nullptr);
  REQUIRE(kind->name == "tdx");
  auto result = kind->appraise(evidence);
  REQUIRE_MESSAGE(result, (result ? "" : to_string(result.error())));
  return *result;
}

using Verdicts = std::map<std::string, Verdict>;

// The checks that don't pass.
std::string others(const QuoteResult& result) {
  std::string text;
  for (const QuoteCheck& check : result.checks) {
    if (check.verdict != Verdict::pass) {
      text += check.name + " " + std::string(to_string(check.verdict)) + "\n";
    }
  }
  return text;
}

const std::string kNotGiven = "tcb-status skipped\nqe-tcb-status skipped\n";
const std::string kNothingGiven = "revocation skipped\n" + kNotGiven;

std::string others(const QuoteEvidence& evidence) {
  return others(appraise(evidence));
}

std::string detail_of(const QuoteEvidence& evidence, std::string_view name) {
  for (const QuoteCheck& check : appraise(evidence).checks) {
    if (check.name == name) {
      return check.detail;
    }
  }
  return {};
}

void check_malformed(const Bytes& quote) {
  const QuoteKind* kind = find_quote_kind(quote);
  REQUIRE(kind != nullptr);
  const auto result = kind->appraise(evidence_of(quote));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::malformed);
  CHECK(result.error().file == "quote");
}

void add_to_u32(Bytes& bytes, std::size_t offset, std::uint8_t by) {
  bytes[offset] = static_cast<std::uint8_t>(bytes[offset] + by);
}

constexpr std::size_t kBody4 = 48;
constexpr std::size_t kSignatureSize4 = 632;
constexpr std::size_t kCertification = 4 + 64 + 64;  // from the size of the signature data

}  // namespace

TEST_CASE("quotes of both versions and body types pass") {
  for (const auto& [version, body_type] : {std::pair<std::uint16_t, std::uint16_t>{4, 2}, {5, 2}, {5, 3}}) {
    CAPTURE(version);
    CAPTURE(body_type);
    TestTdxQuote quote{.version = version, .body_type = body_type};
    quote.rtmr[2] = Bytes(48, 0x22);
    quote.mrconfigid = Bytes(48, 0xC0);
    const QuoteResult result = appraise(complete(evidence_of(quote)));
    CHECK(others(result).empty());
    CHECK(verdict_of(result.checks) == Verdict::pass);
    const auto& values = result.registers.values;
    CHECK(values.size() == (body_type == 3 ? 9 : 8));
    CHECK(values.at({*parse_register("rtmr2"), HashAlgorithm::sha384}) == Digest(quote.rtmr[2]));
    CHECK(values.at({*parse_register("mrtd"), HashAlgorithm::sha384}) == Digest(quote.mrtd));
    CHECK(values.at({*parse_register("mr:mrconfigid"), HashAlgorithm::sha384}) == Digest(quote.mrconfigid));
    CHECK(result.registers.source == "quote");
  }
}

TEST_CASE("what is not given is skipped and said") {
  CHECK(others(evidence_of(TestTdxQuote{})) == kNothingGiven);
}

TEST_CASE("attestation key that did not sign the quote") {
  CHECK(others(evidence_of(TestTdxQuote{.quote_signer = TestKey::ec("P-256")})) ==
        "quote-signature fail\n" + kNothingGiven);
}

TEST_CASE("attestation key swapped for one's own") {
  const TestKey own = TestKey::ec("P-256");
  Bytes quote = make_quote({.attestation_key = own}, authority());
  const Bytes victim = make_quote({}, authority());
  // The certification data of another quote: its QE report is about another key.
  const auto at = static_cast<std::ptrdiff_t>(kSignatureSize4 + kCertification);
  std::copy(victim.begin() + at, victim.end(), quote.begin() + at);
  CHECK(others(evidence_of(quote)) == "qe-binding fail\n" + kNothingGiven);
}

TEST_CASE("attestation key that is no point") {
  Bytes quote = make_quote({}, authority());
  std::fill_n(quote.begin() + kSignatureSize4 + 4 + 64, 64, std::uint8_t{0xFF});
  CHECK(others(evidence_of(quote)) == "quote-signature fail\nqe-binding fail\n" + kNothingGiven);
}

TEST_CASE("report data of the QE that hold more than the key's hash") {
  const TestKey key = TestKey::ec("P-256");
  const Bytes good = testing::detail::p256_point(key);
  TestTdxQuote quote{.attestation_key = key};
  Bytes report_data(64);
  const Digest hash = HashEngine().hash(HashAlgorithm::sha256, good, quote.authentication_data);
  std::ranges::copy(hash.view(), report_data.begin());
  quote.qe_report_data = report_data;
  CHECK(others(evidence_of(quote)) == kNothingGiven);
  report_data.back() = 1;
  quote.qe_report_data = report_data;
  CHECK(others(evidence_of(quote)) == "qe-binding fail\n" + kNothingGiven);
}

TEST_CASE("QE report signed by another key") {
  CHECK(others(evidence_of(TestTdxQuote{.qe_report_signer = TestKey::ec("P-256")})) ==
        "qe-report-signature fail\n" + kNothingGiven);
}

TEST_CASE("root in the quote but not trusted") {
  QuoteEvidence evidence = evidence_of(TestTdxQuote{});
  evidence.roots.clear();
  CHECK(others(evidence) == "certificate-chain fail\n" + kNothingGiven);
  CHECK(detail_of(evidence, "certificate-chain").starts_with("Intel's SGX root CA (SHA-256 44a0196b"));
  const TestTdxAuthority other;
  evidence.roots = {other.root_file()};
  CHECK(others(evidence) == "certificate-chain fail\n" + kNothingGiven);
}

TEST_CASE("root that has the name of the trusted one") {
  const TestTdxAuthority other;
  QuoteEvidence evidence = evidence_of(make_quote({}, other));
  CHECK(others(evidence) == "certificate-chain fail\n" + kNothingGiven);
}

TEST_CASE("leaf swapped for another platform's") {
  const auto other = authority().make_pck({.fmspc = {1, 2, 3, 4, 5, 6}});
  const std::string chain =
      other.certificate.pem() + authority().pck_ca.certificate.pem() + authority().root.certificate.pem();
  CHECK(others(evidence_of(TestTdxQuote{.certification_data = chain})) == "qe-report-signature fail\n" + kNothingGiven);
}

TEST_CASE("leaf in front of another intermediate") {
  const TestTdxAuthority other;
  const std::string chain =
      authority().pck.certificate.pem() + other.pck_ca.certificate.pem() + authority().root.certificate.pem();
  CHECK(others(evidence_of(TestTdxQuote{.certification_data = chain})) == "certificate-chain fail\n" + kNothingGiven);
}

TEST_CASE("certificate that is no part of the path") {
  const TestTdxAuthority other;
  const std::string chain = authority().chain_pem() + other.root.certificate.pem();
  const QuoteEvidence evidence = evidence_of(TestTdxQuote{.certification_data = chain});
  CHECK(others(evidence) == "certificate-chain fail\n" + kNothingGiven);
  CHECK(detail_of(evidence, "certificate-chain").find("which is not part of the path") != std::string::npos);
}

TEST_CASE("certificate for another purpose") {
  // Issued by the root, as the PCK CA is, and trusted for TCB info only.
  const std::string chain = authority().tcb_signer.certificate.pem() + authority().root.certificate.pem();
  const QuoteEvidence evidence =
      evidence_of(TestTdxQuote{.certification_data = chain, .qe_report_signer = authority().tcb_signer.key});
  CHECK(others(evidence) == "revocation skipped\npck-certificate fail\n" + kNotGiven);
}

TEST_CASE("PCK certificate of another CA, and one without the extensions") {
  const auto other_ca =
      issue({.common_name = "Intel SGX Other CA", .ca = true, .serial = 9}, TestKey::ec("P-256"), &authority().root);
  const std::string extension = "DER:" + to_hex(testing::pck_extension({}));
  const auto of_other =
      issue({.common_name = "Intel SGX PCK Certificate", .extensions = {{"1.2.840.113741.1.13.1", extension}}},
            TestKey::ec("P-256"), &other_ca);
  CHECK(others(evidence_of(TestTdxQuote{.certification_data = of_other.certificate.pem() + other_ca.certificate.pem(),
                                        .qe_report_signer = of_other.key})) ==
        "revocation skipped\npck-certificate fail\n" + kNotGiven);
  const auto without = issue({.common_name = "Intel SGX PCK Certificate"}, TestKey::ec("P-256"), &authority().pck_ca);
  CHECK(others(evidence_of(TestTdxQuote{
            .certification_data = without.certificate.pem() + authority().pck_ca.certificate.pem(),
            .qe_report_signer = without.key})) == "revocation skipped\npck-certificate fail\n" + kNotGiven);
}

TEST_CASE("chain out of date and not valid yet") {
  QuoteEvidence evidence = evidence_of(TestTdxQuote{});
  for (const std::int64_t time :
       {kTestTime - testing::kTestYearsBefore - 1, kTestTime + testing::kTestYearsAfter + 1}) {
    evidence.time = time;
    CHECK(others(evidence) == "certificate-chain fail\n" + kNothingGiven);
  }
  CHECK(detail_of(evidence, "certificate-chain").find("expired at 2053-") != std::string::npos);
}

TEST_CASE("certification data that are no plain chain") {
  const std::string refused =
      "qe-report-signature inconclusive\ncertificate-chain fail\nrevocation inconclusive\n"
      "pck-certificate inconclusive\n" +
      kNotGiven;
  const std::string chain = authority().chain_pem();
  for (const std::string& data : {std::string(), std::string("nothing"), "some text\n" + chain, chain + "x",
                                  chain + std::string(2, '\0'), chain.substr(0, chain.size() - 40)}) {
    CAPTURE(data.size());
    CHECK(others(evidence_of(TestTdxQuote{.certification_data = data})) == refused);
  }
  for (const std::string& data : {chain, chain + "\n", chain + std::string(1, '\0')}) {
    CHECK(others(evidence_of(TestTdxQuote{.certification_data = data})) == kNothingGiven);
  }
}

TEST_CASE("certification data without a chain") {
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{1, 2, 3, 4, 7, 99}) {
    CAPTURE(type);
    const QuoteEvidence evidence = evidence_of(TestTdxQuote{.certification_type = type});
    CHECK(others(evidence) ==
          "qe-report-signature inconclusive\ncertificate-chain inconclusive\n"
          "revocation inconclusive\npck-certificate inconclusive\n" +
              kNotGiven);
    CHECK(verdict_of(appraise(evidence).checks) == Verdict::inconclusive);
    CHECK(detail_of(evidence, "certificate-chain").starts_with("no certificate chain inside"));
  }
}

TEST_CASE("enclave that is not Intel's TD quoting enclave") {
  const Bytes sgx_qe = *from_hex("8c4f5775d796503e96137f77c68a829a0056ac8ded70140b081b094490c57bff");
  const std::string refused = "revocation skipped\nqe-identity fail\n" + kNotGiven;
  CHECK(others(evidence_of(TestTdxQuote{.qe_mrsigner = Bytes(32, 0x11)})) == refused);
  CHECK(others(evidence_of(TestTdxQuote{.qe_mrsigner = sgx_qe, .qe_isv_prod_id = 1})) == refused);
  CHECK(others(evidence_of(TestTdxQuote{.qe_isv_prod_id = 1})) == refused);
  CHECK(others(evidence_of(TestTdxQuote{.qe_flags = 0x17})) == refused);  // DEBUG
  CHECK(others(evidence_of(TestTdxQuote{.qe_flags = 0x14})) == refused);  // not INIT
}

TEST_CASE("quote of an SGX enclave") {
  Bytes quote = make_quote({.tee_type = 0}, authority());
  const QuoteResult version4 = appraise(evidence_of(quote));
  CHECK(others(version4) == "tee-type fail\n");
  CHECK(version4.registers.values.empty());
  quote[0] = 3;
  CHECK(others(evidence_of(quote)) == "tee-type fail\n");
  quote[12] ^= 1;  // the vendor is all that marks version 3
  CHECK(find_quote_kind(quote) == nullptr);
}

TEST_CASE("TD body that claims to be of SGX, and the reverse") {
  CHECK(others(evidence_of(TestTdxQuote{.version = 5, .tee_type = 0})) == "tee-type fail\n" + kNothingGiven);
  Bytes quote = make_quote({.version = 5}, authority());
  quote[48] = 1;
  add_to_u32(quote, 50, 0);
  quote[50] = 0x80;  // 384 bytes
  quote[51] = 0x01;
  CHECK(others(evidence_of(quote)) == "tee-type fail\n");
}

TEST_CASE("TD under debug, by every bit") {
  for (unsigned bit = 0; bit < 8; ++bit) {
    CAPTURE(bit);
    CHECK(others(evidence_of(TestTdxQuote{.td_attributes = 0x10000000U | (1U << bit)})) ==
          "revocation skipped\n" + kNotGiven + "td-debug fail\n");
  }
}

TEST_CASE("TDX module of another signer, or under debug") {
  const std::string refused = "revocation skipped\n" + kNotGiven + "seam-signer fail\n";
  Bytes signer(48);
  signer[47] = 1;
  CHECK(others(evidence_of(TestTdxQuote{.mrsignerseam = signer})) == refused);
  CHECK(others(evidence_of(TestTdxQuote{.seam_attributes = Bytes{1, 0, 0, 0, 0, 0, 0, 0}})) == refused);
}

TEST_CASE("nonces") {
  TestTdxQuote quote;
  quote.report_data[0] = 0xAB;
  quote.report_data[1] = 0xCD;
  QuoteEvidence evidence = evidence_of(quote);
  CHECK(others(evidence) == kNothingGiven + "nonce fail\n");
  evidence.nonce = {0xAB, 0xCD};
  CHECK(others(evidence) == kNothingGiven);
  evidence.nonce = {0xAB};
  CHECK(others(evidence) == kNothingGiven + "nonce fail\n");
  evidence.nonce = quote.report_data;
  CHECK(others(evidence) == kNothingGiven);
  evidence.nonce.push_back(0);
  CHECK(others(evidence) == kNothingGiven + "nonce fail\n");
  evidence.nonce_policy = NoncePolicy::unstated;
  CHECK(others(evidence) == kNothingGiven + "nonce inconclusive\n");
  evidence.nonce_policy = NoncePolicy::waived;
  CHECK(others(evidence) == kNothingGiven + "nonce skipped\n");
}

TEST_CASE("bytes behind the quote") {
  Bytes quote = make_quote({}, authority());
  quote.resize(quote.size() + 100);
  CHECK(others(evidence_of(quote)) == kNothingGiven);
  CHECK(detail_of(evidence_of(quote), "trailing").starts_with("100 zero bytes"));
  quote.back() = 1;
  CHECK(others(evidence_of(quote)) == kNothingGiven + "trailing fail\n");
}

TEST_CASE("inputs that a TDX quote has no use for") {
  QuoteEvidence evidence = evidence_of(TestTdxQuote{});
  evidence.key = NamedBytes{.name = "key", .bytes = {1}};
  CHECK(others(evidence) == kNothingGiven + "unused-input inconclusive\n");
}

TEST_CASE("quote cut at every byte") {
  for (const std::uint16_t version : std::initializer_list<std::uint16_t>{4, 5}) {
    const Bytes whole = make_quote({.version = version}, authority());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const QuoteKind* kind = find_quote_kind(cut);
      if (kind != nullptr) {
        CAPTURE(size);
        CHECK_FALSE(kind->appraise(evidence_of(cut)));
      }
    }
  }
}

TEST_CASE("lengths that contradict one another") {
  const std::size_t certification = kSignatureSize4 + kCertification;
  const std::size_t authentication = certification + 6 + 384 + 64;
  const std::size_t inner = authentication + 2 + 32;
  for (const std::size_t offset : {kSignatureSize4, certification, certification + 2, authentication, inner + 2}) {
    CAPTURE(offset);
    for (const std::uint8_t by : {std::uint8_t{1}, std::uint8_t{0xFF}}) {
      Bytes quote = make_quote({}, authority());
      add_to_u32(quote, offset, by);
      check_malformed(quote);
    }
    Bytes quote = make_quote({}, authority());
    quote[offset + 1] = 0xFF;
    check_malformed(quote);
  }
}

TEST_CASE("body type and size of version 5 that contradict one another") {
  check_malformed(make_quote({.version = 5, .stated_body_size = 648}, authority()));
  check_malformed(make_quote({.version = 5, .body_type = 3, .stated_body_size = 584}, authority()));
  check_malformed(make_quote({.version = 5, .stated_body_size = 0xFFFFFFFF}, authority()));
  check_malformed(make_quote({.version = 5, .body_type = 4}, authority()));
}

TEST_CASE("attestation key of a type that is not supported") {
  Bytes quote = make_quote({}, authority());
  quote[2] = 3;
  const auto result = find_quote_kind(quote)->appraise(evidence_of(quote));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::unsupported);
}

TEST_CASE("revocation") {
  QuoteEvidence evidence = complete(evidence_of(TestTdxQuote{}));
  const NamedBytes of_root = evidence.crls[0];
  const NamedBytes of_ca = evidence.crls[1];
  const auto with = [&](std::vector<NamedBytes> crls) {
    evidence.crls = std::move(crls);
    return others(evidence);
  };
  const auto list = [](Bytes bytes) { return NamedBytes{.name = "crl", .bytes = std::move(bytes)}; };
  CHECK(with({of_root, of_ca}).empty());
  CHECK(with({of_ca}).starts_with("revocation inconclusive\n"));
  CHECK(with({of_root}).starts_with("revocation inconclusive\n"));
  CHECK(with({of_root, list(issue_crl(authority().pck_ca, {.revoked = {authority().pck.certificate}}))})
            .starts_with("revocation fail\n"));
  CHECK(with({list(issue_crl(authority().root, {.revoked = {authority().pck_ca.certificate}})), of_ca})
            .starts_with("revocation fail\n"));
  CHECK(with({of_root, list(issue_crl(authority().pck_ca, {.next_update = kTestTime - kDay}))})
            .starts_with("revocation fail\n"));
  CHECK(with({of_root, list({1, 2, 3})}).starts_with("revocation fail\n"));
  // The signer of TCB info is looked up too.
  CHECK(with({list(issue_crl(authority().root, {.revoked = {authority().tcb_signer.certificate}})), of_ca}) ==
        "tcb-status fail\nqe-tcb-status fail\n");
}

TEST_CASE("TCB status") {
  struct Row {
    TestTcbInfo info;
    std::string others;
    std::string detail;
  };
  const std::vector<Row> rows{
      {{}, "", "the platform is UpToDate (INTEL-SA-00001)"},
      {{.status = "SWHardeningNeeded"},
       "tcb-status inconclusive\n",
       "the platform is SWHardeningNeeded (INTEL-SA-00001)"},
      {{.status = "ConfigurationNeeded", .advisories = "[]"},
       "tcb-status inconclusive\n",
       "the platform is ConfigurationNeeded"},
      {{.status = "OutOfDate"}, "tcb-status fail\n", "the platform is OutOfDate (INTEL-SA-00001)"},
      {{.status = "OutOfDateConfigurationNeeded"},
       "tcb-status fail\n",
       "the platform is OutOfDateConfigurationNeeded (INTEL-SA-00001)"},
      {{.status = "Revoked"}, "tcb-status fail\n", "the platform is Revoked (INTEL-SA-00001)"},
      {{.status = "WhoKnows"}, "tcb-status inconclusive\n", "the platform is WhoKnows (INTEL-SA-00001)"},
      {{.sgx_svn = 6}, "tcb-status fail\n", "the platform is below every level of the TCB info"},
      {{.pce_svn = 12}, "tcb-status fail\n", "the platform is below every level of the TCB info"},
      {{.module_svn = 6}, "tcb-status fail\n", "the platform is below every level of the TCB info"},
      {{.fmspc = "000000000000"},
       "tcb-status fail\n",
       "the TCB info is for FMSPC 000000000000 and PCE 0000, and the platform is of b0c06f000000 and 0000"},
      {{.id = "SGX"}, "tcb-status fail\n", "the TCB info has id \"SGX\", and one for TDX is needed"},
      {{.next_update = "2025-12-31T00:00:00Z"},
       "tcb-status fail\n",
       "the TCB info is for the time from 2017-01-01T00:00:00Z to 2025-12-31T00:00:00Z, and what counts is "
       "2026-01-01T00:00:00Z"},
      {{.issue_date = "2026-01-02T00:00:00Z"},
       "tcb-status fail\n",
       "the TCB info is for the time from 2026-01-02T00:00:00Z to 2052-01-01T00:00:00Z, and what counts is "
       "2026-01-01T00:00:00Z"},
      {{.next_update = "soon"}, "tcb-status fail\n", "the TCB info has no dates that can be read"},
  };
  QuoteEvidence evidence = complete(evidence_of(TestTdxQuote{}));
  for (const Row& row : rows) {
    CAPTURE(row.detail);
    evidence.tcb_info[0] = file("tcb-info.json", testing::make_tcb_info(row.info, authority().tcb_signer.key));
    CHECK(others(evidence) == row.others);
    CHECK(detail_of(evidence, "tcb-status") == row.detail);
  }
}

TEST_CASE("TCB status of a module with an identity of its own") {
  TestTdxQuote quote;
  quote.tee_tcb_svn = *from_hex("05010200000000000000000000000000");
  QuoteEvidence evidence = complete(evidence_of(quote));
  const auto with = [&](const TestTcbInfo& info) {
    evidence.tcb_info[0] = file("tcb-info.json", testing::make_tcb_info(info, authority().tcb_signer.key));
    return others(evidence) + detail_of(evidence, "tcb-status");
  };
  CHECK(with({.advisories = "[]"}) == "the platform is UpToDate; the TDX module is UpToDate");
  CHECK(with({.module_status = "OutOfDate", .advisories = "[]"}) ==
        "tcb-status fail\nthe platform is UpToDate; the TDX module is OutOfDate");
  CHECK(with({.module_svn = 6}) == "tcb-status fail\nthe TDX module is below every level of the TCB info");
  quote.tee_tcb_svn[1] = 2;
  evidence.quote.bytes = make_quote(quote, authority());
  CHECK(with({}).starts_with("tcb-status fail\nthe TCB info does not know this TDX module (version 2"));
}

TEST_CASE("status of the quoting enclave") {
  QuoteEvidence evidence = complete(evidence_of(TestTdxQuote{}));
  const auto with = [&](const TestQeIdentity& identity) {
    evidence.tcb_info[1] = file("qe-identity.json", testing::make_qe_identity(identity, authority().tcb_signer.key));
    return others(evidence) + detail_of(evidence, "qe-tcb-status");
  };
  CHECK(with({}) == "the quoting enclave (ISVSVN 7) is UpToDate");
  CHECK(with({.status = "OutOfDate"}) == "qe-tcb-status fail\nthe quoting enclave (ISVSVN 7) is OutOfDate");
  CHECK(with({.isv_svn = 8}) == "qe-tcb-status fail\nthe quoting enclave's ISVSVN 7 is below every level");
  CHECK(with({.mrsigner = std::string(64, '1')}) ==
        "qe-tcb-status fail\nthe quoting enclave is not the one of the QE identity");
}

TEST_CASE("TCB info that nobody vouches for") {
  const QuoteEvidence good = complete(evidence_of(TestTdxQuote{}));
  QuoteEvidence evidence = good;
  evidence.tcb_info.pop_back();
  CHECK(others(evidence) == "tcb-status fail\nqe-tcb-status fail\n");
  CHECK(detail_of(evidence, "tcb-status") ==
        "the TCB info cannot be trusted without the certificate chain of its signer (Intel SGX TCB Signing)");

  evidence = good;
  evidence.tcb_info[0] = file("tcb-info.json", testing::make_tcb_info({}, TestKey::ec("P-256")));
  CHECK(others(evidence) == "tcb-status fail\n");
  CHECK(detail_of(evidence, "tcb-status") == "the TCB info is not signed by the key of CN=Intel SGX TCB Signing");

  const TestTdxAuthority other;
  evidence = good;
  evidence.tcb_info = {file("tcb-info.json", testing::make_tcb_info({}, other.tcb_signer.key)),
                       file("tcb-chain.pem", other.tcb_signer.certificate.pem())};
  CHECK(others(evidence) == "tcb-status fail\nqe-tcb-status skipped\n");

  // A quote whose own chain does not hold says nothing of its platform.
  evidence = good;
  evidence.quote.bytes = make_quote({.qe_report_signer = TestKey::ec("P-256")}, authority());
  CHECK(others(evidence) == "qe-report-signature fail\ntcb-status inconclusive\nqe-tcb-status inconclusive\n");
}

TEST_CASE("TCB info as people keep it") {
  QuoteEvidence evidence = complete(evidence_of(TestTdxQuote{}));
  // Reformatted.
  const std::string compact(as_text(evidence.tcb_info[0].bytes));
  std::string spaced;
  for (const char c : compact) {
    spaced += c;
    spaced += c == ',' || c == '{' ? "\n  " : "";
  }
  evidence.tcb_info[0] = file("tcb-info.json", spaced);
  // As in the service's header.
  std::string encoded;
  for (const char c : authority().tcb_signer.certificate.pem() + authority().root.certificate.pem()) {
    encoded += c == '\n' ? "%0A" : c == ' ' ? "%20" : c == '+' ? "%2B" : std::string(1, c);
  }
  evidence.tcb_info[2] = file("header", encoded);
  CHECK(others(evidence).empty());
}

TEST_CASE("every byte of TCB info counts") {
  QuoteEvidence evidence = complete(evidence_of(TestTdxQuote{}));
  const Bytes good = evidence.tcb_info[0].bytes;
  for (std::size_t i = 0; i < good.size(); ++i) {
    evidence.tcb_info[0].bytes = good;
    evidence.tcb_info[0].bytes[i] ^= 1;
    const auto result = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
    if (result) {
      CAPTURE(i);
      CHECK(verdict_of(result->checks) != Verdict::pass);
    }
  }
}

TEST_CASE("files given as TCB info that are none") {
  for (const std::string text : {"", "{}", "[]", "{\"tcbInfo\":", "text", "{\"other\":{}}"}) {
    CAPTURE(text);
    QuoteEvidence evidence = complete(evidence_of(TestTdxQuote{}));
    evidence.tcb_info.push_back(file("odd", text));
    const auto result = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::malformed);
    CHECK(result.error().file == "odd");
  }
  QuoteEvidence twice = complete(evidence_of(TestTdxQuote{}));
  twice.tcb_info.push_back(twice.tcb_info[0]);
  CHECK_FALSE(find_quote_kind(twice.quote.bytes)->appraise(twice));
}

TEST_CASE("root file that is none") {
  QuoteEvidence evidence = evidence_of(TestTdxQuote{});
  evidence.roots = {file("ca", "no certificate")};
  const auto result = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::malformed);
  CHECK(result.error().file == "ca");
}

}  // namespace mrtool
