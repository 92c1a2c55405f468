#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "lib/verify/policy_fixture_test.hpp"

using namespace mrtool;
using namespace mrtool::policy_test;

namespace {

std::string known_files(const std::string& more = {}) {
  return "  - name: known files\n    select: {register: pcr10, content: ima}\n    expect: only\n    digests: "
         "[\"sha256:" +
         hashed(kSha256, "good").hex() + "\"]\n" + more;
}

Records list_of(const std::vector<std::string>& files) {
  Records log;
  for (const std::string& file : files) {
    log.ima("ima-ng", ima_data("/usr/bin/" + file, hashed(kSha256, file)));
  }
  return log;
}

// A key of its own, and what IMA would log as a signature by it.
class Signer {
 public:
  explicit Signer(const char* kind) : key_(kind == std::string_view("EC") ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048)) {}
  ~Signer() { EVP_PKEY_free(key_); }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }

  Bytes sign(const Digest& digest, std::uint8_t version = 2, std::uint8_t hash = 4, std::uint8_t type = 3) const {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key_, nullptr);
    REQUIRE(EVP_PKEY_sign_init(context) == 1);
    REQUIRE(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1);
    Bytes signature(512);
    std::size_t size = signature.size();
    REQUIRE(EVP_PKEY_sign(context, signature.data(), &size, digest.view().data(), digest.size()) == 1);
    EVP_PKEY_CTX_free(context);
    signature.resize(size);
    Bytes field{
        type, version, hash, 1, 2, 3, 4, static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
    field.insert(field.end(), signature.begin(), signature.end());
    return field;
  }

 private:
  EVP_PKEY* key_;
};

}  // namespace

TEST_CASE("IMA: known files only") {
  CHECK(verdict(known_files(), list_of({"good", "good"})) == Verdict::pass);
  CHECK(verdict(known_files(), list_of({"good", "evil"})) == Verdict::fail);
  CHECK(verdict(known_files(), list_of({})) == Verdict::inconclusive);
}

TEST_CASE("IMA: a violation is a file that nothing is known of") {
  Records log = list_of({"good", "good"});
  log.records[1].violation = true;
  CHECK(verdict(known_files(), log) == Verdict::inconclusive);
}

TEST_CASE("IMA: an entry whose digest is of other data says nothing") {
  Records log = list_of({"good"});
  log.record("pcr10", 0, ima_data("/usr/bin/good", hashed(kSha256, "good")), text_bytes("something else"));
  log.records[1].content = ContentType::ima_template;
  log.records[1].name = log.records[0].name;
  CHECK(verdict(known_files(), log) == Verdict::inconclusive);
}

TEST_CASE("IMA: an entry is an entry under any type") {
  Records log = list_of({"good", "evil"});
  log.records[1].content = ContentType::pcclient;
  for (const std::uint32_t type : {kAction, kIpl, 0U, 0x12345U}) {
    log.records[1].type = type;
    CHECK(verdict(known_files(), log) == Verdict::inconclusive);
  }
}

TEST_CASE("IMA: the template's name is not measured") {
  const std::string forbidden =
      "  - name: no evil\n    select: {register: pcr10, content: ima}\n    expect: none\n    where: {name: '*/evil'}\n";
  CHECK(verdict(forbidden, list_of({"good"})) == Verdict::pass);
  CHECK(verdict(forbidden, list_of({"good", "evil"})) == Verdict::fail);
  for (const std::string name : {"buf|buf", "n-ng|d-ng", "d-modsig|modsig", "no-template", "ima-sig", "ima"}) {
    CAPTURE(name);
    Records log = list_of({"good", "evil"});
    log.records[1].name = as_bytes(name);
    CHECK(verdict(forbidden, log) != Verdict::pass);
    CHECK(verdict(known_files(), log) != Verdict::pass);
  }
}

