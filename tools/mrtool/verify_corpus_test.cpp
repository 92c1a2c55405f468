// Every case of quote, registers and logs in the corpus: the layers and the exit status that its case.json, or what is
// known of its machine, makes one expect. Where a machine's log does not fit its registers, or a key is not in the
// case, the expected verdict is not a pass, and the row says why.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/test_files.hpp"
#include "tools/mrtool/process_test.hpp"

namespace mrtool::testing {
namespace {

struct Case {
  std::string name;                // of the folder below quotes/
  std::vector<std::string> words;  // @ is that folder, ^ the corpus
  int status;
  std::string layers;  // quote, registers and log: p, f, i or s
  std::string why;
};

std::vector<std::string> tpm_quote(const std::string& log, const std::string& stem = "quote",
                                   const std::string& pcrs = "@/pcrs.json") {
  return {log, "--quote", "@/" + stem + ".msg", "--sig", "@/" + stem + ".sig", "--pcrs", pcrs};
}

std::vector<std::string> operator+(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const std::vector<Case>& cases() {
  static const std::vector<std::string> kNoNonce = {"--no-nonce"};
  static const std::vector<Case> kCases = {
      {"attestation-rs-live",
       {"^/ccel/attestation-rs-tdx_ccel_live2.bin", "--quote", "@/td-quote.dat", "--no-nonce", "--at", "2026-06-01"},
       0,
       "ppp",
       "the log replays to RTMR 0-2"},
      {"attestation-rs-live",
       {"^/ccel/attestation-rs-tdx_ccel_live2.bin", "--quote", "@/td-quote.dat", "--no-nonce", "--at", "2026-01-01"},
       1,
       "fip",
       "its certificate was not valid yet"},
      {"cc-trusted-api",
       {"^/ccel/cc-trusted-api-ccel_data.bin", "ima-ascii:rtmr2=^/ima/cc-trusted-api-ima_log.txt", "--quote",
        "@/td-quote.dat", "--no-nonce", "--at", "2024-01-01"},
       1,
       "fii",
       "its chain ends at another root than Intel's"},
      {"go-tdx-guest-cos-113",
       {"^/ccel/go-eventlog-cos-113-intel-tdx.bin", "--quote", "@/td-quote.dat", "--nonce", std::string(128, '0'),
        "--at", "2026-01-01"},
       0,
       "ppp",
       "the log replays to RTMR 0-2; its nonce is zeros"},
      {"go-tdx-guest-cos-113",
       {"^/ccel/go-eventlog-cos-113-intel-tdx.bin", "--quote", "@/td-quote.dat", "--nonce", "01", "--at", "2026-01-01"},
       1,
       "fip",
       "another nonce"},
      {"go-tdx-guest-cos-113",
       {"^/ccel/trustee-CCEL_data.bin", "--quote", "@/td-quote.dat", "--no-nonce", "--at", "2026-01-01"},
       1,
       "pfp",
       "a log of another machine"},
      {"trustee-AAEL",
       {"rtmr3=^/aael/trustee-AAEL_data_1.txt", "--quote", "@/td-quote.dat", "--no-nonce", "--at", "2026-01-01"},
       0,
       "ppp",
       "the log replays to RTMR 3"},
      {"go-attestation-windows_gcp_shielded_vm",
       tpm_quote("@/eventlog.bin") + kNoNonce + std::vector<std::string>{"--key", "@/ak.pub.bin"}, 6, "iip",
       "SHA-1 alone"},
      {"go-attestation-windows_gcp_shielded_vm",
       tpm_quote("@/eventlog.bin") + kNoNonce + std::vector<std::string>{"--key", "@/ak.pub.bin", "--allow-sha1"}, 0,
       "ppp", "SHA-1 alone, allowed"},
      {"safeboot-t490",
       {"@/eventlog.bin", "ima-ascii:@/ima-ascii.txt", "--quote", "@/quote.msg", "--sig", "@/quote.sig", "--pcrs",
        "@/quote.pcrs", "--key", "@/ak.tpmt_public.bin", "--nonce", "abcdef"},
       6,
       "pip",
       "the quote is over PCR 0, 1, 2 and 4 only; the boot_aggregate is that of the log"},
      {"safeboot-t490",
       {"@/eventlog.bin", "--quote", "@/quote.msg", "--sig", "@/quote.sig", "--pcrs", "@/quote.pcrs", "--key",
        "@/ak.tpmt_public.bin", "--nonce", "abcdef", "--require", "sha256:0-2,4"},
       0,
       "ppp",
       "what the quote is over suffices"},
      {"safeboot-t490",
       {"@/eventlog.bin", "--quote", "@/quote.msg", "--sig", "@/quote.sig", "--pcrs", "@/quote.pcrs", "--key",
        "@/ak.tpmt_public.bin", "--nonce", "12345678", "--require", "sha256:0-2,4"},
       1,
       "fip",
       "another nonce"},
      {"keylime-checkquote",
       {"^/quotes/safeboot-t490/eventlog.bin", "--quote", "@/quote.msg", "--sig", "@/quote.sig", "--pcrs",
        "@/quote.pcrs", "--key", "@/ak.pub.pem", "--nonce", "4169354d35536a596a6e6b797634503769744831"},
       6,
       "pip",
       "the quote is over PCR 16 alone, of another machine than the log"},
      {"keylime-checkquote",
       {"^/quotes/safeboot-t490/eventlog.bin", "--quote", "@/quote.msg", "--sig", "@/quote.sig", "--pcrs",
        "@/quote.pcrs", "--key", "@/ak.pub.pem", "--nonce", "6169354d35536a596a6e6b797634503769744831"},
       1,
       "fip",
       "another nonce"},
      {"trustee-az-snp-vtpm",
       {"^/quotes/safeboot-t490/eventlog.bin", "--quote", "@/quote.msg", "--sig", "@/quote.sig.rsa-raw.bin", "--pcrs",
        "@/pcrs.json", "--key", "@/hcl-report.bin", "--nonce", "6368616c6c656e6765"},
       1,
       "ifp",
       "a log of another machine; the report that vouches for the key is not checked"},
      {"gta-boot", tpm_quote("^/tcg2/gta-binary_bios_measurements.bin") + kNoNonce, 6, "iip", "no key in the case"},
      {"guard-oss-IMN-DELL-WBCL", tpm_quote("@/eventlog.bin") + kNoNonce, 1, "iif",
       "no key in the case; the firmware's version event is not what was measured"},
      {"guard-oss-IMN-SUPERMICRO-WBCL-Quote-AIKs", tpm_quote("@/eventlog.bin") + kNoNonce, 1, "ifp",
       "the SHA-1 bank does not fit"},
      {"guard-oss-IMN-SUPERMICRO-WBCL-Quote-AIKs",
       tpm_quote("@/eventlog.bin") + kNoNonce + std::vector<std::string>{"--require", "sha256:all"}, 6, "iip",
       "no key in the case; the SHA-256 bank fits"},
      {"guard-oss-ludmilla", tpm_quote("@/eventlog.bin") + kNoNonce, 6, "iip", "no key in the case"},
      {"guard-oss-x1carbon-good", tpm_quote("@/eventlog.bin") + kNoNonce, 6, "iip", "no key in the case"},
      {"guard-oss-x1carbon-issue926-before", tpm_quote("@/eventlog.bin") + kNoNonce, 6, "iip", "no key in the case"},
      {"guard-oss-x1carbon-failed-1", tpm_quote("^/quotes/guard-oss-x1carbon-good/eventlog.bin") + kNoNonce, 1, "ifp",
       "PCR 0 fits no startup locality"},
      {"guard-oss-dl160", tpm_quote("@/eventlog.bin") + kNoNonce, 1, "ifp", "PCR 0 fits no startup locality"},
      {"guard-oss-dl160",
       tpm_quote("@/eventlog.bin") + kNoNonce +
           std::vector<std::string>{"@/ima-binary.bin", "--tolerate", "ima-violations", "--require", "sha256:1-10,14"},
       6, "iip", "no key in the case; all but PCR 0 fits, IMA's list too"},
      {"guard-oss-dell-5eventlogs", tpm_quote("@/eventlog-0.bin") + kNoNonce, 1, "ifp", "an earlier boot: PCR 12-14"},
      {"guard-oss-dell-5eventlogs", tpm_quote("@/eventlog-1.bin") + kNoNonce, 1, "ifp", "an earlier boot: PCR 12"},
      {"guard-oss-dell-5eventlogs", tpm_quote("@/eventlog-4.bin") + kNoNonce, 6, "iip", "no key in the case"},
      {"guard-oss-hahuri-invalid-eventlog",
       {"@/eventlog.bin", "@/ima-binary.bin", "--against", "@/pcrs.json", "--trust-registers"},
       1,
       "sfp",
       "PCR 11 was extended after the log"},
      {"guard-oss-hahuri-invalid-eventlog",
       {"@/eventlog.bin", "@/ima-binary.bin", "--against", "@/pcrs.json", "--trust-registers", "--require",
        "sha256:0-7,9,10"},
       0,
       "spp",
       "PCR 11 is not required"},
      {"guard-oss-t480s-values",
       {"@/eventlog.bin", "--against", "@/pcrs.json", "--trust-registers"},
       1,
       "sfp",
       "the SHA-1 bank does not fit"},
      {"guard-oss-t480s-values",
       {"@/eventlog.bin", "--against", "@/pcrs.json", "--trust-registers", "--require", "sha256:all"},
       0,
       "spp",
       "the SHA-256 bank fits"},
  };
  return kCases;
}

std::string letters(const nlohmann::json& document) {
  std::string all;
  for (const auto& layer : document.at("layers")) {
    const std::string name = layer.at("layer");
    if (name == "quote" || name == "registers" || name == "log") {
      all += layer.at("verdict").get<std::string>().front();
    }
  }
  return all;
}

Finished verify_json(std::vector<std::string> words) {
  words.insert(words.begin(), {"verify", "--json"});
  return mrtool(words);
}

TEST_CASE("every case of the corpus comes to what is known of it") {
  if (!has_corpus("quotes")) {
    return;
  }
  const auto placed = [](std::string word, const std::string& name) {
    for (const auto& [mark, path] : {std::pair{'@', (kCorpus / "quotes" / name).string()}, {'^', kCorpus.string()}}) {
      if (const std::size_t at = word.find(mark); at != std::string::npos) {
        word.replace(at, 1, path);
      }
    }
    return word;
  };
  for (const Case& row : cases()) {
    std::vector<std::string> words;
    for (const std::string& word : row.words) {
      words.push_back(placed(word, row.name));
    }
    const Finished finished = verify_json(words);
    CAPTURE(row.name);
    CAPTURE(row.why);
    CAPTURE(finished.err);
    CHECK(finished.status == row.status);
    REQUIRE(!finished.out.empty());
    const auto document = nlohmann::json::parse(finished.out);
    CAPTURE(document.at("layers").dump(1));
    CHECK(letters(document) == row.layers);
  }
}

TEST_CASE("no case of the corpus is forgotten") {
  if (!has_corpus("quotes")) {
    return;
  }
  // Without a log that is read here: dstack's is JSON of its own, the GCE case's register files name no bank.
  std::set<std::string> known = {"dstack-quote-report", "go-tpm-tools-gce-cos-85-no-nonce"};
  for (const Case& row : cases()) {
    known.insert(row.name);
  }
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus / "quotes")) {
    if (entry.is_directory()) {
      CAPTURE(entry.path().string());
      CHECK(known.contains(entry.path().filename().string()));
    }
  }
}

TEST_CASE("three quotes of one machine, a bank each") {
  if (!has_corpus("quotes")) {
    return;
  }
  const std::string folder = (kCorpus / "quotes" / "go-tpm-tools-gce-cos-85-no-nonce").string();
  const Scratch scratch;
  for (const std::string bank : {"sha1", "sha256", "sha384"}) {
    CAPTURE(bank);
    const std::string values = (scratch / "pcrs.json").string();
    write_text(values, "{\"" + bank + "\": " + read_text(folder + "/pcrs-" + bank + ".json") + "}");
    std::vector<std::string> words = {folder + "/eventlog.bin",
                                      "--quote",
                                      folder + "/quote-" + bank + ".msg",
                                      "--sig",
                                      folder + "/quote-" + bank + ".sig",
                                      "--pcrs",
                                      values,
                                      "--key",
                                      folder + "/ak.tpmt_public.bin",
                                      "--no-nonce",
                                      "--allow-sha1"};
    const Finished finished = verify_json(words);
    CAPTURE(finished.out);
    CHECK(finished.status == 0);
  }
}

TEST_CASE("the captured machines' logs pass in every bank that a quote is over") {
  if (!has_corpus("vm")) {
    return;
  }
  std::size_t passed = 0;
  for (const auto& machine : std::filesystem::directory_iterator(kCorpus / "vm")) {
    const std::filesystem::path quotes = machine.path() / "quotes";
    if (!std::filesystem::exists(quotes)) {
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(quotes)) {
      if (!entry.path().filename().string().ends_with("-boot")) {
        continue;
      }
      for (const std::string key : {"rsa", "ecc"}) {
        const std::string stem = (entry.path() / key).string();
        if (!std::filesystem::exists(stem + ".msg")) {
          continue;
        }
        CAPTURE(stem);
        std::string nonce = read_text(entry.path() / "nonce.hex");
        std::erase_if(nonce, [](char c) { return c == '\n' || c == ' '; });
        const std::vector<std::string> words = {(machine.path() / "tpm0" / "binary_bios_measurements").string(),
                                                (machine.path() / "ima" / "binary_runtime_measurements").string(),
                                                "--quote",
                                                stem + ".msg",
                                                "--sig",
                                                stem + ".sig",
                                                "--key",
                                                (entry.path() / ("ak-" + key + ".pub.tss")).string(),
                                                "--nonce",
                                                nonce,
                                                "--allow-sha1",
                                                "--tolerate",
                                                "ima-violations"};
        const Finished with_values = verify_json(words + std::vector<std::string>{"--pcrs", stem + ".pcrs"});
        CAPTURE(with_values.out);
        CHECK(with_values.status == 0);
        // Without the values: what the logs lead to is held against the signed digest. That needs a log of every
        // register that is quoted.
        const Finished without = verify_json(words);
        CAPTURE(without.out);
        CHECK((without.status == 0 || without.out.contains("which of them differs")));
        ++passed;
      }
    }
  }
  CHECK(passed >= 15);
}

TEST_CASE("violations fail unless they are tolerated by name") {
  if (!has_corpus("vm")) {
    return;
  }
  const std::filesystem::path machine = kCorpus / "vm" / "direct-ima-ng";
  const std::vector<std::string> words = {(machine / "tpm0" / "binary_bios_measurements").string(),
                                          (machine / "ima" / "binary_runtime_measurements").string(), "--against",
                                          (machine / "tpm2_pcrread.yaml").string(), "--trust-registers"};
  const Finished failed = verify_json(words);
  CHECK(failed.status == 1);
  CHECK(verify_json(words + std::vector<std::string>{"--tolerant"}).status == 1);
  CHECK(verify_json(words + std::vector<std::string>{"--tolerate", "ima-violations"}).status == 0);
}

TEST_CASE("IMA's file signatures are checked with the keys that are given") {
  if (!has_corpus("vm")) {
    return;
  }
  const std::filesystem::path machine = kCorpus / "vm" / "ima-sig-signed";
  const std::string list = (machine / "ima" / "binary_runtime_measurements").string();
  // Up to its first violation, which could be of any file.
  const auto document = nlohmann::json::parse(mrtool({"inspect", "--json", "--record", "126", list}).out);
  const Scratch scratch;
  const std::string front = (scratch / "ima.bin").string();
  write_text(front, read_text(list).substr(0, document.at("records").at(0).at("offset").get<std::size_t>()));
  write_text(scratch / "values.json", mrtool({"replay", "--json", front}).out);
  const std::vector<std::string> words = {front,
                                          "--against",
                                          (scratch / "values.json").string(),
                                          "--trust-registers",
                                          "--ima-key",
                                          (machine / "ima-signer-ec.der").string()};
  const auto signatures = [](const Finished& finished) -> std::string {
    const auto report = nlohmann::json::parse(finished.out);
    return report.at("layers").back().at("verdict");
  };
  const Finished both =
      verify_json(words + std::vector<std::string>{"--ima-key", (machine / "ima-signer-rsa.der").string()});
  CAPTURE(both.out);
  CHECK(signatures(both) == "pass");
  const Finished one = verify_json(words);
  CAPTURE(one.out);
  CHECK(signatures(one) == "fail");
  CHECK(one.status == 1);
}

}  // namespace
}  // namespace mrtool::testing
