#include "formats/tcg/reader.hpp"

#include <doctest/doctest.h>

#include <array>

#include "formats/tcg/test_log.hpp"
#include "lib/base/limits.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;

namespace {

// Reads a good log and checks that it is written back byte for byte, from raw records and from their fields.
std::unique_ptr<WholeLog> read_good(Row row, const Bytes& bytes, const ReadOptions& options = {}) {
  auto log = read_whole(row, bytes, options);
  CAPTURE(log->error ? to_string(*log->error) : "");
  CHECK_FALSE(log->error);
  CHECK(write_whole(*log, Raw::kept) == bytes);
  CHECK(write_whole(*log, Raw::dropped) == bytes);
  return log;
}

void check_malformed(const WholeLog& log, std::uint64_t record, std::uint64_t offset, std::string_view says) {
  REQUIRE(log.error);
  CHECK(log.error->kind == ErrorKind::malformed);
  CHECK(log.error->record == record);
  CHECK(log.error->offset == offset);
  CHECK_MESSAGE(log.error->message.contains(says), log.error->message);
}

constexpr std::size_t kSpecIdRecord = 32 + 33;         // one algorithm
constexpr std::size_t kSeparatorRecord = 16 + 34 + 4;  // one SHA-256 digest
constexpr std::string_view kZeros4 = "\0\0\0\0"sv;

Bytes two_separators() {
  return LogBuilder().spec_id().agile(0, kSeparator, kZeros4).agile(7, kSeparator, kZeros4).take();
}

}  // namespace

TEST_CASE("vector A: a crypto-agile log") {
  const auto log = read_good(Row::tcg2, *from_hex(kVectorA));
  REQUIRE(log->records.size() == 5);
  CHECK(log->info.format == "tcg2");
  CHECK(log->info.platform == Platform::tpm);
  CHECK(log->info.uintn_size == 8);
  CHECK(log->info.algorithms == std::vector<AlgorithmSize>{{HashAlgorithm::sha256, 32}});
  const Record& version = *log->records[2];
  CHECK(version.number == 2);
  CHECK(version.offset == 65 + 67);
  CHECK(version.type == kVersion);
  CHECK(version.reg.kind == RegisterKind::pcr);
  CHECK(version.extends);
  REQUIRE(version.digests.size() == 1);
  CHECK(version.digests[0].value.size() == 32);
  CHECK(to_hex(version.data) == "760031000000");
  CHECK(version.raw.size() == 56);
  CHECK(log->diagnostics.all().empty());
}

TEST_CASE("vector B: a SHA-1 log without a spec-ID event") {
  const auto log = read_good(Row::tcg, *from_hex(kVectorB));
  REQUIRE(log->records.size() == 3);
  CHECK(log->records[1]->reg.index == 4);
  CHECK(log->records[1]->digests[0].algorithm == HashAlgorithm::sha1);
  CHECK(log->info.algorithms == std::vector<AlgorithmSize>{{HashAlgorithm::sha1, 20}});
  CHECK(log->diagnostics.has("V04"));
}

TEST_CASE("vector C: a CCEL with fill") {
  const auto log = read_good(Row::ccel, *from_hex(kVectorC));
  REQUIRE(log->records.size() == 6);
  CHECK(log->info.platform == Platform::tdx);
  CHECK(log->records[1]->reg.kind == RegisterKind::mrtd);
  CHECK_FALSE(log->records[1]->extends);
  CHECK(log->records[5]->reg.kind == RegisterKind::rtmr);
  CHECK(log->records[5]->reg.index == 3);
  CHECK(log->records[5]->raw_index == 4);
  CHECK(log->trailing == Bytes(kVectorCFill, 0xFF));
  CHECK(log->diagnostics.has("V01"));
  CHECK(log->diagnostics.has("V02"));
  CHECK(log->diagnostics.has("V14"));
}

