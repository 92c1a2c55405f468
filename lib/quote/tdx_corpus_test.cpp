// Real quotes and TD reports, where the shared corpus lies beside the repository.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "lib/base/json_text.hpp"
#include "lib/quote/quote.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(MRTOOL_SOURCE_DIR) / ".." / "shared" / "corpus";
constexpr std::int64_t kTime = 1'780'272'000;       // 2026-06-01: every certificate of the quotes is valid
constexpr std::int64_t kBeforeAll = 1'672'531'200;  // 2023-01-01
constexpr std::int64_t kAfterAll = 2'051'222'400;   // 2035-01-01

bool have_corpus() {
  if (fs::is_directory(kCorpus / "quotes")) {
    return true;
  }
  MESSAGE("skipped: no corpus beside the repository");
  return false;
}

Bytes read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in, path);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Verdicts = std::vector<std::pair<std::string, Verdict>>;

Verdicts verdicts_of(const QuoteResult& result) {
  Verdicts verdicts;
  for (const QuoteCheck& check : result.checks) {
    verdicts.emplace_back(check.name, check.verdict);
  }
  return verdicts;
}

Verdict verdict_of(const QuoteResult& result, std::string_view name) {
  for (const QuoteCheck& check : result.checks) {
    if (check.name == name) {
      return check.verdict;
    }
  }
  FAIL("no such check");
  return Verdict::skipped;
}

std::string text_of(const Verdicts& verdicts) {
  std::string text;
  for (const auto& [name, verdict] : verdicts) {
    text += name + " " + std::string(to_string(verdict)) + "\n";
  }
  return text;
}

QuoteEvidence evidence_of(const fs::path& path) {
  QuoteEvidence evidence;
  evidence.quote = {.name = path.filename().string(), .bytes = read(path)};
  evidence.nonce_policy = NoncePolicy::waived;
  evidence.time = kTime;
  return evidence;
}

// What every quote here comes to without a nonce, revocation lists and TCB info.
const Verdicts kGood{
    {"tee-type", Verdict::pass},          {"quote-signature", Verdict::pass},
    {"qe-binding", Verdict::pass},        {"qe-report-signature", Verdict::pass},
    {"certificate-chain", Verdict::pass}, {"revocation", Verdict::skipped},
    {"pck-certificate", Verdict::pass},   {"qe-identity", Verdict::pass},
    {"tcb-status", Verdict::skipped},     {"qe-tcb-status", Verdict::skipped},
    {"seam-signer", Verdict::pass},       {"td-debug", Verdict::pass},
    {"nonce", Verdict::skipped},          {"trailing", Verdict::pass},
};

struct Case {
  std::string path;
  unsigned version;
  std::size_t registers;
  std::string mrtd;  // first bytes, hex
  std::array<std::string, 4> rtmr;
  std::string nonce;                           // hex; empty: none is stated
  std::map<std::string, Verdict> differ = {};  // from kGood
};

const std::string kTrusteeNonce =
    "7c71fe2c86eff65a7cf8dbc22b3275689fd0464a267baced1bf94fc1324656aeb755da3d44d098c0c87382f3a5f85b45c8a28fee1d3bdb3834"
    "2b"
    "f96671501429";

const std::vector<Case> kCases{
    {"attestation-rs-live/td-quote.dat", 4, 8, "", {}, ""},
    {"automata-quotev4-8000.dat", 4, 8, "935be7742dd8", {"00000000", "00000000", "00000000", "00000000"}, ""},
    // Made on a pre-production platform: its root has Intel's name and another key.
    {"cc-trusted-api/td-quote.dat", 4, 8, "", {}, "", {{"certificate-chain", Verdict::fail}}},
    {"dcap-qvl-tdx_quote.dat", 4, 8, "91eb2b44d141", {"44c0197b", "0084452c", "d833feef", "00000000"}, ""},
    {"dstack-quote-report/td-quote.dat", 4, 8, "", {}, "1234"},
    {"entropyxyz-v4_quote.dat", 4, 8, "f2dd2696f69b", {"09982045", "383d1002", "eecfc42f", "00000000"}, ""},
    {"go-tdx-guest-cos-113/td-quote.dat", 4, 8, "", {}, ""},
    {"go-tdx-guest-quote_v5_sample.dat", 5, 9, "7348651a34b2", {"5c8daf76", "463acaac", "6369b9c9", "00000000"}, ""},
    {"go-tdx-qpl-quote.dat", 4, 8, "b65ea009e424", {"e1af75e6", "215ff1fc", "00000000", "00000000"}, ""},
    {"trustee-AAEL/td-quote.dat", 4, 8, "", {}, ""},
    {"trustee-tdx_quote_4.dat",
     4,
     8,
     "705ee9381b86",
     {"e940da7c", "559cfcf4", "00000000", "00000000"},
     kTrusteeNonce,
     {{"td-debug", Verdict::fail}}},
    {"trustee-tdx_quote_5.dat", 5, 9, "dfba221b48a2", {"9b529f36", "ca5a9793", "00000000", "00000000"}, ""},
};

