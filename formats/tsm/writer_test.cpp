// Records of other formats in a TSM log.
#include "formats/tsm/writer.hpp"

#include <doctest/doctest.h>

#include <array>

#include "formats/tsm/test_log.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;

namespace {

constexpr auto kSha1 = HashAlgorithm::sha1;
constexpr auto kSha256 = HashAlgorithm::sha256;

const std::string kSync = "SYNC sha256/" + std::string(64, '0') + "\n";

// A record about PCR 7 with a digest in each of the banks.
struct Made {
  Made(ContentType content, std::string_view data, std::vector<HashAlgorithm> banks) {
    for (const HashAlgorithm bank : banks) {
      entries.push_back({.algorithm = bank, .value = ByteView(bytes).first(find_algorithm(bank)->size)});
    }
    record.content = content;
    record.reg.kind = RegisterKind::pcr;
    record.reg.index = 7;
    record.raw_index = 7;
    record.data = as_bytes(data);
    record.extends = true;
    record.digests = entries;
  }
  std::array<std::uint8_t, kMaxDigestSize> bytes{0xAB, 0xCD};
  std::vector<DigestEntry> entries;
  Record record;
};

Result<std::string> write_all(const std::vector<const Record*>& records, const WriteOptions& options = {}) {
  WholeLog log;
  log.info.format = "other";
  log.records = records;
  return write_text("tsm", log, Raw::dropped, options);
}

// Written, read, the same; written again from what was read, the same bytes.
std::string check_there_and_back(const std::vector<const Record*>& records) {
  const auto text = write_all(records);
  REQUIRE(text);
  const auto log = read_whole("tsm", *text, {.reg = records.front()->reg});
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  REQUIRE(log->records.size() == records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(same_record(*log->records[i], *records[i]));
    CHECK((log->records[i]->raw_index == records[i]->raw_index || records[i]->content == ContentType::tsm));
  }
  CHECK(write_text("tsm", *log, Raw::kept) == *text);
  CHECK(write_text("tsm", *log, Raw::dropped) == *text);
  return *text;
}

}  // namespace

TEST_CASE("a record of another format is a comment and an .EXTEND, and comes back as it was") {
  Made event(ContentType::pcclient, std::string_view("a\0b", 3), {kSha256});
  event.record.type = 0x80000001;
  const std::string text = check_there_and_back({&event.record});
  CHECK(text ==
        "# mrtool/1 log sha256\n"
        "# mrtool/1 record pcclient type=2147483649 index=7 flags=extends data=610062\n"
        "# .EXTEND abcd" +
            std::string(60, '0') + "\n");
}

TEST_CASE("everything that a record says is carried") {
  Made full(ContentType::ima_template, "data", {kSha256});
  full.record.name = as_bytes("ima-ng");
  full.record.violation = true;
  full.record.starts_instance = true;
  full.record.stated_number = 12;
  full.entries[0].origin = DigestOrigin::computed;
  Made info(ContentType::pcclient, "StartupLocality", {kSha256});
  info.record.type = 3;
  info.record.extends = false;
  info.record.asserts = {.kind = AssertionKind::initial, .bank = HashAlgorithm::none, .value = Digest::filled(1, 3)};
  Made bare(ContentType::none, "", {});
  bare.record.extends = false;
  Made line(ContentType::aael, "INIT sha256/00", {kSha256});
  line.record.asserts = {.kind = AssertionKind::initial, .bank = kSha256, .value = Digest::filled(32, 0)};
  check_there_and_back({&full.record, &info.record, &bare.record, &line.record});
}

TEST_CASE("a TSM line whose digest is not its own is carried too, and lines that look carried") {
  Made wrong(ContentType::tsm, "a", {kSha256});
  wrong.record.type = static_cast<std::uint32_t>(TsmLine::record);
  CHECK(tsm::carry(wrong.record, {}, {}).carriage == Carriage::encapsulated);
  Made comment(ContentType::tsm, "# mrtool/1 record none", {});
  comment.record.type = static_cast<std::uint32_t>(TsmLine::comment);
  comment.record.extends = false;
  Made plain(ContentType::tsm, "a", {});
  const Digest digest = HashEngine().hash(kSha256, as_bytes("a"));
  const DigestEntry entry{.algorithm = kSha256, .value = digest.view(), .origin = DigestOrigin::computed};
  plain.record.digests = {&entry, 1};
  CHECK(tsm::carry(plain.record, {}, {}).carriage == Carriage::native);
  const std::string text = check_there_and_back({&wrong.record, &comment.record, &plain.record});
  CHECK(text.ends_with("\na\n"));
}

TEST_CASE("a record of another format may come behind plain lines") {
  Made comment(ContentType::tsm, "# a comment", {});
  comment.record.type = static_cast<std::uint32_t>(TsmLine::comment);
  comment.record.extends = false;
  Made lookalike(ContentType::tsm, "# mrtool/1 record none", {});
  lookalike.record.type = comment.record.type;
  lookalike.record.extends = false;
  Made event(ContentType::pcclient, "x", {kSha256});
  const std::string text = check_there_and_back({&comment.record, &lookalike.record, &event.record, &comment.record});
  CHECK(text.starts_with("# mrtool/1 log sha256\n# a comment\n"));
}