TEST_CASE("IMA: an entry of the legacy template's size can be called one") {
  constexpr std::size_t kLegacyPath = 276 - 4 - 40 - 4 - 1;
  Records log = list_of({"good"});
  const std::string path = "/" + std::string(kLegacyPath - 6, 'x') + "/evil";
  log.ima("ima", ima_data(path, hashed(kSha256, "evil")));
  REQUIRE(log.records[1].data.size() == 276);
  const std::string forbidden =
      "  - name: no evil\n    select: {register: pcr10, content: ima}\n    expect: none\n    where: {name: "
      "'/x*/evil'}\n";
  CHECK(verdict(forbidden, log) == Verdict::inconclusive);
}

TEST_CASE("IMA: a template of one's own is believed where the policy names it") {
  Records log;
  ByteWriter writer;
  const Bytes ordered = ima_data("/x", hashed(kSha256, "good"));
  writer.bytes(ByteView(ordered).subspan(44));  // the name: 4 + 3 bytes behind 4 + 40
  writer.bytes(ByteView(ordered).first(44));
  log.ima("n-ng|d-ng", writer.take());
  CHECK(verdict(known_files(), log) == Verdict::inconclusive);
  std::string named = known_files();
  named.replace(named.find("content: ima"), 12, "content: ima, type: 'n-ng|d-ng'");
  CHECK(verdict(named, log) == Verdict::pass);
}

TEST_CASE("IMA: the digest of an fs-verity tree is not that of a file") {
  const Digest good = hashed(kSha256, "good");
  Bytes data = ima_data("/x", good);
  const Bytes tag = text_bytes("verity:");
  data[0] = static_cast<std::uint8_t>(data[0] + tag.size());
  data.insert(data.begin() + 4, tag.begin(), tag.end());
  Records log;
  log.ima("ima-ngv2", data);
  CHECK(verdict(known_files(), log) == Verdict::fail);
  CHECK(verdict("  - name: known files\n    select: {register: pcr10, content: ima}\n    expect: only\n"
                "    digests: [\"verity:sha256:" +
                    good.hex() + "\"]\n",
                log) == Verdict::pass);
}

TEST_CASE("IMA: digests of another algorithm are not looked up in vain") {
  const std::string rule = "  - name: no evil\n    select: {content: ima}\n    expect: none\n    digests: [\"sha1:" +
                           hashed(kSha1, "evil").hex() + "\"]\n";
  CHECK(verdict(rule, list_of({"evil"})) == Verdict::inconclusive);
}

TEST_CASE("IMA: a signature counts when a given key verifies it") {
  for (const char* kind : {"RSA", "EC"}) {
    CAPTURE(kind);
    const Signer signer(kind);
    const Signer stranger(kind);
    MemoryHost host;
    host.files["dir/ima.pem"] = signer.pem();
    const std::string rule =
        "  - name: signed files\n    select: {content: ima}\n    expect: only\n    keys: [ima.pem]\n";
    const Digest file = hashed(kSha256, "file");
    const auto with = [&](const std::optional<Bytes>& signature) {
      Records log;
      log.ima("ima-sig", ima_data("/usr/bin/file", file, signature ? *signature : Bytes()));
      return verdict(rule, log, {}, host);
    };
    CHECK(with(signer.sign(file)) == Verdict::pass);
    CHECK(with(stranger.sign(file)) == Verdict::fail);
    CHECK(with(signer.sign(hashed(kSha256, "other"))) == Verdict::fail);
    CHECK(with(std::nullopt) == Verdict::fail);
    CHECK(with(Bytes{3, 2}) == Verdict::inconclusive);
    CHECK(with(signer.sign(file, 3)) == Verdict::inconclusive);
    CHECK(with(signer.sign(file, 1)) == Verdict::inconclusive);
    CHECK(with(signer.sign(file, 2, 2)) == Verdict::inconclusive);     // says SHA-1, the file's digest is SHA-256
    CHECK(with(signer.sign(file, 2, 4, 6)) == Verdict::inconclusive);  // of fs-verity
    Bytes changed = signer.sign(file);
    changed.back() ^= 1;
    CHECK(with(changed) == Verdict::fail);
    // A listed digest does as well as a signature.
    Records listed = list_of({"good"});
    CHECK(verdict(known_files("    keys: [ima.pem]\n"), listed, {}, host) == Verdict::pass);
  }
}
