// Real CCA tokens, Nitro documents and SNP reports, where the shared corpus holds them.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "lib/quote/quote.hpp"
#include "lib/quote/test_documents.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::testing;
namespace fs = std::filesystem;

namespace {

const fs::path kQuotes = fs::path(MRTOOL_SOURCE_DIR) / ".." / "shared" / "corpus" / "quotes";

Bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Sample {
  std::string_view file;
  std::size_t offset;  // of the report in the file
  std::size_t size;    // 0: to the end
  std::string_view kind;
  std::string_view key;    // a file; empty for none
  std::string_view nonce;  // hex; empty: waived
  std::int64_t time;
  std::string_view verdicts;
  std::string_view reg;
  HashAlgorithm bank;
  std::string_view value;  // the front of its hex
};

constexpr std::string_view kZeros = "000000000000000000000000";

const std::vector<Sample>& samples() {
  static const std::vector<Sample> rows{
      {"trustee-az-snp-vtpm/hcl-report.bin", 32, 1184, "snp", "", "", 1'767'225'600,
       "signature inconclusive, certificate-chain inconclusive, debug pass, vmpl skipped, nonce skipped",
       "snp/mr:host_data", HashAlgorithm::sha256, kZeros},
      // Trusted Firmware's RMM, in the newer wrapping; from before realm profiles.
      {"ccatoken-tf-rmm/token.cbor", 0, 0, "cca", "ccatoken-tf-rmm/cpak.pem",
       "abababababababababababababababababababababababababababababababab"
       "abababababababababababababababababababababababababababababababab",
       1'767'225'600,
       "platform-signature pass, platform-profile pass, lifecycle pass, platform-binding pass, realm-signature pass, "
       "realm-profile pass, measurements pass, nonce pass",
       "rem3", HashAlgorithm::sha256, kZeros},
      // Legacy wrapping, a realm's key as a COSE_Key; its measurements are longer than the hash that it names.
      {"ccatoken-legacy/token.cbor", 0, 0, "cca", "ccatoken-legacy/cpak.pem", "", 1'767'225'600,
       "platform-signature pass, platform-profile pass, lifecycle pass, platform-binding pass, realm-signature pass, "
       "realm-profile pass, measurements inconclusive, nonce skipped",
       "", HashAlgorithm::none, ""},
      // A debug-mode enclave, under AWS's own root.
      {"nitro-debug/document.bin", 0, 0, "nitro", "", "", 1'767'225'600,
       "signature pass, certificate-chain pass, revocation skipped, timestamp pass, debug fail, nonce skipped",
       "nitro/pcr4", HashAlgorithm::sha384, "9ab5a1aba055ee41ee254b9b"},
  };
  return rows;
}

}  // namespace

TEST_CASE("corpus: CCA tokens, Nitro documents and SNP reports have the verdicts that are known") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.file);
    if (!fs::exists(kQuotes / sample.file)) {
      MESSAGE("skipped: ", sample.file, " is not in the corpus");
      continue;
    }
    QuoteEvidence evidence;
    Bytes bytes = read(kQuotes / sample.file);
    REQUIRE(bytes.size() >= sample.offset + sample.size);
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(sample.offset);
    evidence.quote.bytes.assign(begin,
                                sample.size == 0 ? bytes.end() : begin + static_cast<std::ptrdiff_t>(sample.size));
    if (!sample.key.empty()) {
      evidence.key = NamedBytes{.name = std::string(sample.key), .bytes = read(kQuotes / sample.key)};
    }
    evidence.nonce_policy = sample.nonce.empty() ? NoncePolicy::waived : NoncePolicy::given;
    evidence.nonce = *from_hex(sample.nonce);
    evidence.time = sample.time;
    const QuoteKind* kind = find_quote_kind(evidence.quote.bytes);
    REQUIRE(kind != nullptr);
    CHECK(kind->name == sample.kind);
    const auto result = kind->appraise(evidence);
    CHECK(verdicts(result) == sample.verdicts);
    REQUIRE(result);
    if (sample.reg.empty()) {
      CHECK(result->registers.values.empty());
      continue;
    }
    const auto value = result->registers.values.find({*parse_register(sample.reg), sample.bank});
    REQUIRE(value != result->registers.values.end());
    CHECK(value->second.hex().starts_with(sample.value));
  }
}
