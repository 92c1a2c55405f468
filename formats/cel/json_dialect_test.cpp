// CEL-JSON as others spell it.
#include <doctest/doctest.h>

#include <tuple>

#include "formats/cel/test_log.hpp"
#include "lib/base/json_text.hpp"

using namespace mrtool;
using namespace mrtool::cel::testing;
using namespace mrtool::testing;

namespace {

std::string written(const WholeLog& log, std::string_view dialect) {
  const auto bytes = write_whole(log, "cel-json", Raw::dropped, {.dialect = std::string(dialect)});
  REQUIRE_MESSAGE(bytes, (bytes ? "" : to_string(bytes.error())));
  return std::string(as_text(*bytes));
}

std::string written(std::string_view tlv, std::string_view dialect) {
  return written(*read_whole("cel-tlv", hex(tlv)), dialect);
}

Carriage carriage(const Record& record, const LogInfo& info, std::string_view dialect) {
  return find_format("cel-json")->carry(record, info, {.dialect = std::string(dialect)}).carriage;
}

// The worked example D, in CCMR 4.
constexpr std::string_view kRtmr =
    "000000000800000000000000006c000000010403000000350c00000030b23c2e"
    "355fed5cbfd41174c006527b64eab58fb04a64ec32b364d6af1c222d35842e61"
    "128e391f22f327841925e942a5500000001600000000116578616d706c652e63"
    "6f6d2f6170703a31";

std::string json_log(std::string_view content_type, std::string_view content) {
  return R"([{"recnum": 0, "pcr": 4, "digests": [{"hashAlg": "sha1", "digest": ")" + std::string(40, 'a') +
         R"("}], "content_type": ")" + std::string(content_type) + R"(", "content": )" + std::string(content) + "}]";
}

}  // namespace

