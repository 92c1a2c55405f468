// Quotes of real machines with known answers, where the shared corpus lies beside the source.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/quote/quote.hpp"
#include "lib/quote/test_tpm_quote.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(MRTOOL_SOURCE_DIR) / ".." / "shared" / "corpus";

Bytes read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in, path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

NamedBytes named(const fs::path& path) {
  return {.name = path.filename(), .bytes = read(path)};
}

// {bank: {register: hex}}, or {register: hex} of one bank.
RegisterValues read_json(const fs::path& path, std::string_view bank) {
  const Bytes text = read(path);
  nlohmann::json banks = nlohmann::json::parse(text.begin(), text.end());
  if (!bank.empty()) {
    banks = {{std::string(bank), banks}};
  }
  RegisterValues values;
  for (const auto& [name, registers] : banks.items()) {
    for (const auto& [index, hex] : registers.items()) {
      const auto reg = parse_register(index, true);
      REQUIRE(reg);
      values.values[{.reg = *reg, .bank = parse_algorithm(name).value()}] = Digest(*from_hex(hex.get<std::string>()));
    }
  }
  return values;
}

struct Row {
  std::string_view folder;
  std::string_view quote = "quote.msg";
  std::string_view signature = "quote.sig";
  std::string_view key = {};
  std::string_view values = "pcrs.json";  // JSON, or a file of tpm2-tools
  std::string_view bank = {};             // of JSON that names none
  std::string_view nonce_hex = {};
  std::string_view troubles = {};
};

// What the sources of these quotes say of them, check by check: all that is not named passes. A key that wasn't kept
// leaves key and signature open.
constexpr std::string_view kNoKey = "key: inconclusive; signature: inconclusive";
const std::vector<Row> kRows{
    {.folder = "go-tpm-tools-gce-cos-85-no-nonce",
     .quote = "quote-sha1.msg",
     .signature = "quote-sha1.sig",
     .key = "ak.tpmt_public.bin",
     .values = "pcrs-sha1.json",
     .bank = "sha1",
     .troubles = "hash-strength: inconclusive; nonce: skipped"},
    {.folder = "go-tpm-tools-gce-cos-85-no-nonce",
     .quote = "quote-sha256.msg",
     .signature = "quote-sha256.sig",
     .key = "ak.tpmt_public.bin",
     .values = "pcrs-sha256.json",
     .bank = "sha256",
     .troubles = "nonce: skipped"},
    {.folder = "go-tpm-tools-gce-cos-85-no-nonce",
     .quote = "quote-sha384.msg",
     .signature = "quote-sha384.sig",
     .key = "ak.tpmt_public.bin",
     .values = "pcrs-sha384.json",
     .bank = "sha384",
     .troubles = "nonce: skipped"},
    {.folder = "go-attestation-windows_gcp_shielded_vm",
     .key = "ak.pub.bin",
     .troubles = "hash-strength: inconclusive; nonce: skipped"},
    {.folder = "gta-boot", .nonce_hex = "96362bf2f60d62b12b14718a7a22f8be", .troubles = kNoKey},
    {.folder = "guard-oss-IMN-DELL-WBCL",
     .nonce_hex = "1b40b453e5460d1c753e8bcc80cc9c25ab77c23b0771122267c0df57cc5139cd",
     .troubles = kNoKey},
    {.folder = "guard-oss-IMN-SUPERMICRO-WBCL-Quote-AIKs",
     .nonce_hex = "ab79db979808b2fec2733f4ab62ed9e239b1f1634fbf19ae044f68f90edc6d01",
     .troubles = kNoKey},
    {.folder = "guard-oss-dell-5eventlogs",
     .nonce_hex = "0a7e8fbb85877cd5fab1bfb26a538d752d120ecd9282e379da25039b516bb8ce",
     .troubles = kNoKey},
    {.folder = "guard-oss-dl160",
     .nonce_hex = "dbbae19f7e58570b41cecdc27790906202ad9feb03999c6c77eea179b112cab7",
     .troubles = kNoKey},
    {.folder = "guard-oss-ludmilla",
     .nonce_hex = "233cccdd3e802aad22963137191c275b1d8871012206bd89b64ea85b3af1633d",
     .troubles = kNoKey},
    {.folder = "guard-oss-x1carbon-failed-1",
     .nonce_hex = "078fec8ef00405c11b8b3cef400a8ae40d0300347f10292f5b20f9964334c8e8",
     .troubles = kNoKey},
    {.folder = "guard-oss-x1carbon-good",
     .nonce_hex = "57cd4f0b9fbe528a1d23f04d45f1bb0a9fc25a01296ea098ca083b705c8eaa85",
     .troubles = kNoKey},
    {.folder = "guard-oss-x1carbon-issue926-before",
     .nonce_hex = "6e370b21330945ea5ad226328e705206548a92f3da3e4023d6a2752f56bd0cfe",
     .troubles = kNoKey},
    {.folder = "keylime-checkquote",
     .key = "ak.pub.pem",
     .values = "quote.pcrs",
     .nonce_hex = "4169354d35536a596a6e6b797634503769744831",
     .troubles = "key: skipped"},
    {.folder = "keylime-checkquote",
     .key = "ak.pub.pem",
     .values = "quote.pcrs",
     .nonce_hex = "6169354d35536a596a6e6b797634503769744831",
     .troubles = "key: skipped; nonce: fail"},
    {.folder = "safeboot-t490", .key = "ak.tpmt_public.bin", .values = "quote.pcrs", .nonce_hex = "abcdef"},
    {.folder = "safeboot-t490",
     .key = "ak.tpmt_public.bin",
     .values = "quote.pcrs",
     .nonce_hex = "12345678",
     .troubles = "nonce: fail"},
    {.folder = "safeboot-t490",
     .key = "ek.tpmt_public.bin",
     .values = "quote.pcrs",
     .nonce_hex = "abcdef",
     .troubles = "key: fail; signature: fail"},
    {.folder = "trustee-az-snp-vtpm",
     .signature = "quote.sig.rsa-raw.bin",
     .key = "hcl-report.bin",
     .nonce_hex = "6368616c6c656e6765",
     .troubles = "hardware-report: inconclusive; key: skipped"},
};