TEST_CASE("the attestation agent's records, which begin without a spec-ID event") {
  const Bytes record = *from_hex(kAgentRecord);
  const Bytes two = LogBuilder().bytes(record).bytes(record).take();
  const auto log = read_good(Row::ccel, two);
  REQUIRE(log->records.size() == 2);
  CHECK(log->info.algorithms == std::vector<AlgorithmSize>{{HashAlgorithm::sha384, 48}});
  CHECK(log->info.grows_at_runtime);
  for (const auto& read : log->records) {
    CHECK(read->reg.kind == RegisterKind::rtmr);
    CHECK(read->reg.index == 3);
    CHECK(read->extends);
    CHECK(read->digests.size() == 1);
  }
  CHECK(log->diagnostics.count("V18") == 1);
  CHECK(log->diagnostics.all().size() == 1);
  CHECK(read_good(Row::ccel, LogBuilder().bytes(two).fill(0xFF, 8).take())->diagnostics.has("V01"));
  CHECK(read_good(Row::tcg2, LogBuilder().agile(17, 6, "LEAA\3\0\0\0a b"sv).take())->records[0]->reg.index == 17);

  SUBCASE("in pieces of any size, and cut anywhere") {
    CHECK(read_whole(Row::ccel, std::make_unique<SlowSource>(two, 1))->records.size() == 2);
    for (std::size_t size = 1; size < two.size(); ++size) {
      CAPTURE(size);
      const auto cut = read_whole(Row::ccel, ByteView(two).first(size));
      CHECK(cut->error.has_value() == (size != record.size()));
      CHECK(cut->records.size() == size / record.size());
    }
  }
  SUBCASE("all records are in the bank of the first") {
    const auto mixed = read_whole(Row::ccel, LogBuilder().bytes(record).agile(4, 6, "LEAA\0\0\0\0"sv).take());
    CHECK(mixed->records.size() == 1);
    CHECK(mixed->error);
  }
  SUBCASE("a SHA-1 log it is not") {
    CHECK(read_whole(Row::tcg, two)->error);
  }
}

TEST_CASE("a log that ends exactly behind a record has no diagnostics") {
  CHECK(read_good(Row::tcg2, two_separators())->diagnostics.all().empty());
}

TEST_CASE("fill of zeros, fill of ones, and the 8-byte end mark") {
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xFF}}) {
    for (const std::size_t size : std::to_array<std::size_t>({8, 11, 12, 15, 16, 31, 32, 1000, 600000})) {
      CAPTURE(size);
      const auto log = read_good(Row::tcg2, LogBuilder().bytes(two_separators()).fill(byte, size).take());
      CHECK(log->records.size() == 3);
      CHECK(log->trailing == Bytes(size, byte));
      CHECK(log->diagnostics.count("V01") == 1);
      const auto sha1 = read_good(Row::tcg, LogBuilder().bytes(*from_hex(kVectorB)).fill(byte, size).take());
      CHECK(sha1->records.size() == 3);
      CHECK(sha1->diagnostics.count("V01") == 1);
    }
  }
}

TEST_CASE("fewer than 8 bytes of one value are a record cut short, not fill") {
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xFF}}) {
    for (std::size_t size = 1; size < 8; ++size) {
      const auto log = read_whole(Row::tcg2, LogBuilder().bytes(two_separators()).fill(byte, size).take());
      CHECK(log->records.size() == 3);
      check_malformed(*log, 3, two_separators().size(), "missing");
    }
  }
}

TEST_CASE("a mixed tail ends the log at the fill and is kept") {
  const Bytes junk = *from_hex("0102030405");
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xFF}}) {
    for (const std::size_t fill : std::to_array<std::size_t>({16, 300000})) {
      const auto log = read_good(Row::tcg2, LogBuilder().bytes(two_separators()).fill(byte, fill).bytes(junk).take());
      CHECK(log->records.size() == 3);
      CHECK(log->trailing.size() == fill + junk.size());
      REQUIRE(log->diagnostics.count("T01") == 1);
      CHECK(log->diagnostics.all().back().message.starts_with("5 unexplained bytes"));
      CHECK(log->diagnostics.all().back().offset == two_separators().size());
      CHECK_FALSE(log->diagnostics.has("V01"));
    }
  }
}

