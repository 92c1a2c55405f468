#include "formats/ima/test_log.hpp"
#include "lib/content/content.hpp"
#include "lib/content/ima.hpp"

using namespace mrtool;
using namespace mrtool::ima::testing;

namespace {

constexpr HashAlgorithm kSha1 = HashAlgorithm::sha1;
constexpr HashAlgorithm kSha256 = HashAlgorithm::sha256;
constexpr HashAlgorithm kSha384 = HashAlgorithm::sha384;

std::string file_digest(ByteView bytes) {
  return HashEngine().hash(kSha256, bytes).hex();
}

// The list in another bank.
Bytes in_bank(HashAlgorithm bank) {
  return *write_whole("ima", *read_whole("ima", sha1_list()), Raw::kept, {.bank = bank});
}

Bytes as_ascii(ByteView list, HashAlgorithm bank = HashAlgorithm::none) {
  return *write_whole("ima-ascii", *read_whole("ima", list), Raw::kept, {.bank = bank});
}

// One entry of any bytes.
Bytes entry(std::string_view name, ByteView data, ByteView digest, ByteOrder order = ByteOrder::little,
            std::uint32_t pcr = 10) {
  ByteWriter out(order);
  out.u32(pcr).bytes(digest).u32(static_cast<std::uint32_t>(name.size())).bytes(as_bytes(name));
  out.u32(static_cast<std::uint32_t>(data.size())).bytes(data);
  return out.take();
}

Bytes ng_data(std::string_view path, ByteOrder order = ByteOrder::little) {
  ByteWriter out(order);
  const Digest digest = HashEngine().hash(kSha256, as_bytes("hello\n"));
  out.u32(40).bytes(as_bytes("sha256:")).u8(0).bytes(digest.view());
  out.u32(static_cast<std::uint32_t>(path.size() + 1)).bytes(as_bytes(path)).u8(0);
  return out.take();
}

Bytes hashed(HashAlgorithm bank, ByteView data) {
  return to_bytes(HashEngine().hash(bank, data).view());
}

}  // namespace

TEST_CASE("the worked example in both forms and two banks is reproduced byte for byte") {
  CHECK(sha1_list().size() == 656);
  CHECK(file_digest(sha1_list()) == "bad5e94ed89a02c3f6799596224d9abe6afb002cf435ef83d1f1d61766ffe118");
  CHECK(in_bank(kSha256).size() == 728);
  CHECK(file_digest(in_bank(kSha256)) == "96215b5b462b5c35b58b50814a2971eb3bd76c131899ce79a9c5364cca9f70e1");
  CHECK(as_text(as_ascii(sha1_list())) == kAsciiSha1);
  CHECK(file_digest(as_ascii(sha1_list(), kSha256)) ==
        "8d3cb05569b8ef1688fff73f713e93c24944281351c59530d70469fec94ecc47");
  CHECK(file_digest(as_ascii(in_bank(kSha256), kSha1)) ==
        "d56c1a2d2579c411cb380f116ddd376f498ccc3f9a86a22d2894993b208e1e43");
}

TEST_CASE("the ASCII form of the worked example gives the binary list back") {
  const auto text = read_whole("ima-ascii", as_bytes(kAsciiSha1));
  REQUIRE_FALSE(text->error);
  CHECK(*write_whole("ima", *text, Raw::kept) == sha1_list());
  CHECK(*write_whole("ima", *text, Raw::kept, {.bank = kSha256}) == in_bank(kSha256));
  CHECK(as_text(*write_whole("ima-ascii", *text, Raw::dropped)) == kAsciiSha1);
}

