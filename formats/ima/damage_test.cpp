// Cut, changed and hostile lists: an error with the records before it, or a list that is written back as it was.
#include <fmt/format.h>

#include <algorithm>

#include "formats/ima/test_log.hpp"
#include "formats/test_mutation.hpp"
#include "lib/content/content.hpp"

using namespace mrtool;
using namespace mrtool::ima::testing;

namespace {

void check_error_or_round_trip(std::string_view format, ByteView bytes) {
  const auto log = read_whole(format, bytes);
  std::uint64_t end = log->info.preamble.size();
  for (const Record* record : log->records) {
    CHECK(record->offset == end);
    end += record->raw.size();
    CHECK_FALSE(decode(*record, log->info).kind.empty());
  }
  if (log->error) {
    return;
  }
  CHECK(end + log->trailing.size() == bytes.size());
  CHECK(*write_whole(format, *log, Raw::kept) == to_bytes(bytes));
  if (format == "ima") {
    CHECK(*write_whole(format, *log, Raw::dropped) == to_bytes(bytes));
  }
}

std::vector<std::size_t> borders(std::initializer_list<std::string_view> entries) {
  std::vector<std::size_t> ends{0};
  for (const std::string_view entry : entries) {
    ends.push_back(ends.back() + entry.size() / 2);
  }
  return ends;
}

}  // namespace

TEST_CASE("a binary list cut at every byte is whole only between entries") {
  const Bytes list = sha1_list();
  const auto ends = borders({kEntry1, kEntry2, kEntry3, kEntry4, kEntry5, kEntry6});
  for (std::size_t size = 1; size < list.size(); ++size) {
    CAPTURE(size);
    const auto log = read_whole("ima", ByteView(list).first(size));
    const auto after = std::ranges::upper_bound(ends, size);
    CHECK(log->records.size() == static_cast<std::size_t>(after - ends.begin()) - 1);
    CHECK(log->error.has_value() == (*(after - 1) != size));
    if (log->error) {
      CHECK(log->error->kind == ErrorKind::malformed);
      CHECK(log->error->record == log->records.size());
    }
  }
}

TEST_CASE("a text list cut at every byte is whole only behind a line feed") {
  for (std::size_t size = 1; size < kAsciiSha1.size(); ++size) {
    CAPTURE(size);
    const auto log = read_whole("ima-ascii", as_bytes(kAsciiSha1.substr(0, size)));
    const auto lines = static_cast<std::size_t>(std::ranges::count(kAsciiSha1.substr(0, size), '\n'));
    CHECK(log->records.size() == lines);
    CHECK(log->error.has_value() == (kAsciiSha1[size - 1] != '\n'));
  }
}

TEST_CASE("pieces of any size give the same records") {
  const Bytes list = sha1_list();
  const auto whole = read_whole("ima", list);
  for (const std::size_t step : {1U, 7U, 100U}) {
    const auto slow = read_whole("ima", std::make_unique<SlowSource>(list, step));
    CHECK(*write_whole("ima", *slow, Raw::dropped) == list);
    CHECK(slow->records.size() == whole->records.size());
    const auto text = read_whole("ima-ascii", std::make_unique<SlowSource>(as_bytes(kAsciiSha1), step));
    CHECK(as_text(*write_whole("ima-ascii", *text, Raw::dropped)) == kAsciiSha1);
  }
}

TEST_CASE("every byte changed, taken away or added, and every four bytes set to FF") {
  const Bytes legacy = bytes_of({kLegacyEntry, kLegacyViolation, kCustomEntry});
  const Bytes kexec = bytes_of({kKexecHeader, kEntry1, kEntry2});
  for (const Bytes& sound : {sha1_list(), legacy, kexec, to_bytes(as_bytes(kAsciiSha1))}) {
    const std::string_view format = sound == to_bytes(as_bytes(kAsciiSha1)) ? "ima-ascii" : "ima";
    mrtool::testing::for_each_mutation(sound, sound.size(), [&](const mrtool::testing::Mutation& changed) {
      INFO(changed.kind, " at ", changed.at);
      check_error_or_round_trip(format, changed.bytes);
    });
    for (std::size_t at = 0; at < sound.size(); ++at) {
      CAPTURE(at);
      Bytes bytes = sound;
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::min<std::size_t>(4, bytes.size() - at),
                  std::uint8_t{0xFF});
      check_error_or_round_trip(format, bytes);
    }
  }
}

