#include "lib/content/content.hpp"

#include <deque>

#include "lib/content/event_fixture_test.hpp"
#include "lib/content/judgement.hpp"

namespace mrtool::pcclient {

namespace {

constexpr std::uint32_t kSeparator = 0x04;
constexpr std::uint32_t kFirmwareBlob = 0x80000008;
constexpr std::uint32_t kDriverConfig = 0x80000001;
constexpr std::uint32_t kVariableBoot = 0x80000002;
constexpr std::uint32_t kImage = 0x80000003;
constexpr std::uint32_t kAction = 0x80000007;
constexpr std::uint32_t kUnknown = 0x8401;

// A record with digests of two banks, each of the bytes given for it.
struct Measured : EventFixture {
  Measured(std::uint32_t type, Bytes bytes, const Bytes& sha1_of, const Bytes& sha256_of)
      : EventFixture(std::move(bytes), 4),
        sha1(engine.hash(HashAlgorithm::sha1, sha1_of)),
        sha256(engine.hash(HashAlgorithm::sha256, sha256_of)),
        entries{{{HashAlgorithm::sha1, sha1.view()}, {HashAlgorithm::sha256, sha256.view()}}} {
    record.content = ContentType::pcclient;
    record.type = type;
    record.extends = type != kNoAction;
    record.digests = entries;
  }
  Measured(std::uint32_t type, const Bytes& bytes, const Bytes& hashed) : Measured(type, bytes, hashed, hashed) {}

  Judgement judged() { return judge(record, log, engine); }