TEST_CASE("records of both forms are the same but for their bytes") {
  const auto binary = read_whole("ima", sha1_list());
  const auto text = read_whole("ima-ascii", as_bytes(kAsciiSha1));
  REQUIRE(binary->records.size() == text->records.size());
  for (std::size_t i = 0; i < binary->records.size(); ++i) {
    const Record& a = *binary->records[i];
    const Record& b = *text->records[i];
    CHECK(a.reg == b.reg);
    CHECK(equal(a.data, b.data));
    CHECK(equal(a.name, b.name));
    CHECK(a.violation == b.violation);
    CHECK(std::ranges::equal(a.digests, b.digests, [](const DigestEntry& x, const DigestEntry& y) {
      return x.algorithm == y.algorithm && x.origin == y.origin && equal(x.value, y.value);
    }));
  }
}

TEST_CASE("PCR 10 after each entry of the worked example, by each rule and bank") {
  const auto log = read_whole("ima", sha1_list(), {.compute_alternatives = true});
  const std::vector<std::string_view> sha1 = {
      "9c1fcf0d800a677d0a27af27ff4b157468dc4813", "c8a3dd6f7c56eedf214a851abf8faece3db805ed",
      "a52e0d01259f68bfd57f3f117c9faf6677e7ca68", "8f997f15752bf4a09dc0478ba0af4e60d280d964",
      "7b025d86982caf1d2cde3d623927ce1d4847b97b", "efadf60e9f56769a6a50c7eb6b8c3bed0742dd49"};
  const std::vector<std::string_view> sha256 = {"bf0d858e3904704b36740bc2ddcf4820b93a9323c1098338b7c38e338735257b",
                                                "de74ea7b5e0fcde5652c87b6797bfc120c76c339a51555b6ad6424c628e5c2ad",
                                                "7b3f88d1e2593eab4875f42cefdeea50e8b72fdaa0d0a2c6ffddf2d7753ae0d3",
                                                "fbd75f1ecca019a20caf344167c75d0e3f83fb269c7c9c830e134697b721f71f",
                                                "c53111cc6f54c3f917acf93dc3f67479a1ff9cb1657806daf899806c8b9cc0a2",
                                                "387c57155175685f9ef9d38eb04e487f32fb068db01daf8385be5dbce335739b"};
  const std::vector<std::string_view> padded = {"292411d7ff517fe5d023b40ee010fcfd3f5739238918cafcde7eed135a5da58c",
                                                "ad788807b240b277dbeea6ec56b4978ef23075687b8255f925f2965bf5047e2d",
                                                "fadc0cbdb1e37304aa558edbe8910918bb3e45584de8d13cf478f7e43586880f",
                                                "70ec5b45e82909871f574c8839cd18b728c170e7bd360b389bc41e7cb1a13fef",
                                                "0877bc69c99a677c55b1fde220f180aa44197ebb82325b20d2d31b358ca4c8c7",
                                                "12d35ed593e016bb256aa12b8e5b9e2ad7087e29838d9c0aae48fa7a579464cd"};
  for (std::size_t i = 0; i < sha1.size(); ++i) {
    CHECK(folded(*log, "pcr10", kSha1, false, i + 1) == sha1[i]);
    CHECK(folded(*log, "pcr10", kSha256, false, i + 1) == sha256[i]);
    CHECK(folded(*log, "pcr10", kSha256, true, i + 1) == padded[i]);
  }
  CHECK(folded(*log, "pcr10", kSha384) ==
        "23362331ec990f98eb24e4efc92696a8f64ebf6abd6420c25ce8497e77d28185c69e27a4ec51b59f5437b006e5e98859");
}

TEST_CASE("the computed banks are those asked for; none asks for the list's own only") {
  const auto own = read_whole("ima", sha1_list(), {.compute_banks = {HashAlgorithm::none}});
  CHECK(own->records[0]->digests.size() == 1);
  const auto one = read_whole("ima", sha1_list(), {.compute_banks = {kSha384}});
  CHECK(one->records[0]->digests.size() == 2);
  CHECK(digest_of(*one->records[0], kSha384).has_value());
  const auto usual = read_whole("ima", sha1_list());
  CHECK(usual->records[0]->digests.size() == 4);
  CHECK_FALSE(digest_of(*usual->records[0], kSha256, true));
}