TEST_CASE("the first four FF bytes of a Windows trailer are not fill") {
  const Bytes bytes = LogBuilder().bytes(two_separators()).agile(0xFFFFFFFF, 3, "\4\0\1\300\0\0\0\0"sv).take();
  const auto log = read_good(Row::tcg2, bytes);
  REQUIRE(log->records.size() == 4);
  CHECK(log->records[3]->reg.kind == RegisterKind::none);
  CHECK_FALSE(log->records[3]->extends);
  CHECK(log->diagnostics.has("V05"));

  const auto sha1 = read_good(Row::tcg, LogBuilder().sha1(0, kVersion, "v").sha1(0xFFFFFFFF, 3, "end", 9).take());
  CHECK(sha1->records.size() == 2);
  CHECK(sha1->diagnostics.has("V05"));
  const auto padded = read_good(Row::tcg2, LogBuilder().bytes(bytes).fill(0xFF, 500).take());
  CHECK(padded->records.size() == 4);
}

TEST_CASE("a record of PCR 0 and type 0 is not fill") {
  const auto log = read_good(Row::tcg2, LogBuilder().spec_id().agile(0, 0, "cert").agile(0, 0, "cert").take());
  CHECK(log->records.size() == 3);
}

TEST_CASE("spec-ID event at index 1 in a TPM log") {
  const auto log = read_good(Row::tcg2, LogBuilder().spec_id({{}}, 1).agile(0, kSeparator, kZeros4).take());
  CHECK(log->diagnostics.has("V02"));
  CHECK(log->records[0]->reg.kind == RegisterKind::pcr);
  CHECK_FALSE(log->records[0]->extends);
}

TEST_CASE("a stand-in header with a zero signature announces banks that no record has") {
  const std::vector<TestDigest> table{{0x0C, 48}, {0x12, 32}};
  const auto data = LogBuilder::spec_id_data(table, 0, {}, std::string(16, '\0'));
  CHECK(data.size() == 37);
  const auto log =
      read_good(Row::ccel, LogBuilder().sha1(0, 3, data).agile(4, 6, "LEAA", {{0x0C, 48}}).fill(0xFF, 8).take());
  CHECK(log->records.size() == 2);
  CHECK(log->diagnostics.has("V03"));
  CHECK(log->diagnostics.count("V08") == 1);
  CHECK_FALSE(log->diagnostics.has("V06"));
}

TEST_CASE("zero bytes that no algorithm table follows are no stand-in header") {
  const std::string data(45, '\0');
  CHECK(read_whole(Row::tcg2, LogBuilder().sha1(0, 3, data).take())->error);
  CHECK(read_good(Row::tcg, LogBuilder().sha1(0, 3, data).sha1(0, kSeparator, kZeros4).take())->records.size() == 2);
}

TEST_CASE("vendor bytes behind the stated end of the spec-ID event") {
  const std::string data = LogBuilder::spec_id_data({{0x04, 20}, {}}, 4);
  const Bytes vendor = *from_hex("deadbeef");
  const Bytes alone = LogBuilder().sha1(0, 3, data).bytes(vendor).take();
  const auto log = read_good(Row::tcg2, alone);
  REQUIRE(log->records.size() == 1);
  CHECK(to_hex(log->records[0]->suffix) == "deadbeef");
  CHECK(log->records[0]->raw.size() == 69);
  CHECK(log->diagnostics.has("T02"));

  const auto more = read_good(Row::tcg2, LogBuilder().bytes(alone).agile(0, kSeparator, kZeros4).take());
  CHECK(more->records.size() == 2);
  CHECK(more->records[1]->offset == alone.size());
  const auto filled = read_good(Row::tcg2, LogBuilder().bytes(alone).fill(0, 20).take());
  CHECK(filled->records.size() == 1);
}

TEST_CASE("announced vendor bytes that are nowhere: the event size rules") {
  const std::string data = LogBuilder::spec_id_data({{}}, 4);
  const auto log = read_good(Row::tcg2, LogBuilder().sha1(0, 3, data).agile(0, kSeparator, kZeros4).take());
  CHECK(log->records.size() == 2);
  CHECK(log->diagnostics.has("T03"));
  CHECK_FALSE(log->diagnostics.has("T02"));
}

TEST_CASE("vendor bytes inside the spec-ID event are not noted") {
  const std::string data = LogBuilder::spec_id_data({{}}, 7, "td-shim");
  CHECK(read_good(Row::tcg2, LogBuilder().sha1(0, 3, data).take())->diagnostics.all().empty());
}

