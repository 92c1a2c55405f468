// Quotes that a software TPM makes on the spot, and that tpm2_checkquote agrees on.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include "lib/quote/quote.hpp"
#include "lib/quote/test_tpm_quote.hpp"
#include "lib/tpm/swtpm_test.hpp"

namespace mrtool {

namespace {

using testing::SwTpm;

Bytes read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in, path);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct KeyRow {
  const char* name;
  const char* options;  // of tpm2_createak
  const char* scheme;   // of tpm2_quote
};
constexpr std::array kKeys{
    KeyRow{"rsassa", "-G rsa2048 -g sha256 -s rsassa", "rsassa"},
    KeyRow{"rsassa1", "-G rsa2048 -g sha1 -s rsassa", "rsassa"},
    KeyRow{"rsapss", "-G rsa2048 -g sha256 -s rsapss", "rsapss"},
    KeyRow{"rsapss384", "-G rsa2048 -g sha384 -s rsapss", "rsapss"},
    KeyRow{"ecdsa", "-G ecc256 -g sha256 -s ecdsa", "ecdsa"},
    KeyRow{"ecdsa384", "-G ecc384 -g sha384 -s ecdsa", "ecdsa"},
};

std::string hash_of(const KeyRow& row) {
  const std::string_view options = row.options;
  const auto at = options.find("-g ") + 3;
  return std::string(options.substr(at, options.find(' ', at) - at));
}

void make_keys(const SwTpm& tpm) {
  REQUIRE(tpm.run("tpm2_createek -c ek.ctx -G rsa -u ek.pub"));
  for (const KeyRow& row : kKeys) {
    CAPTURE(std::string(row.name));
    REQUIRE(tpm.run("tpm2_flushcontext -t"));
    REQUIRE(tpm.run(fmt::format("tpm2_createak -C ek.ctx -c {0}.ctx -u {0}.tss -f tss {1}", row.name, row.options)));
    REQUIRE(tpm.run("tpm2_flushcontext -t"));
    REQUIRE(tpm.run(fmt::format("tpm2_readpublic -c {0}.ctx -f pem -o {0}.pem", row.name)));
  }
}

std::string expected_troubles(const KeyRow& row, std::string_view selection, std::string_view key) {
  const bool weak = hash_of(row) == "sha1" || selection == "sha1:0,1,2";
  const bool pem = key == "pem";
  return fmt::format("{}{}{}", weak ? "hash-strength: inconclusive" : "", weak && pem ? "; " : "",
                     pem ? "key: skipped" : "");
}

QuoteEvidence evidence_in(const SwTpm& tpm, const KeyRow& row, const std::string& key) {
  const std::string directory = tpm.directory() + "/";
  QuoteEvidence evidence =
      testing::evidence_of(read(directory + "msg"), read(directory + "sig"), read(directory + row.name + "." + key));
  evidence.pcr_file = NamedBytes{.name = "pcrs", .bytes = read(directory + "pcrs")};
  return evidence;
}

void check_quote(const SwTpm& tpm, const KeyRow& row, const std::string& selection, const std::string& form,
                 const std::string& pcr_format) {
  CAPTURE(std::string(row.name));
  CAPTURE(selection);
  CAPTURE(form);
  CAPTURE(pcr_format);
  const std::string nonce = to_hex(testing::kTestNonce);
  REQUIRE(tpm.run("tpm2_flushcontext -t"));
  REQUIRE(tpm.run(fmt::format("tpm2_quote -c {}.ctx -l {} -q {} -g {} --scheme {} -m msg -s sig -f {} -o pcrs -F {}",
                              row.name, selection, nonce, hash_of(row), row.scheme, form, pcr_format)));
  // tpm2_checkquote 5.4 reads neither RSAPSS signatures nor those without a head.
  const bool peer_can = row.scheme != std::string_view("rsapss") && form == "tss";
  // It takes a selection for the form that holds none only.
  const std::string peer = fmt::format("tpm2_checkquote -u {}.pem -m msg -s sig -g {} -f pcrs -F {}{} -q ", row.name,
                                       hash_of(row), pcr_format, pcr_format == "values" ? " -l " + selection : "");
  if (peer_can) {
    CHECK(tpm.run(peer + nonce));
    CHECK_FALSE(tpm.run(peer + "ff"));
  }
  for (const std::string key : {"tss", "pem"}) {
    QuoteEvidence evidence = evidence_in(tpm, row, key);
    const QuoteResult result = testing::appraised(evidence);
    CHECK(testing::troubles(result) == expected_troubles(row, selection, key));
    REQUIRE(result.quoted_digest);
    CHECK(result.registers.values.size() == result.quoted_digest->order.size());
    evidence.nonce = {0xFF};
    CHECK(testing::troubles(testing::appraised(evidence)).contains("nonce: fail"));
    evidence.signature->bytes.back() ^= 1;
    CHECK(testing::troubles(testing::appraised(evidence)).contains("signature: fail"));
  }
}

}  // namespace

TEST_CASE("quotes of a software TPM, by every scheme, hash, bank and form") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm tpm;
  REQUIRE(tpm.running());
  REQUIRE(
      tpm.run("tpm2_pcrextend 0:sha1=0102030405060708090a0b0c0d0e0f1011121314 "
              "7:sha256=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  make_keys(tpm);
  for (const KeyRow& row : kKeys) {
    for (const std::string selection :
         {"sha256:0,7,16,23", "sha1:0,1,2", "sha256:0,1,2,3,4,5,6,7,8,9,10+sha1:0,7,17"}) {
      for (const std::string form : {"tss", "plain"}) {
        check_quote(tpm, row, selection, form, "serialized");
      }
    }
    check_quote(tpm, row, "sha1:7+sha384:1,2", "tss", "values");
  }
}

TEST_CASE("a software TPM's quote by an unrestricted key, and of a bank that it does not have") {
  if (!SwTpm::installed()) {
    MESSAGE("skipped: swtpm is not installed");
    return;
  }
  const SwTpm tpm;
  REQUIRE(tpm.running());
  const std::string nonce = to_hex(testing::kTestNonce);
  REQUIRE(tpm.run("tpm2_createprimary -C o -c primary.ctx"));
  REQUIRE(
      tpm.run("tpm2_create -C primary.ctx -G ecc256:ecdsa -u loose.tss -r loose.priv -c loose.ctx "
              "-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'"));
  REQUIRE(tpm.run("tpm2_flushcontext -t"));
  REQUIRE(tpm.run(fmt::format("tpm2_quote -c loose.ctx -l sha256:0 -q {} -m msg -s sig -o pcrs", nonce)));
  const KeyRow loose{"loose", "", "ecdsa"};
  CHECK(testing::troubles(testing::appraised(evidence_in(tpm, loose, "tss"))) == "key: fail");
  // The TPM leaves out what it does not have, and quotes nothing.
  REQUIRE(tpm.run("tpm2_flushcontext -t"));
  if (tpm.run(fmt::format("tpm2_quote -c loose.ctx -l sm3_256:0 -q {} -m msg -s sig", nonce))) {
    QuoteEvidence evidence = evidence_in(tpm, loose, "tss");
    CHECK(testing::troubles(testing::appraised(evidence)).contains("selection: fail"));
  }
}

}  // namespace mrtool