QuoteEvidence evidence_of_row(const Row& row) {
  const fs::path folder = kCorpus / "quotes" / row.folder;
  QuoteEvidence evidence;
  evidence.quote = named(folder / row.quote);
  evidence.signature = named(folder / row.signature);
  if (!row.key.empty()) {
    evidence.key = named(folder / row.key);
  }
  if (row.values.ends_with(".json")) {
    evidence.pcr_values = read_json(folder / row.values, row.bank);
  } else {
    evidence.pcr_file = named(folder / row.values);
  }
  evidence.nonce_policy = row.nonce_hex.empty() ? NoncePolicy::waived : NoncePolicy::given;
  evidence.nonce = *from_hex(row.nonce_hex);
  return evidence;
}

// The files of a quote of the virtual machines: every form of signature, key and register file.
void check_forms(const fs::path& folder, const std::string& signer, bool sha1_only) {
  CAPTURE(folder.string());
  CAPTURE(signer);
  const std::string weak = sha1_only ? "hash-strength: inconclusive" : "";
  const Bytes nonce_text = read(folder / "nonce.hex");
  const auto nonce = from_hex(as_text(nonce_text).substr(0, as_text(nonce_text).find('\n')));
  REQUIRE(nonce);
  for (const std::string form : {"", ".plain"}) {
    for (const std::string key : {".pub.pem", ".pub.tss"}) {
      for (const std::string pcrs : {".pcrs", ".values.pcrs"}) {
        if (!form.empty() && pcrs == ".values.pcrs") {
          continue;  // of the other quote
        }
        CAPTURE(form + " " + key + " " + pcrs);
        QuoteEvidence evidence;
        evidence.quote = named(folder / (signer + form + ".msg"));
        evidence.signature = named(folder / (signer + form + ".sig"));
        evidence.key = named(folder / ("ak-" + signer + key));
        evidence.pcr_file = named(folder / (signer + pcrs));
        evidence.nonce_policy = NoncePolicy::given;
        evidence.nonce = *nonce;
        const QuoteResult result = testing::appraised(evidence);
        const std::string skipped = key == ".pub.pem" ? "key: skipped" : "";
        CHECK(testing::troubles(result) == weak + (weak.empty() || skipped.empty() ? "" : "; ") + skipped);
        CHECK_FALSE(result.registers.values.empty());
      }
    }
  }
}

}  // namespace