TEST_CASE("spec-ID events 00 and 02 head SHA-1 logs") {
  const std::string_view event00 = "Spec ID Event00\0\0\0\0\0\2\1\2\0\0"sv;
  for (const std::string_view data : {event00, kSpecId02}) {
    const auto log = read_good(Row::tcg, LogBuilder().sha1(0, 3, data).sha1(0, kSeparator, kZeros4).take());
    CHECK(log->records.size() == 2);
    CHECK(log->diagnostics.all().empty());
  }
}

TEST_CASE("a log that holds only StartupLocality") {
  const Bytes bytes = LogBuilder().sha1(0, 3, kLocality3).take();
  CHECK(bytes.size() == 49);
  const auto log = read_good(Row::tcg, bytes);
  REQUIRE(log->records.size() == 1);
  REQUIRE(log->records[0]->asserts);
  CHECK(log->records[0]->asserts->value.hex() == "03");
}

TEST_CASE("a big-endian SHA-1 log") {
  const auto log =
      read_good(Row::tcg, LogBuilder(ByteOrder::big).sha1(0, kVersion, "v1").sha1(4, kSeparator, kZeros4, 1).take());
  REQUIRE(log->records.size() == 2);
  CHECK(log->info.byte_order == ByteOrder::big);
  CHECK(log->records[1]->raw_index == 4);
  CHECK(log->diagnostics.has("V10"));
}

TEST_CASE("a non-zero digest of the spec-ID event") {
  const auto log = read_good(Row::tcg2, LogBuilder().sha1(0, 3, LogBuilder::spec_id_data({{}}), 0x11).take());
  CHECK(log->diagnostics.has("V09"));
}

TEST_CASE("fewer digests, and digests in another order") {
  const std::vector<TestDigest> table{{0x04, 20}, {}};
  const auto subset = read_good(
      Row::tcg2, LogBuilder().spec_id(table).agile(0, kSeparator, kZeros4, table).agile(1, kSeparator, kZeros4).take());
  CHECK(subset->diagnostics.count("V06") == 1);
  CHECK(subset->records[2]->extends);
  const auto order =
      read_good(Row::tcg2, LogBuilder().spec_id(table).agile(0, kSeparator, kZeros4, {table[1], table[0]}).take());
  CHECK(order->diagnostics.count("V07") == 1);
  CHECK_FALSE(order->diagnostics.has("V06"));
  const auto cut = read_whole(
      Row::tcg2, LogBuilder().spec_id(table).agile(0, kSeparator, kZeros4).agile(0, 4, "", table).fill(1, 3).take());
  CHECK(cut->error);
  CHECK(cut->diagnostics.count("V06") == 1);
}

TEST_CASE("two digests of one algorithm") {
  const auto log = read_good(Row::tcg2, LogBuilder().spec_id().agile(0, kSeparator, kZeros4, {{}, {}}).take());
  CHECK(log->records[1]->digests.size() == 2);
  CHECK(log->diagnostics.count("T06") == 1);
}

TEST_CASE("no digest: fine where nothing is extended, else a tolerance") {
  CHECK(read_good(Row::tcg2, LogBuilder().spec_id().agile(0, 3, "info", {}).take())->diagnostics.all().empty());
  const auto log = read_good(Row::tcg2, LogBuilder().spec_id().agile(0, kSeparator, kZeros4, {}).take());
  CHECK(log->diagnostics.count("T07") == 1);
  CHECK(log->records[1]->extends);
}

TEST_CASE("more than 16 digests are malformed") {
  const std::vector<TestDigest> digests(17);
  const auto log = read_whole(Row::tcg2, LogBuilder().spec_id().agile(0, kSeparator, kZeros4, digests).take());
  CHECK(log->records.size() == 1);
  check_malformed(*log, 1, kSpecIdRecord, "a count of 17");
}

TEST_CASE("an algorithm that is not announced is malformed") {
  const auto log = read_whole(
      Row::tcg2,
      LogBuilder().spec_id().agile(0, kSeparator, kZeros4).agile(0, kSeparator, kZeros4, {{0x0C, 48}}).take());
  CHECK(log->records.size() == 2);
  check_malformed(*log, 2, kSpecIdRecord + kSeparatorRecord, "algorithm 0x000c");
}

TEST_CASE("a size that contradicts the known one frames the log") {
  const std::vector<TestDigest> table{{0x0B, 48}, {0x04, 20}};
  const auto log = read_good(Row::tcg2, LogBuilder().spec_id(table).agile(0, kSeparator, kZeros4, table).take());
  REQUIRE(log->records.size() == 2);
  CHECK(log->records[1]->digests[0].value.size() == 48);
  CHECK(log->diagnostics.count("T08") == 1);
}

