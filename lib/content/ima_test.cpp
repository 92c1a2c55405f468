#include "lib/content/ima.hpp"

#include <doctest/doctest.h>

#include "lib/base/byte_writer.hpp"
#include "lib/content/contents.hpp"

using namespace mrtool;
using namespace std::string_view_literals;

namespace {

// An entry's data, field by field.
class Data {
 public:
  explicit Data(ByteOrder order = ByteOrder::little) : out_(order) {}
  Data& field(ByteView bytes) {
    out_.u32(static_cast<std::uint32_t>(bytes.size())).bytes(bytes);
    return *this;
  }
  Data& field(std::string_view text) { return field(as_bytes(text)); }
  Data& hex(std::string_view text) { return field(*from_hex(text)); }
  const Bytes& bytes() const { return out_.data(); }

 private:
  ByteWriter out_;
};

constexpr std::string_view kDigest = "sha1:\0\1\2\3\4"sv;

Decoded decoded(std::string_view name, ByteView data, bool violation = false) {
  Record record;
  record.content = ContentType::ima_template;
  record.extends = true;
  record.name = as_bytes(name);
  record.data = data;
  record.violation = violation;
  CHECK(content_row(record.content).type_name(record) == name);
  return decode(record, LogInfo{});
}

std::string text_of(const Value* value) {
  REQUIRE(value != nullptr);
  REQUIRE(value->as<std::string>() != nullptr);
  return *value->as<std::string>();
}

std::uint64_t number_of(const Value* value) {
  REQUIRE(value != nullptr);
  REQUIRE(value->as<Number>() != nullptr);
  return value->as<Number>()->value;
}

}  // namespace

TEST_CASE("built-in templates and formats are known by name, others are not") {
  for (const char* name : {"ima", "ima-ng", "ima-sig", "ima-ngv2", "ima-sigv2", "ima-buf", "ima-modsig", "evm-sig",
                           "d|n", "n-ng|sig|d-ng", "buf"}) {
    CHECK_MESSAGE(ima::find_template(name), name);
  }
  for (const char* name : {"", "ima-", "IMA", "d|", "|d", "d||n", "d-ng|what", "d|d|d|d|d|d|d|d|d|d|d|d|d|d|d|d"}) {
    CHECK_MESSAGE(!ima::find_template(name), name);
  }
  CHECK(ima::find_template("ima")->legacy);
  CHECK_FALSE(ima::find_template("d|n")->legacy);
}

TEST_CASE("a signature shows its key, hash and size") {
  const Data data = Data().field(kDigest).field("/bin/x\0"sv).hex("030204a1b2c3d400080011223344556677");
  const Decoded entry = decoded("ima-sig", data.bytes());
  CHECK(entry.problem.empty());
  CHECK(entry.summary == "/bin/x  sha1:01020304.. [signed by key a1b2c3d4]");
  CHECK(text_of(entry.find("file_digest")) == "sha1:01020304");
  const Value* signature = entry.find("signature");
  REQUIRE(signature != nullptr);
  CHECK(text_of(signature->find("type")) == "signature");
  CHECK(number_of(signature->find("version")) == 2);
  CHECK(text_of(signature->find("hash")) == "sha256");
  CHECK(text_of(signature->find("key_id")) == "a1b2c3d4");
  CHECK(number_of(signature->find("size")) == 8);
}

TEST_CASE("signatures of other kinds and damaged ones") {
  const auto with = [](std::string_view hex) {
    return decoded("ima-sig", Data().field(kDigest).field("/bin/x\0"sv).hex(hex).bytes());
  };
  CHECK(with("").problem.empty());
  CHECK(with("").find("signature")->is_null());
  CHECK(text_of(with("060314a1b2c3d4000100").find("signature")->find("type")) == "fs-verity");
  CHECK(text_of(with("060314a1b2c3d4000100").find("signature")->find("hash")) == "sha3-256");
  CHECK(text_of(with("0302ffa1b2c3d4000100").find("signature")->find("hash")) == "0xff");
  CHECK(number_of(with("0301aabb").find("signature")->find("version")) == 1);
  CHECK_FALSE(with("030204a1b2c3d4000900").problem.empty());
  CHECK_FALSE(with("0302").problem.empty());
}

TEST_CASE("buffers are shown as text where they are text") {
  const auto with = [](std::string_view name, std::string_view buffer) {
    return decoded("ima-buf", Data().field(kDigest).field(std::string(name) + '\0').field(buffer).bytes());
  };
  CHECK(with("kexec-cmdline", "quiet").summary == "kexec-cmdline  sha1:01020304..  quiet");
  CHECK(text_of(with("kexec-cmdline", "quiet").find("buffer")) == "quiet");
  CHECK(with("kexec-cmdline", "quiet\0"sv).find("buffer")->as<Bytes>() != nullptr);
  CHECK(with("blacklisted-hash", "").problem.empty());
  CHECK(with(".ima", "no certificate\1").find("buffer")->as<Bytes>() != nullptr);
}

