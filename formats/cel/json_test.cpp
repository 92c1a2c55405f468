#include <doctest/doctest.h>

#include <filesystem>

#include "formats/cel/test_log.hpp"
#include "lib/base/json_text.hpp"
#include "lib/base/test_files.hpp"
#include "lib/content/content.hpp"
#include "lib/content/systemd_event.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::cel;
using namespace mrtool::cel::testing;
using namespace mrtool::testing;

namespace {

std::unique_ptr<WholeLog> read_text(std::string_view text) {
  return read_whole("cel-json", as_bytes(text));
}

std::string text_of(const Result<Bytes>& bytes) {
  REQUIRE_MESSAGE(bytes, (bytes ? "" : to_string(bytes.error())));
  return std::string(as_text(*bytes));
}

void check_both_ways(std::string_view text, std::size_t records) {
  CAPTURE(text);
  const auto log = read_text(text);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK(log->records.size() == records);
  CHECK(text_of(write_whole(*log, "cel-json", Raw::kept)) == text);
  CHECK(text_of(write_whole(*log, "cel-json", Raw::dropped)) == text);
}

std::string refusal(std::string_view text) {
  CAPTURE(text);
  const auto log = read_text(text);
  REQUIRE(log->error);
  CHECK(log->error->kind == ErrorKind::malformed);
  CHECK(log->error->offset);
  return log->error->message;
}

}  // namespace