TEST_CASE("an unknown algorithm is stepped over by its announced size") {
  const std::vector<TestDigest> table{{0x7777, 5}, {}};
  const auto log = read_good(Row::tcg2, LogBuilder().spec_id(table).agile(0, kSeparator, kZeros4, table).take());
  CHECK(log->records[1]->digests[0].value.size() == 5);
  CHECK(log->diagnostics.all().empty());
}

TEST_CASE("an algorithm that is announced twice") {
  const auto log = read_good(Row::tcg2, LogBuilder().spec_id({{}, {}}).take());
  CHECK(log->diagnostics.has("T03"));
}

TEST_CASE("spec-ID events without a usable table are malformed") {
  check_malformed(*read_whole(Row::tcg2, LogBuilder().spec_id({}).take()), 0, 0, "found 0");
  const std::vector<TestDigest> many(65);
  check_malformed(*read_whole(Row::tcg2, LogBuilder().spec_id(many).take()), 0, 0, "found 65");
  const std::string cut = LogBuilder::spec_id_data({{}, {}}).substr(0, 33);
  check_malformed(*read_whole(Row::tcg2, LogBuilder().sha1(0, 3, cut).take()), 0, 0, "room for 1");
  const std::string bare = LogBuilder::spec_id_data({{}}).substr(0, 20);
  check_malformed(*read_whole(Row::tcg2, LogBuilder().sha1(0, 3, bare).take()), 0, 0, "algorithm table");
}

TEST_CASE("a log is not read as the wrong row") {
  check_malformed(*read_whole(Row::tcg, *from_hex(kVectorA)), 0, 0, "tcg2 or ccel");
  check_malformed(*read_whole(Row::tcg2, *from_hex(kVectorB)), 0, 0, "spec-ID event 03");
  check_malformed(*read_whole(Row::ccel, *from_hex(kVectorB)), 0, 0, "spec-ID event 03");
}

TEST_CASE("a named log without bytes has no records") {
  for (const Row row : {Row::tcg, Row::tcg2, Row::ccel}) {
    CHECK(read_good(row, {})->records.empty());
  }
}

TEST_CASE("a named log area that is all fill has no records") {
  const auto log = read_good(Row::ccel, Bytes(65536, 0xFF));
  CHECK(log->records.empty());
  CHECK(log->diagnostics.has("V01"));
}

TEST_CASE("a record that is cut short says how much is missing") {
  Bytes bytes = two_separators();
  bytes.pop_back();
  const auto log = read_whole(Row::tcg2, bytes);
  CHECK(log->records.size() == 2);
  check_malformed(*log, 2, kSpecIdRecord + kSeparatorRecord, "1 bytes of its event data");
}

TEST_CASE("sizes and counts of FFFFFFFF are malformed, not allocated") {
  Bytes size = two_separators();
  std::fill_n(size.end() - 8, 4, std::uint8_t{0xFF});
  check_malformed(*read_whole(Row::tcg2, size), 2, kSpecIdRecord + kSeparatorRecord, "4294967295");
  Bytes count = two_separators();
  std::fill_n(count.begin() + kSpecIdRecord + 8, 4, std::uint8_t{0xFF});
  check_malformed(*read_whole(Row::tcg2, count), 1, kSpecIdRecord, "4294967295");
}

TEST_CASE("an ACPI table before the log in the same file") {
  const auto table = *from_hex(
      "4343454c380000000184494e54454c2045444b3220202020020000002020202013000001"
      "0400000000000100000000000090647d00000000");
  REQUIRE(table.size() == 56);
  const auto log = read_good(Row::ccel, LogBuilder().bytes(table).bytes(*from_hex(kVectorC)).take());
  CHECK(log->records.size() == 6);
  CHECK(log->info.preamble == table);
  CHECK(log->records[0]->offset == table.size());
  CHECK(log->info.platform == Platform::cca);
  CHECK(log->records[5]->reg.kind == RegisterKind::rem);
  CHECK(log->diagnostics.has("V17"));
  check_malformed(*read_whole(Row::ccel, table), 0, 0, "Arm CCA");
}

