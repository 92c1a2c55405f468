#include <doctest/doctest.h>

#include "lib/quote/quote.hpp"
#include "lib/quote/tdx_test_quote.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

using testing::make_td_report;

namespace {

QuoteEvidence evidence_of(Bytes report) {
  QuoteEvidence evidence;
  evidence.quote = {.name = "report", .bytes = std::move(report)};
  evidence.nonce_policy = NoncePolicy::given;
  return evidence;
}

QuoteResult appraise(const QuoteEvidence& evidence) {
  const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
  REQUIRE(kind != nullptr);
  REQUIRE(kind->name == "tdreport");
  auto result = kind->appraise(evidence);
  REQUIRE(result);
  return *result;
}

// The checks that don't pass.
std::string others(const QuoteEvidence& evidence) {
  std::string text;
  for (const QuoteCheck& check : appraise(evidence).checks) {
    if (check.verdict != Verdict::pass) {
      text += check.name + " " + std::string(to_string(check.verdict)) + "\n";
    }
  }
  return text;
}

struct Range {
  std::size_t begin;
  std::size_t end;
  std::string_view check;
};

}  // namespace

TEST_CASE("report that all holds of but its MAC") {
  testing::TestTdxQuote td;
  td.rtmr[3] = Bytes(48, 0x33);
  td.mrowner = Bytes(48, 0x0A);
  const QuoteEvidence evidence = evidence_of(make_td_report(td));
  CHECK(others(evidence) == "mac inconclusive\n");
  const QuoteResult result = appraise(evidence);
  CHECK(verdict_of(result.checks) == Verdict::inconclusive);
  CHECK(result.registers.authenticated == Authenticated::mac);
  CHECK(result.registers.values.size() == 9);
  CHECK(result.registers.values.at({*parse_register("rtmr3"), HashAlgorithm::sha384}) == Digest(td.rtmr[3]));
  CHECK(result.registers.values.at({*parse_register("mr:mrowner"), HashAlgorithm::sha384}) == Digest(td.mrowner));
}

TEST_CASE("report of a debug TD, of another module, with another nonce") {
  CHECK(others(evidence_of(make_td_report({.td_attributes = 1}))) == "mac inconclusive\ntd-debug fail\n");
  CHECK(others(evidence_of(make_td_report({.mrsignerseam = Bytes(48, 1)}))) == "mac inconclusive\nseam-signer fail\n");
  CHECK(others(evidence_of(make_td_report({.report_data = Bytes(64, 1)}))) == "mac inconclusive\nnonce fail\n");
}

TEST_CASE("every byte that a hash or a check covers") {
  const std::vector<Range> ranges{
      {1, 3, "report-type"}, {32, 80, "tcb-info-hash"},   {80, 128, "td-info-hash"},
      {128, 192, "nonce"},   {256, 495, "tcb-info-hash"}, {512, 1024, "td-info-hash"},
  };
  const Bytes good = make_td_report({});
  for (const Range& range : ranges) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      CAPTURE(i);
      Bytes changed = good;
      changed[i] ^= 0xFF;
      CHECK(others(evidence_of(changed)).find(std::string(range.check) + " fail\n") != std::string::npos);
    }
  }
}

TEST_CASE("report of another size or type") {
  Bytes report = make_td_report({});
  report.push_back(0);
  CHECK(find_quote_kind(report) == nullptr);
  report.resize(1023);
  CHECK(find_quote_kind(report) == nullptr);
  report = make_td_report({});
  report[0] = 0x80;
  CHECK(find_quote_kind(report) == nullptr);
}

TEST_CASE("certificates have no use for a report") {
  QuoteEvidence evidence = evidence_of(make_td_report({}));
  evidence.roots = {{.name = "ca", .bytes = {1}}};
  CHECK(others(evidence) == "mac inconclusive\nunused-input inconclusive\n");
}

}  // namespace mrtool