TEST_SUITE("dialects of cel-json") {
  TEST_CASE("pcrlock: the worked example H, and what it does not hold") {
    // H has the digest of sha256 only.
    std::string expected(kPcrlockH);
    auto log = read_whole("cel-json", as_bytes(kPcrlockH));
    REQUIRE(log->records.size() == 1);
    CHECK(log->info.dialect == "pcrlock");
    log->info.dialect = "spec";  // so that it is laid out anew
    CHECK(written(*log, "pcrlock") == "[\n" + expected.substr(1, expected.rfind(']') - 1) + "\n]\n");

    const auto two = read_whole("cel-json", as_bytes("[" + std::string(kJsonC) + "," + std::string(kJsonB) + "]"));
    const JsonText document = *parse_json_text(as_bytes(written(*two, "pcrlock")));
    CHECK(document[0]["recnum"] == 1);
    CHECK(document[1]["recnum"] == 2);

    const auto note = read_whole("cel-tlv", hex(kTlvA));
    CHECK(carriage((*note)[0], note->info, "pcrlock") == Carriage::lost);
    CHECK(carriage((*note)[0], note->info, "spec") == Carriage::native);
    const auto rtmr = read_whole("cel-tlv", hex(kRtmr));
    CHECK(carriage((*rtmr)[0], rtmr->info, "pcrlock") == Carriage::lost);
    CHECK(carriage((*rtmr)[0], rtmr->info, "libcel") == Carriage::lost);
    CHECK(carriage((*rtmr)[0], rtmr->info, "spec") == Carriage::native);
  }

  TEST_CASE("event types without a name are numbers, for pcrlock in a string") {
    const auto log =
        read_whole("cel-json", as_bytes(json_log("pcclient_std", R"({"event_type": 4660, "event_data": "00"})")));
    CHECK(written(*log, "spec").contains(R"("event_type": 4660,)"));
    CHECK(written(*log, "fapi").contains(R"("event_type": 4660,)"));
    CHECK(written(*log, "pcrlock").contains(R"("event_type":"4660",)"));
  }

  TEST_CASE("FAPI: upper case, wrapped notes, few contents, and PCRs only") {
    CHECK(written(kTlvB, "fapi").contains("\"EV_EFI_ACTION\""));
    CHECK(written(kTlvB, "spec").contains("\"ev_efi_action\""));
    const auto notes = read_whole("cel-json", as_bytes(json_log("cel", R"([{"type": "firmware_end"},
        {"type": "cel_timestamp", "data": 5}])")));
    const std::string text = written(*notes, "fapi");
    CHECK(text.contains(R"({"type": "firmware_end", "data": {}})"));
    CHECK(text.contains(R"({"type": "cel_timestamp", "data": {"cel_timestamp": 5}})"));
    CHECK(equal((*read_whole("cel-json", as_bytes(text)))[0].data, (*notes)[0].data));

    const auto carries = [](std::string_view type, std::string_view content) {
      const auto log = read_whole("cel-json", as_bytes(json_log(type, content)));
      REQUIRE(log->records.size() == 1);
      return carriage((*log)[0], log->info, "fapi") == Carriage::native;
    };
    CHECK(carries("ima_template", R"({"template_name": "ima-ng", "template_data": "00"})"));
    CHECK_FALSE(carries("ima_template", R"({"template_name": "ima-buf", "template_data": "00"})"));
    CHECK(carries("tss2", R"({"data": "00"})"));
    CHECK_FALSE(carries("other", R"({"data": "00"})"));
    CHECK_FALSE(carries("systemd", R"({"string": "a"})"));
  }

  TEST_CASE("what a dialect has no name for is lost, and left out where that is allowed") {
    const auto log = read_whole(
        "cel-json", as_bytes(R"([{"pcr": 1, "recnum": 0, "digests": [{"hashAlg": 4661, "digest": "00"}], )"
                             R"("content_type": "pcclient_std", "content": {"event_type": 4, "event_data": ""}}])"));
    REQUIRE(log->records.size() == 1);
    CHECK(find_format("cel-json")->carry((*log)[0], log->info, {.dialect = "fapi"}).field == "digest 0x1235");
    CHECK(written(*log, "fapi").contains(R"("digests": [])"));
    CHECK(carriage((*log)[0], log->info, "spec") == Carriage::native);
    CHECK(written(*log, "spec").contains("4661"));
  }

  TEST_CASE("every dialect is read back as what was written") {
    const auto log = read_whole("cel-json", as_bytes("[" + std::string(kJsonB) + "," + std::string(kJsonC) + "]"));
    for (const std::string_view dialect : find_format("cel-json")->dialects) {
      CAPTURE(dialect);
      const std::string text = written(*log, dialect);
      const auto again = read_whole("cel-json", as_bytes(text));
      CHECK_FALSE(again->error);
      REQUIRE(again->records.size() == 2);
      for (std::size_t i = 0; i < 2; ++i) {
        const Record& a = (*log)[i];
        const Record& b = (*again)[i];
        CHECK(a.reg == b.reg);
        CHECK(a.type == b.type);
        CHECK(equal(a.name, b.name));
        CHECK(equal(a.data, b.data));
        CHECK(std::ranges::equal(a.digests, b.digests, [](const DigestEntry& one, const DigestEntry& other) {
          return one.algorithm == other.algorithm && equal(one.value, other.value);
        }));
      }
      CHECK(std::string(as_text(*write_whole(*again, "cel-json", Raw::kept))) == text);
    }
  }

  TEST_CASE("libcel's key for systemd's event type") {
    const auto log =
        read_whole("cel-json", as_bytes(json_log("systemd", R"({"string": "enter-initrd", "eventType": "phase"})")));
    CHECK(written(*log, "libcel").contains(R"("event_type":"phase")"));
    CHECK(written(*log, "spec").contains(R"("eventType":"phase")"));
    const auto back = read_whole("cel-json", as_bytes(written(*log, "libcel")));
    CHECK(as_text((*back)[0].name) == "phase");
  }

  TEST_CASE("named content is JSON where it reads back as that, and else bytes") {
    Record record;
    record.reg = {.kind = RegisterKind::pcr, .index = 1, .name = {}, .provider = {}, .carrier = {}};
    record.content = ContentType::unknown;
    LogInfo info;
    info.format = "other";
    for (const auto& [name, data, is_json] : std::vector<std::tuple<std::string_view, std::string_view, bool>>{
             {"other", R"({"a":1})", true},
             {"other", "null", true},
             {"254", R"({"a":1})", true},
             {"other", R"({"a": 1})", false},  // the reader keeps no blanks
             {"other", "text", false},
             {"other", "", false},
             {"cel", R"({"type":"firmware_end"})", false},  // would be a note
             {"254", R"("aa")", false},                     // would be bytes
             {"3", R"({"a":1})", false},                    // no content has that number
             {"a\xFF", "1", false}}) {
      CAPTURE(name);
      CAPTURE(data);
      record.name = as_bytes(name);
      record.data = as_bytes(data);
      WholeLog log;
      log.info = info;
      log.records = {&record};
      const std::string text = written(log, "");
      CHECK(text.contains(R"("content_type": 226)") != is_json);
      const auto again = read_whole("cel-json", as_bytes(text));
      REQUIRE(again->records.size() == 1);
      CHECK((*again)[0].content == ContentType::unknown);
      CHECK(as_text((*again)[0].name) == name);
      CHECK(as_text((*again)[0].data) == data);
    }
  }

  TEST_CASE("content that would begin to extend, or cease to, is lost") {
    const std::string sha1(20, 'a');
    const DigestEntry digest{.algorithm = HashAlgorithm::sha1, .value = as_bytes(sha1)};
    Record record;
    record.reg = {.kind = RegisterKind::pcr, .index = 1, .name = {}, .provider = {}, .carrier = {}};
    record.content = ContentType::unknown;
    record.name = as_bytes("other");
    record.digests = {&digest, 1};
    for (const std::string_view format : {"cel-tlv", "cel-cbor", "cel-json"}) {
      CAPTURE(format);
      const FormatRow& row = *find_format(format);
      record.extends = true;
      CHECK(row.carry(record, {}, {}).carriage != Carriage::lost);
      record.extends = false;
      CHECK(row.carry(record, {}, {}).field == "record");
      record.digests = {};
      CHECK(row.carry(record, {}, {}).carriage != Carriage::lost);
      record.digests = {&digest, 1};
    }
  }
}
