// Logs of every format with one byte changed: nothing crashes, and a change to what was measured shows, as an error, a
// finding or another value. What may change unseen is listed, by its name in the log.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>

#include "formats/cel/test_log.hpp"
#include "formats/ima/test_log.hpp"
#include "formats/tcg/test_log.hpp"
#include "formats/test_mutation.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

struct Subject {
  std::string_view format;
  Bytes log;
  ReadOptions reading{};
  std::function<std::string(std::size_t at)> name;  // of what a byte is in
  std::set<std::string> unmeasured;                 // what may change unseen
};

constexpr std::size_t kPositions = 400;

void check_subject(const Subject& subject) {
  CAPTURE(subject.format);
  const auto sound_log = read_whole(subject.format, subject.log, subject.reading);
  REQUIRE_FALSE(sound_log->error);
  const Account sound = account_of(*sound_log);
  REQUIRE_FALSE(sound.values.empty());
  std::map<std::string, std::set<std::string>> unseen;
  for_each_mutation(subject.log, kPositions, [&](const Mutation& mutation) {
    const auto log = read_whole(subject.format, mutation.bytes, subject.reading);
    if (log->error) {
      REQUIRE(log->error->offset.value_or(0) <= mutation.bytes.size());
    }
    if (!shows(sound, account_of(*log))) {
      const std::string name = subject.name ? subject.name(mutation.at) : part_of(*sound_log, mutation.at);
      unseen[name].insert(fmt::format("{} at {}", mutation.kind, mutation.at));
    }
  });
  for (const auto& [name, changes] : unseen) {
    CHECK_MESSAGE(subject.unmeasured.contains(name), name, ": ", fmt::format("{}", fmt::join(changes, ", ")));
  }
  for (const std::string& name : subject.unmeasured) {
    CHECK_MESSAGE(unseen.contains(name), name, " is measured");
  }
}

Bytes bytes_of(const std::string& text) {
  return to_bytes(as_bytes(text));
}

// A text log whose bytes are named by the members of its JSON.
Subject json_subject(std::string_view format, const std::string& text, std::set<std::string> unmeasured) {
  return {.format = format,
          .log = bytes_of(text),
          .reading = {},
          .name = [text](std::size_t at) { return text[at] == '\x1e' ? "separator" : member_of(text, at); },
          .unmeasured = std::move(unmeasured)};
}

std::string line_at(const std::string& text, std::size_t at) {
  const std::size_t before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

// The frame of a TCG record begins with the register's index and the event's type, four bytes each.
Subject tcg_subject(std::string_view format, std::string_view hex, std::set<std::string> unmeasured) {
  Subject subject{
      .format = format, .log = *from_hex(hex), .reading = {}, .name = {}, .unmeasured = std::move(unmeasured)};
  const std::shared_ptr<WholeLog> log = read_whole(format, subject.log);
  subject.name = [log](std::size_t at) {
    std::string part = part_of(*log, at);
    for (const Record* record : log->records) {
      if (part == "frame" && at >= record->offset + 4 && at < record->offset + 8) {
        part = "event type";
      }
    }
    return part;
  };
  return subject;
}

// The tags that enclose a byte of a TLV, as "5.0": a tag of one byte, a length of four, big-endian. Of the records only
// the contents of PC client events (5) and IMA entries (7) are TLVs themselves.
std::string tlv_path(ByteView bytes, std::size_t at) {
  constexpr std::size_t kHead = 5;
  while (true) {
    ByteReader reader(bytes);
    const std::uint8_t tag = reader.u8();
    std::size_t size = 0;
    for (int i = 0; i < 4; ++i) {
      size = size << 8U | reader.u8();
    }
    if (at < kHead + size) {
      const bool nested = (tag == 5 || tag == 7) && at >= kHead;
      return std::to_string(tag) + (nested ? "." + tlv_path(bytes.subspan(kHead, size), at - kHead) : "");
    }
    bytes = bytes.subspan(kHead + size);
    at -= kHead + size;
  }
}

}  // namespace

TEST_CASE("TCG logs with a byte changed") {
  check_subject(tcg_subject("tcg2", tcg::testing::kVectorA, {"event type", "record that is not measured"}));
  check_subject(tcg_subject("tcg", tcg::testing::kVectorB, {"event type"}));
  check_subject(
      tcg_subject("ccel", tcg::testing::kVectorC, {"behind the records", "event type", "record that is not measured"}));
}