TEST_CASE("a violation extends FF in every bank, and is written as zeros") {
  const auto log = read_whole("ima", sha1_list(), {.compute_alternatives = true});
  const Record& violation = *log->records[2];
  CHECK(violation.violation);
  CHECK(digest_of(violation, kSha1) == std::string(40, 'f'));
  CHECK(digest_of(violation, kSha256) == std::string(64, 'f'));
  CHECK(digest_of(violation, kSha256, true) == std::string(40, 'f') + std::string(24, '0'));
  CHECK(*write_whole("ima", *log, Raw::dropped) == sha1_list());
  HashEngine engine;
  const Judgement judgement = judge(violation, log->info, engine);
  for (const DigestJudgement& digest : judgement.digests) {
    CHECK(digest.check != Check::matches);
    CHECK(digest.check != Check::differs);
  }
  CHECK(judgement.digests[0].check == Check::unverifiable);
  CHECK(judgement.digests[0].recipe == "violation");
}

TEST_CASE("boot_aggregate with a zero file digest is no violation") {
  ByteWriter data;
  data.u32(40).bytes(as_bytes("sha256:")).u8(0).fill(0, 32).u32(15).bytes(as_bytes("boot_aggregate")).u8(0);
  const auto log = read_whole("ima", entry("ima-ng", data.data(), hashed(kSha1, data.data())));
  REQUIRE(log->records.size() == 1);
  CHECK_FALSE(log->records[0]->violation);
  CHECK_FALSE(log->diagnostics.has("V32"));
}

TEST_CASE("template digests are judged against the data, which does not hold the template's name") {
  Bytes list = sha1_list();
  const auto log = read_whole("ima", list);
  HashEngine engine;
  const Judgement good = judge(*log->records[1], log->info, engine);
  CHECK(good.digests[0].check == Check::matches);
  CHECK(good.digests[0].recipe == "template-data");
  CHECK(covered_fields(decode(*log->records[1], log->info), good) ==
        std::vector<std::string_view>{"file_digest", "name"});

  list[bytes_of({kEntry1, kEntry2}).size() - 3] ^= 1;
  const auto tampered = read_whole("ima", list);
  CHECK(judge(*tampered->records[1], tampered->info, engine).digests[0].check == Check::differs);
}

TEST_CASE("the legacy template is hashed as digest and padded name") {
  const auto log = read_whole("ima", bytes_of({kLegacyEntry, kLegacyViolation}));
  REQUIRE_FALSE(log->error);
  REQUIRE(log->records.size() == 2);
  CHECK(log->records[0]->data.size() == 276);
  CHECK(digest_of(*log->records[0], kSha256) == "3001d26e2d76cf8a6fd48c243ca84b4086a0b34da13795e1fc09f8dfea547228");
  HashEngine engine;
  CHECK(judge(*log->records[0], log->info, engine).digests[0].check == Check::matches);
  CHECK(*write_whole("ima", *log, Raw::dropped) == bytes_of({kLegacyEntry, kLegacyViolation}));
  CHECK(as_text(*write_whole("ima-ascii", *log, Raw::kept)) ==
        "10 c46f9765364398f3cf1b6710d7229bf73b281f5a ima f572d396fae9206628714fb2ce00f72e94f2258f /usr/bin/hello\n"
        "10 0000000000000000000000000000000000000000 ima 0000000000000000000000000000000000000000 /var/log/app.log\n");
}

TEST_CASE("a legacy name that ends with a NUL in the list is written with it") {
  Bytes list = bytes_of({kLegacyEntry});
  list[4 + 20 + 4 + 3 + 20] += 1;
  list.push_back(0);
  const auto log = read_whole("ima", list);
  REQUIRE_FALSE(log->error);
  CHECK(*write_whole("ima", *log, Raw::dropped) == list);
}

