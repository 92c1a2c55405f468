#include <doctest/doctest.h>

#include "formats/cel/cbor_cursor.hpp"
#include "formats/cel/test_log.hpp"
#include "lib/crypto/hash.hpp"

using namespace mrtool;
using namespace mrtool::cel;
using namespace mrtool::cel::testing;

namespace {

std::string refusal(std::string_view digits) {
  CAPTURE(digits);
  const auto log = read_whole("cel-cbor", hex(digits));
  REQUIRE(log->error);
  CHECK(log->error->kind == ErrorKind::malformed);
  return log->error->message;
}

void check_both_ways(const Bytes& bytes, std::size_t records) {
  const auto log = read_whole("cel-cbor", bytes);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK(log->records.size() == records);
  CHECK(write_whole(*log, "cel-cbor", Raw::kept) == bytes);
  CHECK(write_whole(*log, "cel-cbor", Raw::dropped) == bytes);
}

const std::string kSequence = std::string(kCborA) + std::string(kCborB) + std::string(kCborC);

}  // namespace

TEST_SUITE("cel-cbor") {
  TEST_CASE("the worked examples are read and written byte for byte, as an array and as a sequence") {
    const Bytes array = hex("83" + kSequence);
    HashEngine engine;
    CHECK(engine.hash(HashAlgorithm::sha256, array).hex() ==
          "171d47ecb5da8e780d7e8892436a744a33e61d026aef860eed02621a87074b8d");
    check_both_ways(array, 3);
    check_both_ways(hex(kSequence), 3);
    check_both_ways(hex(kCborE), 1);
    check_both_ways(hex("80"), 0);
    check_both_ways(hex("9f" + std::string(kCborA) + "ff"), 1);
  }

  TEST_CASE("TLV becomes the CBOR of the worked examples, and the reverse") {
    const Bytes tlv = hex(std::string(kTlvA) + std::string(kTlvB) + std::string(kTlvC));
    HashEngine engine;
    CHECK(engine.hash(HashAlgorithm::sha256, tlv).hex() ==
          "8db0f32ef525583c8966310525a8091cc339f4ead4ce98b787a1a950de701be7");
    const auto log = read_whole("cel-tlv", tlv);
    CHECK(write_whole(*log, "cel-cbor", Raw::dropped) == hex(kSequence));
    CHECK(write_whole(*log, "cel-cbor", Raw::dropped, {.dialect = "array"}) == hex("83" + kSequence));
    const auto back = read_whole("cel-cbor", hex("83" + kSequence));
    CHECK(write_whole(*back, "cel-tlv", Raw::dropped, {.dialect = "libcel"}) == tlv);
    CHECK(write_whole(*back, "cel-cbor", Raw::dropped, {.dialect = "sequence"}) == hex(kSequence));
  }

  TEST_CASE("a log cut at any byte is an error unless it is cut between records of a sequence") {
    const Bytes bytes = hex(kSequence);
    const std::size_t first = hex(kCborA).size();
    const std::size_t second = first + hex(kCborB).size();
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      CAPTURE(size);
      const auto log = read_whole("cel-cbor", ByteView(bytes).first(size));
      const bool between = size == 0 || size == first || size == second || size == bytes.size();
      CHECK(log->error.has_value() != between);
    }
  }

  TEST_CASE("pieces of one byte give the same records") {
    const Bytes bytes = hex("83" + kSequence);
    const auto whole = read_whole("cel-cbor", bytes);
    const auto slow = read_whole("cel-cbor", std::make_unique<SlowSource>(bytes, 1));
    REQUIRE(slow->records.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(same_event((*whole)[i], (*slow)[i]));
    }
  }

  TEST_CASE("huge counts and lengths cost nothing and are refused") {
    CHECK(refusal("9bffffffffffffffff").find("more records") != std::string::npos);
    CHECK(refusal("bbffffffffffffffff").find("bytes") != std::string::npos);
    CHECK(refusal("81a5000001000380090a0a5bffffffffffffffff").find("at most") != std::string::npos);
    CHECK(refusal("81a500000100039bffffffffffffffff").find("before the end") != std::string::npos);
    CHECK(refusal("81a5000001000380090a0a" + std::string(200, '8')).find("expected") != std::string::npos);
    std::string deep;
    for (int i = 0; i < 100; ++i) {
      deep += "81";
    }
    CHECK(refusal("81a5000001000380090a0a" + deep + "00").find("nesting") != std::string::npos);
  }

  TEST_CASE("missing and doubled members are refused") {
    CHECK(refusal("81a500000100038009040a").find("before the end") != std::string::npos);
    CHECK(refusal("81a3000001000380").find("found less") != std::string::npos);
    CHECK(refusal("81a60000000001000380090a0a40").find("once") != std::string::npos);
    CHECK(refusal("81a6000001000200038009"
                  "0a0a40")
              .find("another") != std::string::npos);
    CHECK(refusal("81a50000010003"
                  "81a2000b0141ff"
                  "090a0a40")
              .find("32 bytes of a sha256") != std::string::npos);
    CHECK(refusal("00").find("array of records") != std::string::npos);
    CHECK(refusal("8000").find("end of the log") != std::string::npos);
  }

  TEST_CASE("a content type that is the number of a field is refused") {
    CHECK(refusal("a500000100038009030a40").find("from 4 to 255") != std::string::npos);
    CHECK(refusal("a50000010003800919ffff0a40").find("from 4 to 255") != std::string::npos);
  }

  TEST_CASE("indefinite lengths, other orders and unknown members are read and said") {
    const auto log = read_whole("cel-cbor", hex("bf"
                                                "0a"
                                                "5f41aa41bbff"
                                                "09"
                                                "18fe"
                                                "03"
                                                "9fff"
                                                "01"
                                                "1800"
                                                "00"
                                                "00"
                                                "186341ff"
                                                "ff"));
    CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
    REQUIRE(log->records.size() == 1);
    CHECK(to_hex((*log)[0].data) == "aabb");
    CHECK((*log)[0].type == 0xFE);
    CHECK(log->diagnostics.has("V47"));
  }

  TEST_CASE("tags of every length are read, wherever they are, and said") {
    for (const std::string tag : {"c0", "d2", "d7", "d818", "d9d9f7", "da00010000", "db0000000100000000", "d2d2c1"}) {
      CAPTURE(tag);
      const std::string record = tag + "a5" + tag + "00" + tag + "00" + "01" + tag + "00" + "03" + tag + "80" + "09" +
                                 tag + "05" + "0a" + tag + "a200" + tag + "0301" + tag + "41aa";
      const auto log = read_whole("cel-cbor", hex("81" + record));
      CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
      REQUIRE(log->records.size() == 1);
      CHECK((*log)[0].type == 3);
      CHECK(to_hex((*log)[0].data) == "aa");
      CHECK(log->diagnostics.has("V47"));
      CHECK(write_whole(*log, "cel-cbor", Raw::kept) == hex("81" + record));
    }
    CHECK(refusal("81a5000001000380090a0ad2").find("before the end") != std::string::npos);
  }

  TEST_CASE("content in another form than its type prescribes is kept as it is, with an error") {
    const Bytes bytes =
        hex("a5000001000380"
            "0905"
            "0a"
            "a10001");
    check_both_ways(bytes, 1);
    const auto log = read_whole("cel-cbor", bytes);
    CHECK(log->diagnostics.has("T44"));
    CHECK((*log)[0].content == ContentType::unknown);
  }

  TEST_CASE("an event type given by its name is written back as a name") {
    const Bytes bytes =
        hex("a5000001000380"
            "0905"
            "0a"
            "a2006c45565f4e4f5f414354494f4e0141aa");
    check_both_ways(bytes, 1);
    CHECK((*read_whole("cel-cbor", bytes))[0].type == 3);
  }
}
