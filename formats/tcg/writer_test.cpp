#include "formats/tcg/writer.hpp"

#include <doctest/doctest.h>

#include "formats/tcg/frame.hpp"
#include "formats/tcg/test_log.hpp"

using namespace mrtool;
using namespace mrtool::tcg;
using namespace mrtool::tcg::testing;

namespace {

Result<Bytes> write_one(const LogInfo& info, const Record& record) {
  Bytes out;
  MemorySink sink(out);
  const auto writer = make_writer(Row::tcg2, sink, {});
  if (auto status = writer->begin(info); !status) {
    return std::unexpected(std::move(status).error());
  }
  if (auto status = writer->write(record); !status) {
    return std::unexpected(std::move(status).error());
  }
  return out;
}

void check_unsupported(const LogInfo& info, const Record& record, std::string_view says) {
  const auto out = write_one(info, record);
  REQUIRE_FALSE(out);
  CHECK(out.error().kind == ErrorKind::unsupported);
  CHECK(out.error().record == record.number);
  CHECK_MESSAGE(out.error().message.contains(says), out.error().message);
}

bool same_fields(const Record& a, const Record& b) {
  return a.number == b.number && a.raw_index == b.raw_index && a.type == b.type && equal(a.data, b.data) &&
         a.framing == b.framing && equal(a.suffix, b.suffix) && a.reg == b.reg && a.extends == b.extends &&
         std::ranges::equal(a.digests, b.digests, [](const DigestEntry& x, const DigestEntry& y) {
           return x.algorithm == y.algorithm && equal(x.value, y.value);
         });
}

// Changes one record of a log, writes the log from fields and reads it again.
template <class Change>
void check_changed(Row row, std::string_view hex, std::size_t number, const Change& change) {
  const Bytes bytes = *from_hex(hex);
  const auto log = read_whole(row, bytes);
  Record changed = *log->records[number];
  change(changed);
  changed.raw = {};
  log->records[number] = &changed;
  const auto written = write_whole(*log, Raw::kept);
  REQUIRE(written);
  CHECK(*written != bytes);
  const auto again = read_whole(row, *written);
  REQUIRE(again->records.size() == log->records.size());
  CHECK(again->trailing == log->trailing);
  for (std::size_t i = 0; i < log->records.size(); ++i) {
    CHECK(same_fields(*again->records[i], *log->records[i]));
  }
}

}  // namespace

TEST_CASE("a record with one field changed is read back as changed") {
  for (const auto& [row, hex] : {std::pair(Row::tcg2, kVectorA), {Row::tcg, kVectorB}, {Row::ccel, kVectorC}}) {
    check_changed(row, hex, 2, [](Record& record) { record.type = 5; });
    check_changed(row, hex, 2, [](Record& record) { record.data = record.data.first(1); });
    check_changed(row, hex, 2, [](Record& record) { record.data = {}; });
    check_changed(row, hex, 2, [row](Record& record) {
      record.raw_index = 3;
      record.reg.index = row == Row::ccel ? 2 : 3;
    });
    const Bytes digest(48, 0x77);
    std::vector<DigestEntry> entries;
    check_changed(row, hex, 2, [&](Record& record) {
      entries.assign(record.digests.begin(), record.digests.end());
      entries[0].value = ByteView(digest).first(entries[0].value.size());
      record.digests = entries;
    });
  }
}

TEST_CASE("what no layout can hold is refused") {
  const Bytes digest(64, 1);
  std::vector<DigestEntry> digests{{HashAlgorithm::sha1, ByteView(digest).first(20)}};
  LogInfo info;
  info.algorithms = {{HashAlgorithm::sha1, 20}};
  Record record;
  record.number = 7;
  record.digests = digests;
  CHECK(write_one(info, record));

  record.raw_index = 0x1'0000'0000;
  check_unsupported(info, record, "32 bits");
  record.raw_index = 0;

  digests[0].value = ByteView(digest).first(32);
  check_unsupported(info, record, "sha1 digests of 32 bytes");
  record.framing = static_cast<std::uint8_t>(Framing::sha1);
  check_unsupported(info, record, "one digest of 20 bytes");
  record.digests = {};
  check_unsupported(info, record, "one digest of 20 bytes");
  record.framing = static_cast<std::uint8_t>(Framing::agile);
  CHECK(write_one(info, record));

  digests.assign(17, {HashAlgorithm::sha1, ByteView(digest).first(20)});
  record.digests = digests;
  check_unsupported(info, record, "found 17");
}