TEST_CASE("a single violation of the legacy template can only be of bank sha1") {
  const auto log = read_whole("ima", bytes_of({kLegacyViolation}));
  REQUIRE_FALSE(log->error);
  CHECK(log->info.algorithms == std::vector<AlgorithmSize>{{kSha1, 20}});
  CHECK(log->diagnostics.has("V32"));
}

TEST_CASE("a custom field list names the template") {
  const auto log = read_whole("ima", bytes_of({kCustomEntry}));
  REQUIRE_FALSE(log->error);
  CHECK(digest_of(*log->records[0], kSha256) == "af8ea9935fb5f7540eb8ab5222c7f79816b5e6bfd1c257d0b22db0047dc58202");
  CHECK(as_text(*write_whole("ima-ascii", *log, Raw::kept)) ==
        "10 ef20889545f35b23dd3d79d468bfd30f435af327 n-ng|d-ng /usr/bin/hello "
        "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\n");
}

TEST_CASE("d|n is a custom list with lengths, not the legacy template") {
  ByteWriter data;
  data.u32(20).fill(7, 20).u32(2).u8('x').u8(0);
  const Bytes list = entry("d|n", data.data(), hashed(kSha1, data.data()));
  const auto log = read_whole("ima", list);
  REQUIRE_FALSE(log->error);
  CHECK(equal(log->records[0]->data, data.data()));
  CHECK(*write_whole("ima", *log, Raw::dropped) == list);
}

TEST_CASE("an fs-verity digest of ima-ngv2") {
  const Bytes data = *from_hex(kVerityData);
  const auto log = read_whole("ima", entry("ima-ngv2", data, hashed(kSha1, data)));
  REQUIRE_FALSE(log->error);
  CHECK(digest_of(*log->records[0], kSha256) == "686acb5eb7521d2a54aee44e671aeafbf118ddf3d8937870e6d4931175d4ffd0");
  CHECK(as_text(*write_whole("ima-ascii", *log, Raw::kept)) ==
        "10 6c42cbe9577e493d2eb48d09382bc7b5f89bc3d6 ima-ngv2 "
        "verity:sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 /usr/bin/hello\n");
}

TEST_CASE("an unknown template is kept and can be replayed") {
  const Bytes list = entry("ima-future", as_bytes("anything"), hashed(kSha1, as_bytes("anything")));
  const auto log = read_whole("ima", list);
  REQUIRE_FALSE(log->error);
  CHECK(log->diagnostics.has("V34"));
  CHECK(log->records[0]->extends);
  CHECK(as_text(log->records[0]->data) == "anything");
  CHECK(digest_of(*log->records[0], kSha256) == to_hex(hashed(kSha256, as_bytes("anything"))));
  CHECK(*write_whole("ima", *log, Raw::dropped) == list);
  CHECK_FALSE(write_whole("ima-ascii", *log, Raw::kept));
}

TEST_CASE("every digest of a long list is that of its entry, up to the damage at its end") {
  for (const HashAlgorithm own : {kSha1, kSha256}) {
    CAPTURE(to_string(own));
    const std::size_t size = find_algorithm(own)->size;
    std::vector<Bytes> contents;
    Bytes list;
    for (std::size_t i = 0; i < 4000; ++i) {
      contents.emplace_back(1 + i % 200, static_cast<std::uint8_t>(i));
      const bool violation = i % 100 == 99;
      const Bytes whole =
          entry("ima-future", contents.back(), violation ? Bytes(size, 0) : hashed(own, contents.back()));
      list.insert(list.end(), whole.begin(), whole.end());
    }
    list.resize(list.size() - 1);
    const auto log = read_whole("ima", list, {.compute_alternatives = true});
    REQUIRE(log->error);
    REQUIRE(log->records.size() == contents.size() - 1);
    for (std::size_t i = 0; i < log->records.size(); ++i) {
      CAPTURE(i);
      const Record& record = *log->records[i];
      CHECK(record.violation == (i % 100 == 99));
      for (const HashAlgorithm bank : {kSha1, kSha256, kSha384}) {
        const std::size_t bank_size = find_algorithm(bank)->size;
        const Bytes digest = record.violation ? Bytes(bank_size, 0xFF) : hashed(bank, contents[i]);
        CHECK(digest_of(record, bank) == to_hex(digest));
        Bytes padded = record.violation ? Bytes(20, 0xFF) : hashed(kSha1, contents[i]);
        padded.resize(bank_size);
        CHECK((bank == kSha1 || digest_of(record, bank, true) == to_hex(padded)));
      }
    }
  }
}