TEST_CASE("the bank may be told by a later record than the first, or by none where nothing is measured") {
  Made note(ContentType::cel_management, "\2", {});
  note.record.extends = false;
  Made event(ContentType::pcclient, "x", {kSha256});
  CHECK(check_there_and_back({&note.record, &event.record}).starts_with("# mrtool/1 log sha256\n"));
  const std::string text = check_there_and_back({&note.record});
  CHECK(text.starts_with("# mrtool/1 log none\n"));
  CHECK(write_all({&note.record}, {.bank = kSha256}).value().starts_with("# mrtool/1 log sha256\n"));
  for (const std::string more :
       {"# mrtool/1 record pcclient flags=extends\n# .EXTEND \n", "a\n", "# mrtool/1 record pcclient digest=00\n"}) {
    CAPTURE(more);
    CHECK(read_whole("tsm", text + more)->error);
  }
  CHECK_FALSE(read_whole("tsm", text + kSync)->error);
}

TEST_CASE("a log without carried records keeps comments that look like them, and takes no others then") {
  const std::string text = kSync + "\n# mrtool/1 record none\n# mrtool/1 log sha256\n";
  const auto log = read_whole("tsm", text);
  CHECK(write_text("tsm", *log, Raw::dropped) == text);
  for (const Raw raw : {Raw::kept, Raw::dropped}) {
    Made event(ContentType::pcclient, "x", {kSha256});
    WholeLog mixed;
    mixed.info = log->info;
    mixed.records = log->records;
    mixed.records.push_back(&event.record);
    event.record.reg = log->records[0]->reg;
    const auto refused = write_text("tsm", mixed, raw);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unsupported);
  }
}

TEST_CASE("what one register and one bank cannot hold is lost, and refused") {
  Made two(ContentType::pcclient, "x", {kSha1, kSha256});
  const Carried digest = tsm::carry(two.record, {}, {});
  CHECK(digest.carriage == Carriage::lost);
  CHECK(digest.field == "digest sha1");
  CHECK(tsm::carry(two.record, {}, {.bank = kSha1}).field == "digest sha256");

  Made other(ContentType::pcclient, "x", {kSha256});
  other.record.reg.index = 8;
  const WriteOptions about_pcr7{.dialect = {}, .reg = two.record.reg, .bank = {}};
  CHECK(tsm::carry(other.record, {}, about_pcr7).field == "record");
  const auto refused = write_all({&two.record, &other.record});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::unsupported);

  Made none(ContentType::pcclient, "x", {});
  CHECK(tsm::carry(none.record, {}, {}).field == "record");
  none.record.reg.kind = RegisterKind::none;
  none.record.extends = false;
  CHECK(tsm::carry(none.record, {}, {}).field == "record");
}

TEST_CASE("a carried record counts only behind the header, and must be whole there") {
  Made event(ContentType::pcclient, "x", {kSha256});
  const auto text = write_all({&event.record, &event.record});
  REQUIRE(text);
  const std::size_t header = text->find('\n') + 1;
  const auto forged = read_whole("tsm", kSync + "\n" + text->substr(header));
  CHECK_FALSE(forged->error);
  REQUIRE(forged->records.size() == 5);
  CHECK(forged->records[1]->content == ContentType::tsm);
  CHECK(forged->records[2]->tentative);

  std::string damaged = *text;
  damaged.erase(damaged.rfind("# .EXTEND"));
  const auto cut = read_whole("tsm", damaged);
  REQUIRE(cut->error);
  CHECK(cut->records.size() == 1);
  const auto conflict = read_whole("tsm", *text, {.bank = HashAlgorithm::sha384});
  CHECK(conflict->error.has_value());
  for (std::string_view line : {"# mrtool/1 record", "# mrtool/1 record other", "# mrtool/1 record pcclient x=1",
                                "# mrtool/1 record pcclient type=01", "# mrtool/1 record pcclient data=0",
                                "# mrtool/1 record pcclient data=AA", "# mrtool/1 record pcclient data=61 type=1",
                                "# mrtool/1 record pcclient flags=extends,extends", "# mrtool/1 record pcclient "}) {
    CAPTURE(line);
    const auto log = read_whole("tsm", "# mrtool/1 log sha256\n" + std::string(line) + " \n");
    CHECK((log->error.has_value() || log->records[0]->content == ContentType::tsm));
  }
}

TEST_CASE("lines of another format's TSM records get the kernel's empty lines") {
  const auto source = read_whole("tsm", kSync + "\na\n\n# .EXTEND " + std::string(64, '1') + "\n\nSYNC sha256/" +
                                            std::string(64, '2') + "\n\nb\n");
  std::vector<Record> bare;
  for (const Record* record : source->records) {
    bare.push_back(*record);
    bare.back().prefix = {};
  }
  std::vector<const Record*> records;
  for (const Record& record : bare) {
    records.push_back(&record);
  }
  CHECK(write_all(records).value() == write_text("tsm", *source, Raw::kept).value());
}

TEST_CASE("changed bytes never crash, and what is read is what is written") {
  Made event(ContentType::pcclient, "x", {kSha256});
  const auto carried = write_all({&event.record, &event.record});
  REQUIRE(carried);
  const std::string plain = kSync + "\na\n\n# .EXTEND " + std::string(64, '1') + "\nb\n\n";
  std::uint32_t state = 1;
  const auto random = [&state](std::size_t bound) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8U) % bound;
  };
  for (int round = 0; round < 4000; ++round) {
    std::string text = round % 2 == 0 ? plain : *carried;
    for (std::size_t i = random(4); i < 4; ++i) {
      text[random(text.size())] = "\n\n# S0aF\r/"[random(10)];
    }
    CAPTURE(text);
    const auto log = read_whole("tsm", text, {.bank = kSha256});
    const auto raw = write_text("tsm", *log, Raw::kept);
    REQUIRE(raw);
    CHECK(*raw == write_text("tsm", *log, Raw::dropped).value());
    CHECK(text.starts_with(*raw));
    CHECK((log->error || *raw == text));
  }
}