TEST_CASE("lengths beyond the limit are refused before anything is read for them") {
  ByteWriter out;
  out.bytes(*from_hex(kEntry1)).u32(10).fill(1, 20).u32(6).bytes(as_bytes("ima-ng")).u32(0xFFFFFFF0);
  const auto log = read_whole("ima", out.data());
  REQUIRE(log->error);
  CHECK(log->records.size() == 1);
  CHECK(log->error->message.find("at most") != std::string::npos);
}

TEST_CASE("a line of more than a record's bytes is refused") {
  std::string text(kAsciiSha1);
  text += "10 ";
  text.append(80 * 1024 * 1024, 'a');
  const auto log = read_whole("ima-ascii", as_bytes(text));
  REQUIRE(log->error);
  CHECK(log->error->kind == ErrorKind::malformed);
  CHECK(log->records.size() == 6);
}

TEST_CASE("a register beyond the PCRs is kept as an index that is none") {
  Bytes list = sha1_list();
  list[*borders({kEntry1}).rbegin()] = 99;
  const auto log = read_whole("ima", list);
  REQUIRE_FALSE(log->error);
  CHECK(log->records[1]->reg.kind == RegisterKind::invalid);
  CHECK(log->records[1]->raw_index == 99);
  CHECK(*write_whole("ima", *log, Raw::dropped) == list);
}

TEST_CASE("empty input is an empty list where the format is named, and is none where it is not") {
  CHECK_FALSE(read_whole("ima", Bytes{})->error);
  CHECK_FALSE(read_whole("ima-ascii", Bytes{})->error);
  CHECK_FALSE(detect_format({.prefix = {}, .complete = true}));
}

TEST_CASE("bytes that are no list") {
  CHECK(read_whole("ima", Bytes(100, 0xFF))->error);
  CHECK(read_whole("ima", Bytes(100, 0))->error);
  CHECK(read_whole("ima-ascii", as_bytes("hello\n"))->error);
  CHECK(read_whole("ima-ascii", as_bytes("10 0011 ima-ng x\n"))->error);
  CHECK(read_whole("ima-ascii", Bytes(100, 0))->error);
}

TEST_CASE("lines that are no entries") {
  constexpr std::string_view kDigest = "c8acbfa06c0d5bf7696db445ba8489fa2393c0d5";
  const auto error_behind = [](std::string_view line) {
    const auto log = read_whole("ima-ascii", as_bytes(fmt::format("{}{}\n", kAsciiSha1, line)));
    CHECK(log->records.size() == (log->error ? 6 : 7));
    return log->error.has_value();
  };
  CHECK(error_behind(""));
  CHECK(error_behind("0 1 2 3"));
  CHECK(error_behind(fmt::format("010 {} ima-ng sha1:00 x", kDigest)));
  CHECK(error_behind(fmt::format("-1 {} ima-ng sha1:00 x", kDigest)));
  CHECK(error_behind(fmt::format("4294967296 {} ima-ng sha1:00 x", kDigest)));
  CHECK(error_behind(fmt::format("10 {}00 ima-ng sha1:00 x", kDigest)));
  CHECK(error_behind(fmt::format("10 {} ima-ng", kDigest)));
  CHECK(error_behind(fmt::format("10 {} ima-ng sha1:00", kDigest)));
  CHECK(error_behind(fmt::format("10 {} ima-ng sha1:0g x", kDigest)));
  CHECK(error_behind(fmt::format("10 {} ima-ng 00 x", kDigest)));
  CHECK(error_behind(fmt::format("10 {} ima-sig sha1:00 x y", kDigest)));
  CHECK(error_behind(fmt::format("10 {} {} sha1:00 x", kDigest, std::string(256, 'a'))));
  CHECK_FALSE(error_behind(fmt::format(" 9 {} ima-ng sha1:00 x", kDigest)));
}

namespace {

// An ima-ng entry for a file of that name.
Bytes entry_of_file(std::string_view name) {
  ByteWriter data;
  data.u32(26).bytes(as_bytes("sha1:")).u8(0).fill(1, 20);
  data.u32(static_cast<std::uint32_t>(name.size() + 1)).bytes(as_bytes(name)).u8(0);
  ByteWriter list;
  list.u32(10).bytes(HashEngine().hash(HashAlgorithm::sha1, data.data()).view()).u32(6).bytes(as_bytes("ima-ng"));
  list.u32(static_cast<std::uint32_t>(data.data().size())).bytes(data.data());
  return list.take();
}

}  // namespace