TEST_SUITE("cel-json") {
  TEST_CASE("the worked examples are read and written byte for byte") {
    check_both_ways(kJsonB, 1);
    check_both_ways(kJsonC, 1);
    check_both_ways(kPcrlockH, 1);
    CHECK(read_text(kPcrlockH)->info.dialect == "pcrlock");
  }

  TEST_CASE("TLV and CBOR of the worked examples become the JSON of the worked examples, and the reverse") {
    for (const auto& [tlv, cbor, json] : {std::tuple(kTlvB, kCborB, kJsonB), std::tuple(kTlvC, kCborC, kJsonC)}) {
      const std::string expected = "[\n" + std::string(json) + "\n]\n";
      CHECK(text_of(write_whole(*read_whole("cel-tlv", hex(tlv)), "cel-json", Raw::dropped)) == expected);
      CHECK(text_of(write_whole(*read_whole("cel-cbor", hex(cbor)), "cel-json", Raw::dropped)) == expected);
      const auto log = read_text(json);
      CHECK(write_whole(*log, "cel-tlv", Raw::dropped, {.dialect = "libcel"}) == hex(tlv));
      CHECK(write_whole(*log, "cel-cbor", Raw::dropped) == hex(cbor));
    }
  }

  TEST_CASE("every shape and layout is written back") {
    check_both_ways("[]", 0);
    check_both_ways(" [ \n ] \n", 0);
    const std::string pretty =
        "[\n  {\n    \"pcr\": 3,\n    \"recnum\": 7,\n    \"content_type\": 254,\n"
        "    \"digests\": [],\n    \"content\": \"ABCD\"\n  }\n]\n";
    check_both_ways(pretty, 1);
    check_both_ways("{\"records\":[" + std::string(kJsonB) + " , " + std::string(kJsonC) + "]}\n", 2);
    check_both_ways(std::string(kJsonB) + "\n" + std::string(kJsonC) + "\n", 2);
    check_both_ways("\x1e" + std::string(kJsonB) + "\n\x1e" + std::string(kJsonC) + "\n", 2);
  }

  TEST_CASE("trailing commas are taken, said and kept") {
    const std::string lax =
        "[{\"pcr\":0,\"recnum\":0,\"digests\":[],\"content_type\":\"cel\","
        "\"content\":{\"type\":\"firmware_end\",},},]";
    check_both_ways(lax, 1);
    CHECK(read_text(lax)->diagnostics.has("T42"));
  }

  TEST_CASE("register keys") {
    const auto reg = [](std::string_view index) {
      const auto log = read_text("{" + std::string(index) + ",\"recnum\":0,\"digests\":[]}");
      REQUIRE(log->records.size() == 1);
      return to_string((*log)[0].reg);
    };
    CHECK(reg("\"pcr\":7") == "pcr7");
    CHECK(reg("\"nv_index\":29360128") == "nv:0x01c00000");
    CHECK(reg("\"ccmr\":4") == "rtmr3");
    CHECK(reg("\"rtmr\":3") == "rtmr3");
    CHECK(reg("\"mr\":\"mr:mr_ima@rtmr3\"") == "mr:mr_ima@rtmr3");
    CHECK(refusal("{\"recnum\":0,\"digests\":[]}").find("found none") != std::string::npos);
    CHECK(refusal("{\"pcr\":0,\"rtmr\":0,\"digests\":[]}").find("found two") != std::string::npos);
    CHECK(refusal("{\"pcr\":4294967296,\"digests\":[]}").find("32 bits") != std::string::npos);
  }

  TEST_CASE("hostile text is refused with its position") {
    CHECK(refusal("[{\"pcr\":0,\"pcr\":0,\"digests\":[]}]").find("twice") != std::string::npos);
    CHECK(refusal("[{\"pcr\":-1,\"digests\":[]}]").find("32 bits") != std::string::npos);
    CHECK(refusal("[{\"pcr\":1,\"recnum\":18446744073709551616,\"digests\":[]}]").find("64 bits") != std::string::npos);
    CHECK(refusal("[{\"pcr\":1,\"digests\":[]}").find("expected") != std::string::npos);
    refusal("[{\"pcr\":1,\"digests\":[]},5]");
    refusal("[{\"pcr\":1,\"x\":" + std::string(1000, '[') + std::string(1000, ']') + "}]");
    refusal("[{\"pcr\":1,\"digests\":[],\"x\":\"\xff\"}]");
    CHECK_FALSE(read_text("")->error);
    const auto second = read_text("[" + std::string(kJsonB) + ",{\"pcr\":true}]");
    REQUIRE(second->error);
    CHECK(second->records.size() == 1);
    CHECK(second->error->record == 1);
  }

  TEST_CASE("a log cut at any byte gives the records before the cut") {
    const std::string text = "[" + std::string(kJsonB) + "," + std::string(kJsonC) + "]";
    for (std::size_t size = 1; size < text.size(); ++size) {
      const auto log = read_text(std::string_view(text).substr(0, size));
      CHECK(log->error);
      const std::size_t whole = (size >= 1 + kJsonB.size() ? 1U : 0U) + (size == text.size() - 1 ? 1U : 0U);
      CHECK(log->records.size() == whole);
    }
  }

  TEST_CASE("contents without bytes of their own go through TLV and CBOR and come back") {
    const auto log = read_text(R"([{"pcr":1,"recnum":0,"digests":[],"content_type":"tss2","content":{"data":"00"}},)"
                               R"({"pcr":1,"recnum":1,"digests":[]}])");
    REQUIRE(log->records.size() == 2);
    for (const std::string_view format : {"cel-tlv", "cel-cbor"}) {
      const auto bytes = write_whole(*log, format, Raw::dropped);
      REQUIRE(bytes);
      const auto back = read_whole(format, *bytes);
      REQUIRE(back->records.size() == 2);
      CHECK(same_event((*log)[0], (*back)[0]));
      CHECK(same_event((*log)[1], (*back)[1]));
    }
  }

  TEST_CASE("systemd's object survives in JSON and is a declared loss elsewhere") {
    const std::string text =
        R"([{"pcr":11,"digests":[{"hashAlg":"sha256","digest":"51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed"}],)"
        R"("content_type":"systemd","content":{"string":"enter-initrd","bootId":"0123456789abcdef0123456789abcdef",)"
        R"("timestamp":1234567,"eventType":"phase"}}])";
    check_both_ways(text, 1);
    const auto log = read_text(text);
    const Record& record = (*log)[0];
    CHECK(as_text(record.name) == "phase");
    CHECK(decode(record, log->info).find("timestamp") != nullptr);
    CHECK(find_format("cel-json")->carry(record, log->info, {}).carriage == Carriage::native);
    CHECK(find_format("cel-tlv")->carry(record, log->info, {}).carriage == Carriage::lost);
    CHECK(write_whole(*log, "cel-cbor", Raw::dropped) == hex(kCborE));
  }

  TEST_CASE("who writes no record again reads the same records, and what systemd says") {
    const std::string text =
        "[" + std::string(kJsonB) +
        R"(,{"pcr":11,"digests":[],"content_type":"systemd","content":{"string":"a","eventType":"phase"}}])";
    const auto log = read_text(text);
    const auto spare = read_whole("cel-json", as_bytes(text), {.keeps_layout = false});
    REQUIRE(spare->records.size() == 2);
    CHECK(same_event((*log)[0], (*spare)[0]));
    CHECK((*log)[0].extras != nullptr);
    CHECK((*spare)[0].extras == nullptr);
    CHECK(same_event((*log)[1], (*spare)[1]));
    REQUIRE(systemd_event((*spare)[1]) != nullptr);
    CHECK(*systemd_event((*spare)[1]) == *systemd_event((*log)[1]));
  }

  TEST_CASE("libcel's bad samples: framing and required members are refused, a payload alone is shown") {
    if (!has_corpus("cel")) {
      return;
    }
    std::string all;
    for (const char* name : {"bad_cel", "bad_digests", "bad_event", "bad_pcclient"}) {
      const Bytes bytes = read_test_file(kCorpus / "cel" / (std::string("libcel-") + name + ".json"));
      // As a log, each is one object without an index.
      CHECK(refusal(as_text(bytes)).find("expected") == 0);
      std::string text(as_text(bytes));
      // The one sample with a comma behind its last member.
      if (const auto comma = text.rfind("},\n\n}"); comma != std::string::npos) {
        text[comma + 1] = ' ';
      }
      const auto members = parse_json_text(as_bytes(text));
      REQUIRE(members);
      for (const auto& [member, record] : members->items()) {
        const auto log = read_text(to_text(record));
        all += std::string(name) + "/" + member + ": " +
               (log->error                    ? log->error->message
                : log->diagnostics.has("T44") ? "shown, T44"
                                              : "shown") +
               "\n";
      }
    }
    // All but one lack a member that their form requires, or have it in another kind. A private content of another form
    // than digits is payload.
    CHECK(all == R"(bad_cel/missing_type: expected a "type" in a management note, found none
bad_cel/large_type: expected the name or number of a management note, found 256
bad_cel/bad_type_type: expected the name or number of a management note, found []
bad_cel/bad_type_string: expected the name or number of a management note, found "bad"
bad_cel/missing_data: expected "major" and "minor" in cel_version, found something else
bad_cel/bad_type: expected the name or number of a management note, found 255
bad_cel/bad_content: expected a "type" in a management note, found none
bad_cel/bad_type_multi: expected the name or number of a management note, found "bad"
bad_digests/not_array: expected an array of at most 16 digests, found something else
bad_digests/not_object: expected the name or number of a hash algorithm in "hashAlg", found something else
bad_digests/bad_hashalg_type: expected the name or number of a hash algorithm in "hashAlg", found something else
bad_digests/bad_hashalg_value: expected hexadecimal digits in "digest", found something else
bad_digests/bad_hashalg_string: expected the name or number of a hash algorithm in "hashAlg", found something else
bad_digests/bad_digest_len: expected 32 bytes in hexadecimal of sha256 in "digest", found something else
bad_digests/digest_not_hex: expected 20 bytes in hexadecimal of sha1 in "digest", found something else
bad_digests/missing_digest: expected 20 bytes in hexadecimal of sha1 in "digest", found something else
bad_digests/bad_digest_type: expected 20 bytes in hexadecimal of sha1 in "digest", found something else
bad_digests/missing_hashalg: expected the name or number of a hash algorithm in "hashAlg", found something else
bad_digests/large_hashalg: expected the name or number of a hash algorithm in "hashAlg", found something else
bad_event/missing_type: expected digests or a content in a record, found neither
bad_event/large_type: expected "content_type" and "content", found one of them only
bad_event/bad_type_type: expected "content_type" and "content", found one of them only
bad_event/missing_content: expected "content_type" and "content", found one of them only
bad_event/bad_type_str: expected "content_type" and "content", found one of them only
bad_event/bad_type: shown, T44
bad_pcclient/missing_type: expected the name or number of an event type in "event_type", found something else
bad_pcclient/large_type: expected the name or number of an event type in "event_type", found something else
bad_pcclient/bad_type_str: expected the name or number of an event type in "event_type", found something else
bad_pcclient/bad_type_type: expected the name or number of an event type in "event_type", found something else
bad_pcclient/missing_data: expected hexadecimal digits in "event_data", found something else
bad_pcclient/bad_data_type: expected hexadecimal digits in "event_data", found something else
bad_pcclient/bad_hex: expected hexadecimal digits in "event_data", found something else
)");
  }
}
