#include "lib/content/signature_list.hpp"

#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

const Bytes kSha256Type = *from_hex("2616c4c14c509240aca941f936934328");
const Bytes kX509Type = *from_hex("a159c0a5e494a74a87b5ab155c2bf072");
const Bytes kX509Sha256Type = *from_hex("92a4d23bc0967940b420fcf98ef103ed");
const Bytes kMicrosoft = *from_hex("bd9afa775903324dbd6028f4e78f784b");

Bytes list(const Bytes& type, std::uint32_t list_size, std::uint32_t header_size, std::uint32_t signature_size,
           const Bytes& body) {
  ByteWriter writer;
  writer.bytes(type).u32(list_size).u32(header_size).u32(signature_size).bytes(body);
  return writer.take();
}

Bytes entry(std::size_t size, std::uint8_t fill) {
  return ByteWriter().bytes(kMicrosoft).fill(fill, size).take();
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Value::List& lists_of(const Decoded& decoded) {
  const auto* lists = field(decoded, "signature_lists").as<Value::List>();
  REQUIRE(lists != nullptr);
  return *lists;
}

const Value::List& keys_of(const Value& value) {
  const Value* keys = value.find("keys");
  REQUIRE(keys != nullptr);
  return *keys->as<Value::List>();
}

}  // namespace

TEST_CASE("no signature lists at all are an empty database") {
  const Decoded decoded = decode_signature_lists({});
  CHECK(decoded.summary == "empty");
  CHECK(decoded.problem.empty());
  CHECK(lists_of(decoded).empty());
}

TEST_CASE("hashes share a list") {
  const Decoded decoded = decode_signature_lists(list(kSha256Type, 28 + 96, 0, 48, joined(entry(32, 1), entry(32, 2))));
  CHECK(decoded.summary == "2 hashes");
  CHECK(decoded.problem.empty());
  const Value& only = lists_of(decoded).front();
  CHECK(text_of(*only.find("type_name")) == "SHA256");
  CHECK(number_of(*only.find("signature_size")) == 48);
  REQUIRE(keys_of(only).size() == 2);
  const Value& key = keys_of(only).back();
  CHECK(text_of(*key.find("signature_owner")) == "77fa9abd-0359-4d32-bd60-28f4e78f784b");
  CHECK(text_of(*key.find("owner_name")) == "Microsoft");
  CHECK(*key.find("signature_data") == Value(Bytes(32, 2)));
}

TEST_CASE("several lists are counted together, certificates first") {
  const Bytes hashes = list(kSha256Type, 76, 0, 48, entry(32, 1));
  const Bytes certificate = list(kX509Type, 28 + 20, 0, 20, entry(4, 9));
  const Decoded decoded = decode_signature_lists(joined(joined(hashes, certificate), certificate));
  CHECK(decoded.summary == "2 certificates, 1 hash");
  CHECK(lists_of(decoded).size() == 3);
  CHECK(keys_of(lists_of(decoded)[1]).front().find("certificate") == nullptr);
}

TEST_CASE("signature list header bytes are skipped") {
  const Decoded decoded =
      decode_signature_lists(list(kSha256Type, 28 + 3 + 48, 3, 48, joined({7, 7, 7}, entry(32, 5))));
  CHECK(decoded.problem.empty());
  CHECK(*keys_of(lists_of(decoded).front()).front().find("signature_data") == Value(Bytes(32, 5)));
}

TEST_CASE("certificate hash with its time of revocation") {
  ByteWriter body;
  body.bytes(kMicrosoft).fill(0xAB, 32).u16(2023).u8(5).u8(9).u8(1).u8(2).u8(3).fill(0, 9);
  const Decoded decoded = decode_signature_lists(list(kX509Sha256Type, 28 + 64, 0, 64, body.data()));
  CHECK(decoded.summary == "1 certificate hash");
  const Value& key = keys_of(lists_of(decoded).front()).front();
  CHECK(text_of(*key.find("hash")) == to_hex(Bytes(32, 0xAB)));
  CHECK(text_of(*key.find("revocation_time")) == "2023-05-09T01:02:03Z");
}

TEST_CASE("signature list sizes that contradict each other or the data are reported, never followed") {
  struct Case {
    std::uint32_t list_size;
    std::uint32_t header_size;
    std::uint32_t signature_size;
  };
  const Case cases[] = {{0, 0, 48},           {27, 0, 48}, {76, 49, 48}, {77, 0, 48}, {0xFFFFFFFF, 0, 48},
                        {76, 0xFFFFFFFF, 48}, {76, 0, 0},  {76, 0, 16},  {76, 0, 47}, {76, 0, 0xFFFFFFFF}};
  for (const Case& item : cases) {
    const Bytes data = list(kSha256Type, item.list_size, item.header_size, item.signature_size, entry(32, 1));
    const Decoded decoded = decode_signature_lists(data);
    CAPTURE(item.list_size);
    CAPTURE(item.signature_size);
    CHECK_FALSE(decoded.problem.empty());
    CHECK(*lists_of(decoded).front().find("undecoded") == Value(entry(32, 1)));
  }
}

TEST_CASE("bytes that are too few for another list") {
  const Decoded decoded = decode_signature_lists(joined(list(kSha256Type, 76, 0, 48, entry(32, 1)), Bytes(27, 0)));
  CHECK(decoded.problem == "27 bytes follow the signature lists");
  CHECK(lists_of(decoded).size() == 1);
}

TEST_CASE("no more signatures are listed than the limit") {
  constexpr std::uint32_t kCount = 70000;
  constexpr std::uint32_t kSize = 17;
  const Decoded decoded =
      decode_signature_lists(list(kSha256Type, 28 + kCount * kSize, 0, kSize, Bytes(std::size_t{kCount} * kSize, 1)));
  CHECK(decoded.problem == "only the first 65536 signatures are listed");
  CHECK(keys_of(lists_of(decoded).front()).size() == 65536);
  CHECK(decoded.summary == "70000 hashes");
}

TEST_CASE("no more signature lists are listed than the limit") {
  Bytes data;
  for (int i = 0; i < 65537; ++i) {
    data = joined(std::move(data), list(kSha256Type, 28, 0, 48, {}));
  }
  const Decoded decoded = decode_signature_lists(data);
  CHECK(decoded.problem == "only the first 65536 signature lists are listed");
  CHECK(decoded.summary == "empty");
}

TEST_CASE("single signature: owner and hash, owner and certificate, bare certificate, neither") {
  const Decoded hash = decode_single_signature(entry(32, 3));
  CHECK(hash.summary == "hash " + to_hex(Bytes(32, 3)));
  const Bytes der{0x30, 0x81, 0x02, 0, 0};
  const Decoded owned = decode_single_signature(ByteWriter().bytes(kMicrosoft).bytes(der).take());
  CHECK(owned.summary == "certificate");
  CHECK(field(owned, "signature").find("signature_owner") != nullptr);
  const Decoded bare = decode_single_signature(der);
  CHECK(field(bare, "signature").find("signature_owner") == nullptr);
  CHECK(*field(bare, "signature").find("signature_data") == Value(der));
  CHECK(decode_single_signature(entry(31, 3)).fields.empty());
  CHECK(decode_single_signature({}).fields.empty());
}

}  // namespace mrtool::pcclient