TEST_CASE("a name with line feeds is one entry of a text where the digest says so") {
  // The second one imitates an entry of its own.
  const std::string_view forged =
      "a\n10 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-ng "
      "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 /usr/bin/hello";
  for (const std::string_view name : {std::string_view("a\nb"), std::string_view("\n\n"), forged}) {
    Bytes list = entry_of_file(name);
    const Bytes more = sha1_list();
    list.insert(list.end(), more.begin(), more.end());
    const auto log = read_whole("ima", list);
    REQUIRE_FALSE(log->error);
    const Bytes text = *write_whole("ima-ascii", *log, Raw::kept);
    for (const std::size_t step : {std::size_t{1}, text.size()}) {
      const auto again = read_whole("ima-ascii", std::make_unique<SlowSource>(text, step));
      REQUIRE_FALSE(again->error);
      CHECK(again->records.size() == 7);
      CHECK(again->diagnostics.has("V39"));
      CHECK(*write_whole("ima", *again, Raw::kept) == list);
      CHECK(*write_whole("ima-ascii", *again, Raw::dropped) == text);
    }
  }
}

TEST_CASE("a name with line feeds that no digest vouches for is carried by the binary form only") {
  const auto lost_in_text = [](const Bytes& list) {
    const auto log = read_whole("ima", list);
    REQUIRE_FALSE(log->error);
    const Record& record = *log->records[0];
    CHECK(find_format("ima")->carry(record, log->info, {}).carriage == Carriage::native);
    CHECK_FALSE(write_whole("ima-ascii", *log, Raw::kept));
    return find_format("ima-ascii")->carry(record, log->info, {}).carriage == Carriage::lost;
  };
  Bytes violation = entry_of_file("a\nb");
  std::fill_n(violation.begin() + 4, 20, std::uint8_t{0});
  CHECK(lost_in_text(violation));
  Bytes tampered = entry_of_file("a\nb");
  tampered[4] ^= 1;
  CHECK(lost_in_text(tampered));
  CHECK(lost_in_text(entry_of_file(std::string(100, '\n'))));
}

TEST_CASE("names with blanks, missing blanks and unaligned registers are written as they were") {
  const std::string text =
      "2 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-ng sha1:00112233 /tmp/#1 (deleted)\n"
      "10 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-sig sha1:00112233 /tmp/a\n"
      "10 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-modsig sha1:00112233 /tmp/a  sha1:0011 \n"
      "10 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-future what  ever\n";
  const auto log = read_whole("ima-ascii", as_bytes(text));
  REQUIRE_FALSE(log->error);
  for (const std::string_view code : {"V34", "V35", "V37", "T30"}) {
    CHECK_MESSAGE(log->diagnostics.has(code), code);
  }
  CHECK(as_text(*write_whole("ima-ascii", *log, Raw::dropped)) == text);
  CHECK(find_format("ima-ascii")->carry(*log->records[3], log->info, {}).carriage == Carriage::native);
  CHECK(find_format("ima")->carry(*log->records[3], log->info, {}).carriage == Carriage::lost);
}

TEST_CASE("what a list cannot hold of another log is lost") {
  const auto list = read_whole("ima", sha1_list());
  LogInfo other;
  other.format = "cel-tlv";
  const auto carried = [&other](const Record& record) {
    return find_format("ima")->carry(record, other, {.bank = HashAlgorithm::sha256});
  };
  Record record = *list->records[1];
  CHECK(carried(record).carriage == Carriage::native);
  record.content = ContentType::pcclient;
  CHECK(carried(record).field == "record");
  record = *list->records[1];
  record.reg = *parse_register("rtmr2");
  CHECK(carried(record).field == "register");
  record = *list->records[1];
  const Digest wrong = Digest::filled(20, 1);
  const std::vector<DigestEntry> digests{{.algorithm = HashAlgorithm::sha1, .value = wrong.view()}};
  record.digests = digests;
  CHECK(carried(record).field == "digest sha1");
  record = *list->records[1];
  record.name = as_bytes("ima");
  CHECK(carried(record).field == "data");
}