TEST_CASE("a final-events table alone") {
  const Bytes bytes = LogBuilder().final_events_header(2).agile(5, 0x80000007, "a").agile(5, 0x80000007, "b").take();
  const auto log = read_good(Row::tcg2, bytes);
  REQUIRE(log->records.size() == 2);
  CHECK(log->records[0]->offset == 16);
  CHECK(log->records[0]->number == 0);
  CHECK(log->diagnostics.count("V16") == 1);

  const auto dump = read_good(Row::tcg2, LogBuilder().bytes(bytes).fill(0, 4096).take());
  CHECK(dump->records.size() == 2);
  CHECK(dump->diagnostics.has("V01"));
  const auto junk = read_good(Row::tcg2, LogBuilder().bytes(bytes).bytes(*from_hex("0102")).take());
  CHECK(junk->diagnostics.has("T01"));
  const auto few = read_whole(Row::tcg2, LogBuilder().final_events_header(3).agile(5, 4, "a").take());
  CHECK(few->records.size() == 1);
  check_malformed(*few, 1, 16 + 16 + 34 + 1, "missing");
  CHECK(read_good(Row::tcg2, LogBuilder().final_events_header(0).take())->records.empty());
}

TEST_CASE("batches: a long log in pieces of any size, and batches that are moved from") {
  LogBuilder builder;
  builder.spec_id();
  for (std::uint32_t i = 0; i < 9000; ++i) {
    builder.agile(i % 16, kSeparator, std::string(i % 97, 'x'));
  }
  const Bytes bytes = builder.take();
  REQUIRE(bytes.size() > 3 * limits::kReadPiece);
  for (const std::size_t step : {std::size_t{1}, std::size_t{4093}, bytes.size()}) {
    const auto log = read_whole(Row::tcg2, std::make_unique<SlowSource>(bytes, step));
    REQUIRE_FALSE(log->error);
    CHECK(log->batches.size() > 3);
    REQUIRE(log->records.size() == 9001);
    CHECK(log->records[9000]->number == 9000);
    CHECK(write_whole(*log, Raw::kept) == bytes);
    CHECK(write_whole(*log, Raw::dropped) == bytes);
  }
}

TEST_CASE("a record larger than a piece") {
  const std::string large(3 * limits::kReadPiece + 17, 'L');
  const Bytes bytes =
      LogBuilder().spec_id().agile(1, kSeparator, "a").agile(2, kSeparator, large).agile(3, kSeparator, "b").take();
  for (const std::size_t step : {std::size_t{1000}, bytes.size()}) {
    const auto log = read_whole(Row::tcg2, std::make_unique<SlowSource>(bytes, step));
    REQUIRE(log->records.size() == 4);
    CHECK(log->records[2]->data.size() == large.size());
    CHECK(write_whole(*log, Raw::dropped) == bytes);
  }
}

TEST_CASE("a first record larger than a piece") {
  const Bytes bytes = LogBuilder().sha1(0, 1, std::string(2 * limits::kReadPiece, 'F')).sha1(0, 4, kZeros4).take();
  CHECK(read_good(Row::tcg, bytes)->records.size() == 2);
}

TEST_CASE("a source that fails hands over what it gave") {
  class Failing final : public ByteSource {
   public:
    explicit Failing(ByteView bytes) : inner_(make_memory_source(bytes)) {}
    Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
      auto got = inner_->read(buffer);
      return got && *got == 0 ? Result<std::size_t>(fail(ErrorKind::io, "unplugged")) : got;
    }

   private:
    std::unique_ptr<ByteSource> inner_;
  };
  const Bytes bytes = two_separators();
  const auto log = read_whole(Row::tcg2, std::make_unique<Failing>(bytes));
  CHECK(log->records.size() == 3);
  REQUIRE(log->error);
  CHECK(log->error->kind == ErrorKind::io);
}

TEST_CASE("a reader that is used again after a batch was moved away") {
  const Bytes bytes = two_separators();
  DiagnosticSink diagnostics;
  const auto reader = make_reader(Row::tcg2, make_memory_source(bytes), {}, diagnostics);
  Batch batch;
  REQUIRE(reader->read(batch));
  const Batch kept = std::move(batch);
  CHECK(kept.records.size() == 3);
  CHECK(kept.records[2].digests[0].value[0] == 0x5A);
}