Verdicts expected_of(const Case& row) {
  Verdicts expected = kGood;
  for (auto& [name, verdict] : expected) {
    if (const auto found = row.differ.find(name); found != row.differ.end()) {
      verdict = found->second;
    }
  }
  return expected;
}

std::string value_of(const QuoteResult& result, std::string_view name) {
  const auto found = result.registers.values.find({*parse_register(name), HashAlgorithm::sha384});
  return found == result.registers.values.end() ? "absent" : found->second.hex();
}

}  // namespace

TEST_CASE("every quote of the corpus is in the table") {
  if (!have_corpus()) {
    return;
  }
  std::size_t quotes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kCorpus / "quotes")) {
    const QuoteKind* kind = entry.is_regular_file() ? find_quote_kind(read(entry.path())) : nullptr;
    quotes += kind != nullptr && kind->name == "tdx" ? 1 : 0;
  }
  CHECK(quotes == kCases.size());
}

TEST_CASE("quotes of the corpus") {
  if (!have_corpus()) {
    return;
  }
  for (const Case& row : kCases) {
    CAPTURE(row.path);
    const QuoteEvidence evidence = evidence_of(kCorpus / "quotes" / row.path);
    const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
    REQUIRE(kind != nullptr);
    CHECK(kind->name == "tdx");
    const auto result = kind->appraise(evidence);
    REQUIRE(result);
    CHECK(text_of(verdicts_of(*result)) == text_of(expected_of(row)));
    CHECK(result->kind == "tdx");
    CHECK(*result->fields.front().value.as<Number>() == Number{.value = row.version});
    CHECK(result->registers.authenticated == Authenticated::signed_);
    CHECK(result->registers.values.size() == row.registers);
    CHECK(value_of(*result, "mrtd").starts_with(row.mrtd));
    for (std::size_t i = 0; i < row.rtmr.size(); ++i) {
      CHECK(value_of(*result, "rtmr" + std::to_string(i)).starts_with(row.rtmr[i]));
    }
  }
}

TEST_CASE("pre-production platform, when its root is trusted") {
  if (!have_corpus()) {
    return;
  }
  QuoteEvidence evidence = evidence_of(kCorpus / "quotes/cc-trusted-api/td-quote.dat");
  const std::string text(as_text(evidence.quote.bytes));
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const std::string root = text.substr(text.rfind(kBegin));
  evidence.roots.push_back({.name = "root", .bytes = to_bytes(as_bytes(root))});
  const auto result = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
  REQUIRE(result);
  CHECK(text_of(verdicts_of(*result)) == text_of(kGood));
  // Which trusts nobody else.
  evidence.quote.bytes = read(kCorpus / "quotes/dcap-qvl-tdx_quote.dat");
  const auto other = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
  REQUIRE(other);
  CHECK(verdict_of(*other, "certificate-chain") == Verdict::fail);
}

TEST_CASE("nonces of the corpus") {
  if (!have_corpus()) {
    return;
  }
  const auto nonce_verdict = [](QuoteEvidence& evidence, const Bytes& nonce) {
    evidence.nonce_policy = NoncePolicy::given;
    evidence.nonce = nonce;
    const auto result = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
    REQUIRE(result);
    return verdict_of(*result, "nonce");
  };
  for (const Case& row : kCases) {
    CAPTURE(row.path);
    QuoteEvidence evidence = evidence_of(kCorpus / "quotes" / row.path);
    if (!row.nonce.empty()) {
      CHECK(nonce_verdict(evidence, *from_hex(row.nonce)) == Verdict::pass);
    }
    CHECK(nonce_verdict(evidence, {0xDE, 0xAD}) == Verdict::fail);
  }
  QuoteEvidence cos = evidence_of(kCorpus / "quotes/go-tdx-guest-cos-113/td-quote.dat");
  CHECK(nonce_verdict(cos, read(kCorpus / "quotes/go-tdx-guest-cos-113/nonce.dat")) == Verdict::pass);
}