  HashEngine engine;
  Digest sha1;
  Digest sha256;
  std::array<DigestEntry, 2> entries;
};

const Bytes kText = to_bytes(as_bytes("Calling EFI Application from Boot Option"));
const Bytes kOther{0xBA, 0xD0};

Bytes with(Bytes bytes, std::uint8_t last) {
  bytes.push_back(last);
  return bytes;
}

void check_all(const Judgement& judgement, Check check, std::string_view recipe) {
  REQUIRE(judgement.digests.size() == 2);
  for (const DigestJudgement& digest : judgement.digests) {
    CHECK(digest.check == check);
    CHECK(digest.recipe == recipe);
  }
}

}  // namespace

TEST_CASE("digest of the data matches and covers all of it") {
  Measured event(kAction, kText, kText);
  const Judgement judgement = event.judged();
  check_all(judgement, Check::matches, "exact");
  CHECK(judgement.covered == ByteRange{0, kText.size()});
  CHECK_FALSE(judgement.error_separator);
}

TEST_CASE("digest of the data without its last byte does not cover that byte") {
  Measured event(kAction, with(kText, 0), kText);
  const Judgement judgement = event.judged();
  check_all(judgement, Check::matches, "without-last-byte");
  CHECK(judgement.covered == ByteRange{0, kText.size()});
  CHECK(covered_fields(decode(event.record, event.log), judgement).empty());
}

TEST_CASE("digest of the data without a last byte that says something differs") {
  Measured event(kAction, with(kText, '0'), kText);
  check_all(event.judged(), Check::differs, "");
}

TEST_CASE("digest of the data and one NUL") {
  Measured event(kAction, kText, with(kText, 0));
  check_all(event.judged(), Check::matches, "with-nul");
}

TEST_CASE("digest that no rule explains differs where the data is all there is") {
  Measured event(kAction, kText, kOther);
  const Judgement judgement = event.judged();
  check_all(judgement, Check::differs, "");
  CHECK_FALSE(judgement.covered);
}

TEST_CASE("digest that no rule explains cannot be checked where the log lacks the measured bytes") {
  Measured image(kImage, Bytes(32, 0), kOther);
  check_all(image.judged(), Check::unverifiable, "pe-image");
  Measured unknown(kUnknown, kText, kOther);
  check_all(unknown.judged(), Check::unverifiable, "unknown-event-type");
}

TEST_CASE("unknown event type may still hash its data") {
  Measured event(kUnknown, kText, kText);
  check_all(event.judged(), Check::matches, "exact");
}

TEST_CASE("a rule that holds in one bank makes the other bank differ") {
  Measured event(kAction, kText, kOther, kText);
  const Judgement judgement = event.judged();
  CHECK(judgement.digests[0].check == Check::differs);
  CHECK(judgement.digests[1].check == Check::matches);
  CHECK(judgement.covered == ByteRange{0, kText.size()});
  Measured unknown(kUnknown, kText, kOther, kText);
  CHECK(unknown.judged().digests[0].check == Check::differs);
}

TEST_CASE("banks that follow different rules do not agree") {
  Measured event(kAction, with(kText, 0), kText, with(kText, 0));
  const Judgement judgement = event.judged();
  CHECK(judgement.digests[0].check == Check::differs);
  CHECK(judgement.digests[1].recipe == "exact");
}

TEST_CASE("a bank whose digest has the wrong size is not computed and spoils no other") {
  Measured event(kAction, kText, kText);
  event.entries[0].value = event.entries[0].value.first(19);
  const Judgement judgement = event.judged();
  CHECK(judgement.digests[0].check == Check::none);
  CHECK(judgement.digests[0].recipe == "digest-size-contradicts-algorithm");
  CHECK(judgement.digests[1].check == Check::matches);
}

TEST_CASE("a bank of an unknown algorithm is not computed") {
  Measured event(kAction, kText, kText);
  event.entries[1].algorithm = static_cast<HashAlgorithm>(0x7777);
  const Judgement judgement = event.judged();
  CHECK(judgement.digests[0].check == Check::matches);
  CHECK(judgement.digests[1].check == Check::none);
  CHECK(judgement.digests[1].recipe == "unknown-algorithm");
}

TEST_CASE("no computable bank: nothing is judged, nothing covered") {
  Measured event(kAction, kText, kText);
  event.entries[0].algorithm = static_cast<HashAlgorithm>(0x7777);
  event.entries[1].algorithm = static_cast<HashAlgorithm>(0x7778);
  const Judgement judgement = event.judged();
  check_all(judgement, Check::none, "unknown-algorithm");
  CHECK_FALSE(judgement.covered);
}

TEST_CASE("no digests at all") {
  Measured event(kAction, kText, kText);
  event.record.digests = {};
  CHECK(event.judged().digests.empty());
}

TEST_CASE("EV_NO_ACTION is measured only into an NV index") {
  Measured event(kNoAction, kText, kText);
  check_all(event.judged(), Check::none, "not-measured");
  event.record.reg.kind = RegisterKind::nv;
  event.record.extends = true;
  check_all(event.judged(), Check::matches, "exact");
}

TEST_CASE("content of another kind is not judged") {
  Measured event(kAction, kText, kText);
  event.record.content = ContentType::none;
  check_all(event.judged(), Check::none, "unknown-content");
  CHECK(event_type_name(event.record) == "0x80000007");
}

TEST_CASE("error separator is one even when its data is the error value") {
  const Bytes error{1, 0, 0, 0};
  Measured event(kSeparator, error, error);
  CHECK(event.judged().error_separator);
  Measured disguised(kSeparator, Bytes(4, 0), error);
  const Judgement judgement = disguised.judged();
  CHECK(judgement.error_separator);
  CHECK(covered_fields(decode(disguised.record, disguised.log), judgement).empty());
  Measured ordinary(kSeparator, Bytes(4, 0), Bytes(4, 0));
  CHECK_FALSE(ordinary.judged().error_separator);
}

TEST_CASE("boot variable hashed by its data leaves its name uncovered") {
  ByteWriter writer;
  writer.bytes(*from_hex("61dfe48bca93d211aa0d00e098032b8c")).u64(9).u64(2).bytes(utf16("BootOrder", false));
  const Bytes order{1, 0};
  writer.bytes(order);
  Measured edk2(kVariableBoot, writer.data(), order);
  const Judgement judgement = edk2.judged();
  check_all(judgement, Check::matches, "variable-data");
  CHECK(covered_fields(decode(edk2.record, edk2.log), judgement) == std::vector<std::string_view>{"options"});
  Measured whole(kVariableBoot, writer.data(), writer.data());
  check_all(whole.judged(), Check::matches, "exact");
  Measured config(kDriverConfig, writer.data(), order);
  check_all(config.judged(), Check::differs, "");
}

TEST_CASE("firmware volume that was not mapped has the digest of nothing") {
  Measured event(kFirmwareBlob, Bytes(16, 0), {});
  const Judgement judgement = event.judged();
  check_all(judgement, Check::matches, "empty");
  CHECK(judgement.covered == ByteRange{0, 0});
  CHECK(covered_fields(decode(event.record, event.log), judgement).empty());
}

TEST_CASE("td-shim's configuration is the hash of the information, and must be") {
  ByteWriter writer;
  const Bytes info{1, 2, 3};
  writer.bytes(as_bytes("td_hob")).fill(0, 10).u32(3).bytes(info);
  constexpr std::uint32_t kConfigFlags = 0x0A;
  Measured event(kConfigFlags, writer.data(), info);
  check_all(event.judged(), Check::matches, "td-shim-info");
  Measured wrong(kConfigFlags, writer.data(), kOther);
  check_all(wrong.judged(), Check::differs, "");
  Measured vendor(kConfigFlags, kText, kOther);
  check_all(vendor.judged(), Check::unverifiable, "platform-configuration");
}

TEST_CASE("S-CRTM that the hardware measured has the digest of a zero word") {
  constexpr std::uint32_t kContents = 0x07;
  Measured event(kContents, kText, Bytes(4, 0));
  check_all(event.judged(), Check::matches, "zero-word");
  CHECK(event.judged().covered == ByteRange{0, 0});
}

TEST_CASE("records that are judged together are judged as each by itself") {
  // Every type, with the digest of what several rules take, of nothing, and of something else; many enough for vectors.
  std::deque<Measured> events;
  for (const EventType& type : event_types()) {
    for (std::size_t i = 0; i < 12; ++i) {
      const Bytes data =
          i % 4 == 3 ? Bytes(4, static_cast<std::uint8_t>(i / 4)) : with(kText, static_cast<std::uint8_t>(i % 2));
      const std::array<Bytes, 6> hashed{data, kText, kOther, Bytes{}, Bytes{1, 0, 0, 0}, with(data, 0)};
      Measured& event = events.emplace_back(type.value, data, hashed[i % 6], hashed[i % 5]);
      event.record.extends = i != 11;
    }
  }
  events[5].record.content = ContentType::none;
  events[6].record.digests = {};
  events[17].entries[0].algorithm = static_cast<HashAlgorithm>(0x7777);
  events[18].entries[1].value = events[18].entries[1].value.first(31);
  events[19].entries[1].origin = DigestOrigin::alternative;
  events[30].record.violation = true;
  events[30].record.content = ContentType::ima_template;
  events[31].record.content = ContentType::ima_template;
  events[32].record.content = ContentType::tsm;
  std::vector<const Record*> records;
  for (const Measured& event : events) {
    records.push_back(&event.record);
  }
  HashEngine engine;
  const std::vector<Judgement> together = judge_many(records, {}, engine);
  REQUIRE(together.size() == events.size());
  std::size_t matching = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    CAPTURE(i);
    const Judgement alone = judge(*records[i], {}, engine);
    CHECK(together[i].covered == alone.covered);
    CHECK(together[i].error_separator == alone.error_separator);
    REQUIRE(together[i].digests.size() == alone.digests.size());
    for (std::size_t k = 0; k < alone.digests.size(); ++k) {
      CHECK(together[i].digests[k].check == alone.digests[k].check);
      CHECK(together[i].digests[k].recipe == alone.digests[k].recipe);
      matching += alone.digests[k].check == Check::matches ? 1 : 0;
    }
  }
  CHECK(matching > 100);
}

TEST_CASE("event type names, and numbers for types that have none") {
  EventFixture event(Bytes{});
  event.record.content = ContentType::pcclient;
  event.record.type = kSeparator;
  CHECK(event_type_name(event.record) == "EV_SEPARATOR");
  event.record.type = 0x40E;
  CHECK(event_type_name(event.record) == "0x0000040e");
}

TEST_CASE("every type of the table decodes and judges empty data") {
  for (const EventType& type : event_types()) {
    CAPTURE(type.name);
    CHECK(find_event_type(type.value) == &type);
    CHECK(type.name.starts_with("EV_"));
    Measured event(type.value, Bytes{}, kOther);
    const Judgement judgement = event.judged();
    CHECK(judgement.digests.size() == 2);
    CHECK(judgement.digests[0].check != Check::matches);
    // A digest that cannot be checked says what it is of.
    CHECK((judgement.digests[0].check != Check::unverifiable || !judgement.digests[0].recipe.empty()));
    (void)decode(event.record, event.log);
  }
  CHECK(find_event_type(kUnknown) == nullptr);
  CHECK(find_event_type(0xFFFFFFFF) == nullptr);
}

}  // namespace mrtool::pcclient