TEST_CASE("TPM quotes of real machines") {
  if (!fs::exists(kCorpus)) {
    MESSAGE("skipped: ../shared/corpus is not there");
    return;
  }
  for (const Row& row : kRows) {
    CAPTURE(row.folder);
    CAPTURE(row.quote);
    QuoteEvidence evidence = evidence_of_row(row);
    const QuoteResult result = testing::appraised(evidence);
    CHECK(testing::troubles(result) == row.troubles);
    REQUIRE(result.quoted_digest);
    CHECK(result.registers.values.size() == result.quoted_digest->order.size());
    if (evidence.pcr_values) {
      evidence.pcr_values->values.at(result.quoted_digest->order.front()).mutable_view()[0] ^= 1;
    } else {
      evidence.pcr_file->bytes[142] ^= 1;  // the first byte of the first value
    }
    CHECK(testing::troubles(testing::appraised(evidence)).contains("pcr-digest: fail"));
  }
}

TEST_CASE("TPM quote that stands alone shows its fields") {
  const fs::path path = kCorpus / "quotes" / "dstack-tpm_quote_sample.msg";
  if (!fs::exists(path)) {
    MESSAGE("skipped: ../shared/corpus is not there");
    return;
  }
  QuoteEvidence evidence;
  evidence.quote = named(path);
  const QuoteResult result = testing::appraised(evidence);
  CHECK(testing::troubles(result) == "key: inconclusive; nonce: inconclusive; signature: inconclusive");
  const Value fields(result.fields);
  CHECK(*fields.find("qualifying_data") == Value(Bytes{0x12, 0x34, 0x56, 0x78}));
  CHECK(*fields.find("reset_count") == Value::number(16));
}

TEST_CASE("Azure HCL report: runtime data that are bound, and every byte of them changed") {
  const fs::path path = kCorpus / "quotes" / "trustee-az-snp-vtpm" / "hcl-report.bin";
  if (!fs::exists(path)) {
    MESSAGE("skipped: ../shared/corpus is not there");
    return;
  }
  QuoteEvidence evidence;
  evidence.quote = named(path);
  evidence.nonce_policy = NoncePolicy::given;
  evidence.nonce = Bytes(64);
  const QuoteResult result = testing::appraised(evidence);
  CHECK(result.kind == "azure-hcl");
  const auto verdict = [](const QuoteResult& of, std::string_view name) {
    const auto check = std::ranges::find(of.checks, name, &QuoteCheck::name);
    REQUIRE(check != of.checks.end());
    return check->verdict;
  };
  CHECK(verdict(result, "report-data") == Verdict::pass);
  CHECK(verdict(result, "nonce") == Verdict::pass);
  CHECK(verdict(result, "signature") == Verdict::inconclusive);
  CHECK_FALSE(result.registers.values.empty());

  constexpr std::size_t kReportData = 32 + 0x50;
  constexpr std::size_t kRuntimeData = 1236;
  constexpr std::size_t kRuntimeSize = 1110;
  const Bytes whole = evidence.quote.bytes;
  const auto change = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      CAPTURE(i);
      evidence.quote.bytes = whole;
      evidence.quote.bytes[i] ^= 1;
      const auto changed = find_quote_kind(evidence.quote.bytes)->appraise(evidence);
      CHECK((!changed || verdict(*changed, "report-data") == Verdict::fail));
    }
  };
  change(kReportData, kReportData + 64);
  change(kRuntimeData, kRuntimeData + kRuntimeSize);
  for (std::size_t size = 4; size < kRuntimeData + kRuntimeSize; ++size) {
    evidence.quote.bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(find_quote_kind(evidence.quote.bytes)->appraise(evidence));
  }
}

TEST_CASE("TPM quotes of virtual machines in every form") {
  if (!fs::exists(kCorpus / "vm")) {
    MESSAGE("skipped: ../shared/corpus is not there");
    return;
  }
  std::size_t found = 0;
  for (const fs::directory_entry& machine : fs::directory_iterator(kCorpus / "vm")) {
    if (!fs::exists(machine.path() / "quotes")) {
      continue;
    }
    for (const fs::directory_entry& folder : fs::directory_iterator(machine.path() / "quotes")) {
      const Bytes selection = read(folder.path() / "selection");
      const bool sha1_only = !as_text(selection).contains("sha2") && !as_text(selection).contains("sha384") &&
                             !as_text(selection).contains("sha512");
      for (const std::string signer : {"rsa", "ecc", "ecc384", "pss"}) {
        if (fs::exists(folder.path() / (signer + ".msg"))) {
          check_forms(folder.path(), signer, sha1_only);
          ++found;
        }
      }
    }
  }
  CHECK(found > 30);
}

}  // namespace mrtool