TEST_CASE("every field that a source states") {
  if (!have_corpus()) {
    return;
  }
  const auto result = find_quote_kind(read(kCorpus / "quotes/trustee-tdx_quote_4.dat"))
                          ->appraise(evidence_of(kCorpus / "quotes/trustee-tdx_quote_4.dat"));
  REQUIRE(result);
  const auto stated = parse_json_text(read(kCorpus / "quotes/trustee-tdx_quote_4.dat.expected.json"));
  REQUIRE(stated);
  const std::map<std::string, std::string> names{
      {"mr_config_id", "mrconfigid"},
      {"mr_owner", "mrowner"},
      {"mr_owner_config", "mrownerconfig"},
      {"mr_seam", "mrseam"},
      {"mr_td", "mrtd"},
      {"mrsigner_seam", "mrsignerseam"},
      {"report_data", "report_data"},
      {"rtmr_0", "rtmr0"},
      {"rtmr_1", "rtmr1"},
      {"rtmr_2", "rtmr2"},
      {"rtmr_3", "rtmr3"},
      {"seam_attributes", "seam_attributes"},
      {"tcb_svn", "tee_tcb_svn"},
  };
  const Value fields(result->fields);
  std::size_t compared = 0;
  for (const auto& [name, value] : find_member(*find_member(*stated, "expect"), "tdx_quote")->items()) {
    if (const auto found = names.find(name); found != names.end()) {
      CAPTURE(name);
      REQUIRE(fields.find(found->second) != nullptr);
      CHECK(to_hex(*fields.find(found->second)->as<Bytes>()) == value.get<std::string>());
      ++compared;
    }
  }
  CHECK(compared == names.size());
  CHECK(*fields.find("td_attributes")->find("names") == Value(Value::List{"DEBUG", "SEPT_VE_DISABLE"}));
}

TEST_CASE("certificates of the corpus at other times") {
  if (!have_corpus()) {
    return;
  }
  for (const Case& row : kCases) {
    CAPTURE(row.path);
    QuoteEvidence evidence = evidence_of(kCorpus / "quotes" / row.path);
    for (const std::int64_t time : {kBeforeAll, kAfterAll}) {
      evidence.time = time;
      const auto result = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
      REQUIRE(result);
      CHECK(verdict_of(*result, "certificate-chain") == Verdict::fail);
    }
  }
}

TEST_CASE("TD reports of the corpus") {
  if (!have_corpus()) {
    return;
  }
  const QuoteEvidence evidence = evidence_of(kCorpus / "registers/guest-components-tdx_report_1.bin");
  const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
  REQUIRE(kind != nullptr);
  const auto result = kind->appraise(evidence);
  REQUIRE(result);
  CHECK(result->kind == "tdreport");
  CHECK(text_of(verdicts_of(*result)) == text_of({{"report-type", Verdict::pass},
                                                  {"tcb-info-hash", Verdict::pass},
                                                  {"td-info-hash", Verdict::pass},
                                                  {"mac", Verdict::inconclusive},
                                                  {"seam-signer", Verdict::pass},
                                                  {"td-debug", Verdict::pass},
                                                  {"nonce", Verdict::skipped}}));
  CHECK(result->registers.authenticated == Authenticated::mac);
  CHECK(result->registers.values.size() == 9);
  CHECK(value_of(*result, "rtmr0").starts_with("f4ec1a04"));
  CHECK(value_of(*result, "rtmr1").starts_with("4e5f8826"));
  CHECK(value_of(*result, "rtmr2") == std::string(96, '0'));
  CHECK(value_of(*result, "rtmr3") == std::string(96, '0'));
}

// A piece of a process's memory that holds parts of a report, at other offsets.
TEST_CASE("1024 bytes that are no TD report") {
  if (!have_corpus()) {
    return;
  }
  const Bytes bytes = read(kCorpus / "registers/go-tdx-guest-tdreport.dat");
  CHECK(bytes.size() == 1024);
  CHECK(find_quote_kind(bytes) == nullptr);
}

}  // namespace mrtool