TEST_CASE("lists of every digest size and algorithm are told by their data") {
  for (const HashAlgorithm bank : {HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512,
                                   HashAlgorithm::sm3_256, HashAlgorithm::sha3_256, HashAlgorithm::sha3_384}) {
    if (!HashEngine::can_compute(bank)) {
      continue;
    }
    CAPTURE(to_string(bank));
    const auto log = read_whole("ima", in_bank(bank));
    REQUIRE_FALSE(log->error);
    CHECK(log->info.algorithms.front().algorithm == bank);
    CHECK(*write_whole("ima", *log, Raw::kept, {.bank = kSha1}) == sha1_list());
  }
}

TEST_CASE("a violation alone in a wide bank is inconclusive until the bank is named") {
  const auto data = ng_data("/var/log/app.log");
  const Bytes list = entry("ima-ng", data, Bytes(32, 0));
  const auto log = read_whole("ima", list);
  REQUIRE(log->error);
  CHECK(log->error->kind == ErrorKind::inconclusive);
  CHECK(log->error->message.find("--bank") != std::string::npos);
  const auto named = read_whole("ima", list, {.bank = HashAlgorithm::sm3_256});
  CHECK_FALSE(named->error);
  CHECK(named->info.algorithms.front().algorithm == HashAlgorithm::sm3_256);
}

TEST_CASE("a bank that is named does not overrule what the data says") {
  const auto log = read_whole("ima", sha1_list(), {.bank = kSha256});
  CHECK_FALSE(log->error);
  CHECK(log->info.algorithms.front().algorithm == kSha1);
}

TEST_CASE("SHA-1 digests padded to a bank without a hash need the bank's name") {
  const auto data = ng_data("/usr/bin/hello");
  Bytes digest = hashed(kSha1, data);
  digest.resize(32);
  const Bytes list = entry("ima-ng", data, digest);
  CHECK(read_whole("ima", list)->error->kind == ErrorKind::inconclusive);
  const auto log = read_whole("ima", list, {.bank = HashAlgorithm::sha3_256});
  REQUIRE_FALSE(log->error);
  CHECK(log->diagnostics.has("V33"));
  CHECK(log->info.dialect == ima::kPaddedDialect);
  HashEngine engine;
  CHECK(judge(*log->records[0], log->info, engine).digests[0].check == Check::unverifiable);
  CHECK(*write_whole("ima", *log, Raw::dropped) == list);
}

TEST_CASE("a big-endian list is read, hashed and written in its order") {
  const Bytes data = ng_data("/usr/bin/hello", ByteOrder::big);
  const Bytes list = entry("ima-ng", data, *from_hex("aa4855d7fed1eca0b1db1d751f31143db16be679"), ByteOrder::big);
  const auto log = read_whole("ima", list);
  REQUIRE_FALSE(log->error);
  CHECK(log->diagnostics.has("V30"));
  CHECK(log->info.byte_order == ByteOrder::big);
  CHECK(log->records[0]->reg == *parse_register("pcr10"));
  CHECK(digest_of(*log->records[0], kSha256) == "21e4242ffcc0aa39ac6eb0e975008bc2063877cb1a9bcc9f9fc943850e3e4ffc");
  CHECK(*write_whole("ima", *log, Raw::dropped) == list);
  const Bytes text = *write_whole("ima-ascii", *log, Raw::kept);
  const auto again = read_whole("ima-ascii", text);
  REQUIRE_FALSE(again->error);
  CHECK(*write_whole("ima", *again, Raw::kept) == list);
}