TEST_CASE("an fs-verity digest, an absent modsig, and a violation say so") {
  const Decoded verity = decoded("ima-ngv2", Data().field("verity:sha256:\0\1\2\3\4"sv).field("x\0"sv).bytes());
  CHECK(text_of(verity.find("file_digest")) == "verity:sha256:01020304");
  CHECK(verity.summary == "x  verity:sha256:01020304..");
  const Decoded modsig =
      decoded("ima-modsig", Data().field(kDigest).field("x\0"sv).field("").field("").field("").bytes());
  CHECK(modsig.problem.empty());
  CHECK(modsig.find("modsig")->is_null());
  CHECK(modsig.find("modsig_file_digest")->is_null());
  const Decoded signed_module =
      decoded("ima-modsig", Data().field(kDigest).field("x\0"sv).field("").field("sha256:\0\5"sv).field("DER").bytes());
  CHECK(number_of(signed_module.find("modsig")->find("size")) == 3);
  const Decoded violation = decoded("ima-ng", Data().field("sha1:\0\0\0"sv).field("x\0"sv).bytes(), true);
  CHECK(violation.summary == "violation: x  sha1:zeros");
}

TEST_CASE("EVM fields: attributes with their lengths, owner and mode") {
  const Data data = Data()
                        .field(kDigest)
                        .field("x\0"sv)
                        .hex("050204a1b2c3d4000100")
                        .field("security.ima|user.a\0"sv)
                        .hex("0200000001000000")
                        .hex("aabbcc")
                        .hex("e8030000")
                        .field("")
                        .hex("a481");
  const Decoded entry = decoded("evm-sig", data.bytes());
  CHECK(entry.problem.empty());
  CHECK(text_of(entry.find("evm_signature")->find("type")) == "evm-portable");
  CHECK(*entry.find("xattr_names") == Value(Value::List{"security.ima", "user.a"}));
  CHECK(*entry.find("xattr_values") == Value(Value::List{Bytes{0xAA, 0xBB}, Bytes{0xCC}}));
  CHECK(number_of(entry.find("uid")) == 1000);
  CHECK(entry.find("gid")->is_null());
  CHECK(text_of(entry.find("mode")) == "100644");
}

TEST_CASE("data that its template does not fit is shown raw with a problem") {
  const Bytes data = Data().field(kDigest).bytes();
  CHECK_FALSE(decoded("ima-ng", data).problem.empty());
  CHECK(decoded("ima-ng", data).fields.empty());
  CHECK(decoded("ima-unknown", data).problem.empty());
  CHECK_FALSE(decoded("ima", Bytes(275)).problem.empty());
  CHECK_FALSE(decoded("ima-ng", Data().field("no algorithm").field("x\0"sv).bytes()).problem.empty());
}

TEST_CASE("data of a big-endian list is decoded though its container does not say so") {
  const Decoded entry = decoded("ima-ng", Data(ByteOrder::big).field(kDigest).field("/bin/x\0"sv).bytes());
  CHECK(entry.problem.empty());
  CHECK(text_of(entry.find("name")) == "/bin/x");
}

TEST_CASE("fields know the bytes that a digest covers them by") {
  const Decoded entry = decoded("ima-ng", Data().field(kDigest).field("/bin/x\0"sv).bytes());
  REQUIRE(entry.fields.size() == 2);
  CHECK(entry.fields[0].range == ByteRange{4, 14});
  CHECK(entry.fields[1].range == ByteRange{18, 25});
}

TEST_CASE("SHA-1 with zeros behind it is the digest of kernels before 5.8 in wider banks") {
  const Data data = Data().field(kDigest).field("/bin/x\0"sv);
  HashEngine engine;
  Bytes padded = to_bytes(engine.hash(HashAlgorithm::sha1, data.bytes()).view());
  padded.resize(32);
  const Digest sha1 = engine.hash(HashAlgorithm::sha1, data.bytes());
  const Digest sha384 = engine.hash(HashAlgorithm::sha384, data.bytes());
  const auto judged = [&](std::vector<DigestEntry> digests, const LogInfo& info = {}) {
    Record record;
    record.content = ContentType::ima_template;
    record.extends = true;
    record.name = as_bytes("ima-ng");
    record.data = data.bytes();
    record.digests = digests;
    return judge(record, info, engine);
  };
  const DigestEntry wide{.algorithm = HashAlgorithm::sha256, .value = padded};
  const Judgement alone = judged({wide});
  CHECK(alone.digests[0].check == Check::matches);
  CHECK(alone.digests[0].recipe == "padded-sha1");
  CHECK(alone.covered == ByteRange{0, data.bytes().size()});
  const Judgement both = judged({{.algorithm = HashAlgorithm::sha1, .value = sha1.view()}, wide});
  CHECK(both.digests[0].check == Check::matches);
  CHECK(both.digests[1].check == Check::matches);
  // A rule holds in every bank or it is not the record's.
  const Judgement mixed = judged({{.algorithm = HashAlgorithm::sha384, .value = sha384.view()}, wide});
  CHECK(mixed.digests[0].check == Check::matches);
  CHECK(mixed.digests[1].check == Check::differs);
  for (const std::size_t changed : {std::size_t{0}, std::size_t{19}, std::size_t{20}, std::size_t{31}}) {
    padded[changed] ^= 1;
    CHECK(judged({wide}).digests[0].check == Check::differs);
    padded[changed] ^= 1;
  }
  // A list of that dialect has digests by another rule beside them.
  LogInfo list;
  list.dialect = ima::kPaddedDialect;
  CHECK(judged({wide}, list).digests[0].check == Check::unverifiable);
}