TEST_CASE("CEL logs with a byte changed") {
  using namespace cel::testing;
  const Bytes tlv = hex(std::string(kTlvA) + std::string(kTlvB) + std::string(kTlvC) + std::string(kTlvE));
  check_subject({.format = "cel-tlv",
                 .log = tlv,
                 .reading = {},
                 .name = [tlv](std::size_t at) { return tlv_path(tlv, at); },
                 // Record number; register and content of cel_version; event type; template name; that it is systemd's.
                 .unmeasured = {"0", "1", "4", "5.0", "7.0", "9"}});
  const Bytes cbor = hex("84" + std::string(kCborA) + std::string(kCborB) + std::string(kCborC) + std::string(kCborE));
  const std::shared_ptr<WholeLog> log = read_whole("cel-cbor", cbor);
  const std::size_t event_type = as_text(cbor).find("\x1a\x80") + 1;
  const auto name = [log, event_type](std::size_t at) -> std::string {
    if (at == 0) {
      return "array";
    }
    if (at >= event_type && at < event_type + 4) {
      return "event type";
    }
    const bool number =
        std::ranges::any_of(log->records, [at](const Record* record) { return at == record->offset + 2; });
    return number ? "record number" : part_of(*log, at);
  };
  check_subject({.format = "cel-cbor",
                 .log = cbor,
                 .reading = {},
                 .name = name,
                 .unmeasured = {"array", "event type", "name", "record number", "record that is not measured"}});
  check_subject(json_subject("cel-json", "[" + std::string(kJsonB) + ",\n" + std::string(kJsonC) + "]\n",
                             {"blank", "content.template_name", "recnum"}));
}

TEST_CASE("IMA lists with a byte changed") {
  check_subject(
      {.format = "ima", .log = ima::testing::sha1_list(), .reading = {}, .name = {}, .unmeasured = {"violation"}});
  const std::string text(ima::testing::kAsciiSha1);
  const std::shared_ptr<WholeLog> log = read_whole("ima-ascii", as_bytes(text));
  check_subject({.format = "ima-ascii",
                 .log = bytes_of(text),
                 .reading = {},
                 .name = [log](std::size_t at) { return part_of(*log, at); },
                 .unmeasured = {"violation"}});
}

TEST_CASE("text logs of registers with a byte changed") {
  HashEngine engine;
  const std::string zeros(64, '0');
  Digest value = Digest::filled(32, 0);
  std::string text = "# a comment\nSYNC sha256/" + zeros + "\n\n";
  engine.extend(HashAlgorithm::sha256, value,
                engine.hash(HashAlgorithm::sha256, as_bytes("SYNC sha256/" + zeros)).view());
  engine.extend(HashAlgorithm::sha256, value, engine.hash(HashAlgorithm::sha256, as_bytes("boot start")).view());
  engine.extend(HashAlgorithm::sha256, value, Digest::filled(32, 0x55).view());
  text += "boot start\n\n# .EXTEND " + std::string(64, '5') + "\n\nSYNC sha256/" + value.hex() +
          "\n\nmr_ima extend sha256/" + std::string(64, 'a') + "\nlast line\n";
  check_subject(
      {.format = "tsm",
       .log = bytes_of(text),
       .reading = {.bank = HashAlgorithm::sha256},
       .name = [text](std::size_t at) { return text[at] == '\n' ? "line feed" : line_at(text, at).substr(0, 4); },
       .unmeasured = {"line feed", "# a "}});
  const std::string agent = "INIT sha256/" + zeros + "\ndomain operation content\nimage-rs CreateContainer alpine\n";
  check_subject({.format = "aael",
                 .log = bytes_of(agent),
                 .reading = {},
                 .name = [agent](std::size_t at) { return line_at(agent, at); },
                 .unmeasured = {}});
}

TEST_CASE("logs of systemd with a byte changed") {
  const std::string phase =
      "\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"
      "\"51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed\"}],\"content_type\":\"systemd\",\"content\":"
      "{\"string\":\"enter-initrd\",\"bootId\":\"0123456789abcdef0123456789abcdef\",\"timestamp\":1234567,"
      "\"eventType\":\"phase\"}}\n";
  check_subject(json_subject("systemd", phase + phase,
                             {"separator", "blank", "content.bootId", "content.eventType", "content.timestamp"}));
}

TEST_CASE("carried logs with a byte changed") {
  using namespace ima::testing;
  const Bytes list = ima::testing::bytes_of({kEntry1, kEntry2, kEntry4, kEntry5});
  const auto log = read_whole("ima", list);
  const auto json = write_whole("json", *log, Raw::kept);
  REQUIRE(json);
  const std::string text(as_text(*json));
  const auto name = [text](std::size_t at) {
    const std::string member = member_of(text, at);
    return member.starts_with("records.") && member != "records.raw" ? "what is shown of records" : member;
  };
  check_subject({.format = "json",
                 .log = *json,
                 .reading = {},
                 .name = name,
                 .unmeasured = {"algorithms", "algorithms.size", "blank", "byte_order", "dialect", "platform",
                                "what is shown of records"}});
}
