// The quotes of testdata/quotes, of the registers of testdata/vectors/ccel-sha384.bin. Nobody has the keys any more:
// with MRTOOL_MAKE_QUOTES set, the test makes all of the files anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "lib/quote/quote.hpp"
#include "lib/quote/tdx_test_quote.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

namespace {

namespace fs = std::filesystem;
using testing::kDay;
using testing::kTestTime;

const fs::path kQuotes = fs::path(MRTOOL_SOURCE_DIR) / "testdata" / "quotes";
constexpr std::string_view kNonce = "00112233445566778899aabbccddeeff";
constexpr std::array<std::string_view, 4> kRtmr{
    "518923b0f955d08da077c96aaba522b9decede61c599cea6c41889cfbea4ae4d50529d96fe4d1afdafb65e7f95bf23c4",
    "518923b0f955d08da077c96aaba522b9decede61c599cea6c41889cfbea4ae4d50529d96fe4d1afdafb65e7f95bf23c4",
    "30fb3d953f503782391f223f5402965736aa4cc4234e9f3b34d65157154951965053283e08d47bc905472ee9b74ff971",
    "367e458e9dc93048036ccf1a41b38292bcb1a0f6d0ac13ef1dc5ecee3f3ce0753e3c475f54439ccd3097ab633cd31aa7",
};

void write(std::string_view name, ByteView bytes) {
  std::ofstream out(kQuotes / name, std::ios::binary);
  out.write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE_MESSAGE(out, name);
}

NamedBytes read(std::string_view name) {
  std::ifstream in(kQuotes / name, std::ios::binary);
  REQUIRE_MESSAGE(in, name);
  return {.name = std::string(name), .bytes = Bytes{std::istreambuf_iterator<char>(in), {}}};
}

void make_files() {
  const testing::TestTdxAuthority authority;
  testing::TestTdxQuote quote;
  const Bytes nonce = *from_hex(kNonce);
  std::ranges::copy(nonce, quote.report_data.begin());
  for (std::size_t i = 0; i < kRtmr.size(); ++i) {
    quote.rtmr[i] = *from_hex(kRtmr[i]);
  }
  fs::create_directories(kQuotes);
  write("tdx-v4.quote", make_quote(quote, authority));
  write("tdreport.bin", make_td_report(quote));
  quote.version = 5;
  quote.body_type = 3;
  write("tdx-v5.quote", make_quote(quote, authority));
  quote.td_attributes |= 1;
  write("tdx-debug.quote", make_quote(quote, authority));
  write("tdx-root.pem", authority.root_file().bytes);
  const testing::TestCrl crl{.next_update = kTestTime + testing::kTestYearsAfter - kDay};
  write("tdx-root.crl", issue_crl(authority.root, crl));
  write("tdx-pck.crl", issue_crl(authority.pck_ca, crl));
  const testing::TestKey& signer = authority.tcb_signer.key;
  write("tdx-tcb-info.json", as_bytes(testing::make_tcb_info({}, signer)));
  write("tdx-qe-identity.json", as_bytes(testing::make_qe_identity({}, signer)));
  write("tdx-tcb-chain.pem", as_bytes(authority.tcb_signer.certificate.pem()));
}

QuoteResult appraise(std::string_view name) {
  QuoteEvidence evidence;
  evidence.quote = read(name);
  evidence.roots = {read("tdx-root.pem")};
  evidence.crls = {read("tdx-root.crl"), read("tdx-pck.crl")};
  evidence.tcb_info = {read("tdx-tcb-info.json"), read("tdx-qe-identity.json"), read("tdx-tcb-chain.pem")};
  evidence.nonce = *from_hex(kNonce);
  evidence.nonce_policy = NoncePolicy::given;
  evidence.time = kTestTime;
  const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
  REQUIRE(kind != nullptr);
  auto result = kind->appraise(evidence);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("quotes of testdata") {
  if (std::getenv("MRTOOL_MAKE_QUOTES") != nullptr) {
    make_files();
  }
  for (const std::string_view name : {"tdx-v4.quote", "tdx-v5.quote"}) {
    CAPTURE(name);
    const QuoteResult result = appraise(name);
    CHECK(verdict_of(result.checks) == Verdict::pass);
    for (std::uint32_t i = 0; i < kRtmr.size(); ++i) {
      const auto reg = parse_register("rtmr" + std::to_string(i));
      CHECK(result.registers.values.at({*reg, HashAlgorithm::sha384}).hex() == kRtmr[i]);
    }
  }
  CHECK(verdict_of(appraise("tdx-debug.quote").checks) == Verdict::fail);
}

}  // namespace mrtool