TEST_CASE("a kexec buffer: its header is kept, its count is checked, what follows it is no entry") {
  Bytes buffer = bytes_of({kKexecHeader, kEntry1, kEntry2});
  CHECK(buffer.size() == 226);
  const auto log = read_whole("ima", buffer);
  REQUIRE_FALSE(log->error);
  CHECK(log->records.size() == 2);
  CHECK(log->records[0]->offset == 24);
  CHECK(log->diagnostics.has("V31"));
  CHECK_FALSE(log->diagnostics.has("T31"));
  CHECK(*write_whole("ima", *log, Raw::kept) == buffer);
  CHECK(*write_whole("ima", *log, Raw::dropped) == buffer);

  buffer.resize(4096);
  const auto filled = read_whole("ima", buffer);
  CHECK_FALSE(filled->error);
  CHECK(filled->trailing.size() == 4096 - 226);
  CHECK(*write_whole("ima", *filled, Raw::dropped) == buffer);

  buffer[16] = 3;
  CHECK(read_whole("ima", buffer)->diagnostics.has("T31"));
  buffer[8] -= 1;
  const auto crossing = read_whole("ima", buffer);
  CHECK(crossing->error);
  CHECK(crossing->records.size() == 1);
}

TEST_CASE("a second boot_aggregate starts a kernel instance") {
  const auto log = read_whole("ima", bytes_of({kEntry1, kEntry2, kEntry1}));
  REQUIRE(log->records.size() == 3);
  CHECK_FALSE(log->records[0]->starts_instance);
  CHECK(log->records[2]->starts_instance);
  CHECK(log->diagnostics.has("V36"));
}

TEST_CASE("a list from the middle is noted") {
  CHECK(read_whole("ima", bytes_of({kEntry2, kEntry3}))->diagnostics.has("V32"));
  CHECK_FALSE(read_whole("ima", sha1_list())->diagnostics.has("V32"));
}

TEST_CASE("REGISTER= names the register that the entries extend") {
  const auto log = read_whole("ima", sha1_list(), {.reg = parse_register("rtmr2")});
  REQUIRE(log->records.size() == 6);
  CHECK(log->records[0]->reg == *parse_register("rtmr2"));
  CHECK(log->records[0]->raw_index == 10);
  CHECK(*write_whole("ima", *log, Raw::dropped) == sha1_list());
}

TEST_CASE("boot_aggregate of artificial registers") {
  HashEngine engine;
  std::vector<Digest> registers;
  for (std::uint8_t i = 0; i < 10; ++i) {
    registers.push_back(Digest::filled(32, i));
  }
  CHECK(ima::boot_aggregate_value(engine, kSha256, registers).hex() ==
        "a4cc7213a98bc92e113dad44ef63113826a16c3a6ca551d2b76244a49ae043dd");
  CHECK(ima::boot_aggregate_value(engine, kSha256, std::span(registers).first(8)).hex() ==
        "db05e55d6193247cd749ccc4bcecd7efa1aaeda3e11093a042c9f97957bc16d7");
  const auto log = read_whole("ima", sha1_list());
  const auto found = ima::boot_aggregate_of(*log->records[0], log->info.byte_order);
  REQUIRE(found);
  CHECK(found->algorithm == kSha256);
  CHECK(found->value == ima::boot_aggregate_value(engine, kSha256, std::vector<Digest>(10, Digest::filled(32, 0))));
  CHECK_FALSE(ima::boot_aggregate_of(*log->records[1], log->info.byte_order));
}
