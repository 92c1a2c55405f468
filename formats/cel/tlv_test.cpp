#include <doctest/doctest.h>

#include "formats/cel/carry.hpp"
#include "formats/cel/test_log.hpp"
#include "lib/content/content.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;
using namespace mrtool::cel;
using namespace mrtool::cel::testing;

namespace {

Bytes joined(std::initializer_list<std::string_view> parts) {
  Bytes all;
  for (const std::string_view part : parts) {
    const Bytes bytes = hex(part);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

void check_both_ways(const Bytes& bytes, std::string_view dialect) {
  const auto log = read_whole("cel-tlv", bytes);
  CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
  CHECK(log->info.dialect == dialect);
  CHECK(write_whole(*log, "cel-tlv", Raw::kept) == bytes);
  CHECK(write_whole(*log, "cel-tlv", Raw::dropped) == bytes);
}

Check check_of(const WholeLog& log, std::size_t record) {
  HashEngine engine;
  const Judgement judgement = judge(log[record], log.info, engine);
  REQUIRE_FALSE(judgement.digests.empty());
  return judgement.digests.front().check;
}

std::string error_of(const Bytes& bytes) {
  const auto log = read_whole("cel-tlv", bytes);
  REQUIRE(log->error);
  CHECK(log->error->kind == ErrorKind::malformed);
  return log->error->message;
}

}  // namespace

TEST_SUITE("cel-tlv") {
  TEST_CASE("the worked examples are read and written byte for byte, in their dialects") {
    check_both_ways(joined({kTlvA, kTlvB, kTlvC}), "libcel");
    check_both_ways(hex(kGoogleA), "google");
    check_both_ways(hex(kSaffordB), "safford");
    check_both_ways(hex(kGooglePcrD), "google");
    check_both_ways(hex(kGoogleCcmrD), "google");
    check_both_ways(hex(kTlvE), "libcel");
    check_both_ways(hex(kGoogleG), "google");
  }

  TEST_CASE("a dialect that is asked for is written whatever the log had") {
    const auto log = read_whole("cel-tlv", hex(kTlvA));
    CHECK(write_whole(*log, "cel-tlv", Raw::dropped, {.dialect = "google"}) == hex(kGoogleA));
    const auto safford = read_whole("cel-tlv", hex(kTlvB));
    CHECK(write_whole(*safford, "cel-tlv", Raw::dropped, {.dialect = "safford"}) == hex(kSaffordB));
    const auto google = read_whole("cel-tlv", hex(kSaffordB));
    CHECK(write_whole(*google, "cel-tlv", Raw::dropped, {.dialect = "libcel"}) == hex(kTlvB));
  }

  TEST_CASE("the fields of each content") {
    const auto log = read_whole("cel-tlv", joined({kTlvA, kTlvB, kTlvC, kTlvE, kGoogleCcmrD, kGoogleG}));
    REQUIRE(log->records.size() == 7);
    CHECK((*log)[0].content == ContentType::cel_management);
    CHECK_FALSE((*log)[0].extends);
    CHECK(decode((*log)[0], log->info).summary == "CEL version 1.0");
    CHECK((*log)[1].content == ContentType::pcclient);
    CHECK((*log)[1].type == 0x80000007);
    CHECK(as_text((*log)[1].data) == "Calling EFI Application from Boot Option");
    CHECK((*log)[2].content == ContentType::ima_template);
    CHECK(as_text((*log)[2].name) == "ima-ng");
    CHECK((*log)[2].stated_number == 1);
    CHECK((*log)[3].content == ContentType::systemd);
    CHECK(as_text((*log)[3].data) == "enter-initrd");
    CHECK((*log)[4].content == ContentType::cos);
    CHECK(to_string((*log)[4].reg) == "rtmr3");
    CHECK(decode((*log)[4], log->info).summary == "image_ref: example.com/app:1");
    CHECK(decode((*log)[5], log->info).summary == "launch phase ended");
    CHECK((*log)[6].content == ContentType::tsm);
    CHECK((*log)[6].type == static_cast<std::uint32_t>(TsmLine::record));
    for (std::size_t i = 1; i < 7; ++i) {
      CAPTURE(i);
      CHECK(check_of(*log, i) == Check::matches);
    }
    CHECK(log->diagnostics.has("V43"));
  }

  TEST_CASE("an ima_tlv digest covers the whole content element") {
    Bytes bytes =
        hex("0000000001000100000001"
            "0a03000000250b00000020");
    const Bytes digest = hex(kDigestF);
    const Bytes content = hex(kContentF);
    bytes.insert(bytes.end(), digest.begin(), digest.end());
    bytes.insert(bytes.end(), content.begin(), content.end());
    const auto log = read_whole("cel-tlv", bytes);
    REQUIRE(log->records.size() == 1);
    CHECK((*log)[0].content == ContentType::ima_tlv);
    CHECK(check_of(*log, 0) == Check::matches);
    CHECK(decode((*log)[0], log->info).summary == "/usr/bin/hello");
    CHECK(write_whole(*log, "cel-tlv", Raw::dropped) == bytes);
    bytes.back() ^= 1;
    CHECK(check_of(*read_whole("cel-tlv", bytes), 0) == Check::differs);
  }

  TEST_CASE("a log cut at any byte is an error unless it is cut between records") {
    const Bytes bytes = joined({kTlvA, kTlvB, kGoogleCcmrD});
    const std::vector<std::size_t> ends{0, hex(kTlvA).size(), hex(kTlvA).size() + hex(kTlvB).size(), bytes.size() - 87,
                                        bytes.size()};
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      CAPTURE(size);
      const auto log = read_whole("cel-tlv", ByteView(bytes).first(size));
      const auto end = std::ranges::find(ends, size);
      CHECK(log->error.has_value() == (end == ends.end()));
      if (end != ends.end()) {
        CHECK(log->records.size() == static_cast<std::size_t>(end - ends.begin()));
      }
    }
  }

  TEST_CASE("pieces of one byte give the same records") {
    const Bytes bytes = joined({kTlvA, kTlvB, kTlvC, kGoogleCcmrD});
    const auto whole = read_whole("cel-tlv", bytes);
    const auto slow = read_whole("cel-tlv", std::make_unique<SlowSource>(bytes, 1));
    REQUIRE(slow->records.size() == whole->records.size());
    for (std::size_t i = 0; i < whole->records.size(); ++i) {
      CHECK(same_event((*whole)[i], (*slow)[i]));
      CHECK(equal((*whole)[i].raw, (*slow)[i].raw));
    }
  }

  TEST_CASE("damaged framing is refused with what was expected") {
    CHECK(error_of(hex("0000000000")).find("record of at least") != std::string::npos);
    CHECK(error_of(hex("0000000000010000000100030000000004"
                       "00000000"))
              .find("one to eight bytes") != std::string::npos);
    CHECK(error_of(hex("0000000001000100000000030000000004"
                       "00000000"))
              .find("one to eight bytes") != std::string::npos);
    CHECK(error_of(hex("00000000010005000000010003000000000400000000")).find("expected an index") != std::string::npos);
    CHECK(error_of(hex("00000000010001000000010002000000000700000000")).find("prototype") != std::string::npos);
    CHECK(error_of(hex("0000000001000100000001000300000006040000000101"
                       "0400000000"))
              .find("20 bytes of a sha1") != std::string::npos);
    CHECK(error_of(hex("00000000010001000000010003000000010b0400000000")).find("digests") != std::string::npos);
    CHECK(error_of(hex("0000000001000100000005"
                       "0100000000"
                       "03000000000400000000"))
              .find("32 bits") != std::string::npos);
    CHECK(error_of(hex("0000000001000100000001000300000000"
                       "04ffffffff"))
              .find("at most") != std::string::npos);
  }

  TEST_CASE("integers of more than eight bytes are read when the excess is zero, and written so") {
    check_both_ways(hex("000000000a000000000000000000070100000001000300000000"
                        "0400000000"),
                    "");
  }

  TEST_CASE("content that is not in its form is kept with an error") {
    const Bytes bytes = hex("0000000001000100000001000300000000050000000301ffff");
    const auto log = read_whole("cel-tlv", bytes);
    CHECK_FALSE(log->error);
    REQUIRE(log->records.size() == 1);
    CHECK((*log)[0].content == ContentType::unknown);
    CHECK(log->diagnostics.has("T44"));
    CHECK(write_whole(*log, "cel-tlv", Raw::dropped) == bytes);
  }

  TEST_CASE("nested elements in another order, or more of them, are written back as they were") {
    check_both_ways(hex("0000000001000100000001000300000000"
                        "050000000f"
                        "010000000141"
                        "000000000480000007"),
                    "libcel");
    check_both_ways(hex("0000000001000100000001000300000000"
                        "0700000011"
                        "000000000141"
                        "010000000142"
                        "0900000000"),
                    "libcel");
  }

  TEST_CASE("an unknown digest algorithm is kept and an unknown content is raw") {
    const Bytes bytes =
        hex("0000000001000200000004"
            "01c00002"
            "0300000007"
            "7700000002abcd"
            "fe00000003010203");
    check_both_ways(bytes, "libcel");
    const auto log = read_whole("cel-tlv", bytes);
    CHECK((*log)[0].content == ContentType::unknown);
    CHECK((*log)[0].type == 0xFE);
    CHECK(to_string((*log)[0].reg) == "nv:0x01c00002");
  }

  TEST_CASE("libcel's own systemd content") {
    const Bytes bytes =
        hex("00000000010001000000010b0300000000"
            "0b00000029"
            "000000000100"
            "010000000105"
            "0200000010fa1afe1fa1afe1fa1afe1fa1afe1ffff"
            "03000000037a7a7a");
    check_both_ways(bytes, "libcel");
    const auto log = read_whole("cel-tlv", bytes);
    CHECK((*log)[0].content == ContentType::systemd);
    CHECK(as_text((*log)[0].name) == "phase");
    CHECK(as_text((*log)[0].data) == "zzz");
  }

  TEST_CASE("zeros of an IMA violation stand for FF bytes and are written back as zeros") {
    const Bytes bytes =
        hex("00000000010001000000010a03000000190400000014"
            "0000000000000000000000000000000000000000"
            "070000000e"
            "0000000003696d61"
            "010000000141");
    const auto log = read_whole("cel-tlv", bytes);
    REQUIRE(log->records.size() == 1);
    CHECK((*log)[0].violation);
    CHECK(all_equal_to((*log)[0].digests[0].value, 0xFF));
    CHECK(write_whole(*log, "cel-tlv", Raw::dropped) == bytes);
  }

  TEST_CASE("blank lines before a TSM line, comments and direct extends survive") {
    Record record;
    record.reg = register_from_index(4, Platform::tdx, true);
    record.content = ContentType::tsm;
    const Bytes digest(48, 0x5A);
    const std::vector<DigestEntry> digests{{.algorithm = HashAlgorithm::sha384, .value = digest}};
    const std::string extend = tsm::format_extend(digest);
    const auto round_trip = [&](TsmLine type, std::string_view line, std::span<const DigestEntry> values) {
      record.type = static_cast<std::uint32_t>(type);
      record.data = as_bytes(line);
      record.prefix = as_bytes("\n\n");
      record.digests = values;
      record.extends = !values.empty();
      WholeLog log;
      log.info.format = "tsm";
      log.info.platform = Platform::tdx;
      log.records = {&record};
      for (const std::string_view format : {"cel-tlv", "cel-cbor"}) {
        CAPTURE(format);
        CHECK(find_format(format)->carry(record, log.info, {}).carriage == Carriage::encapsulated);
        const auto bytes = write_whole(log, format, Raw::dropped);
        REQUIRE(bytes);
        const auto back = read_whole(format, *bytes);
        REQUIRE(back->records.size() == 1);
        CHECK((*back)[0].content == ContentType::tsm);
        CHECK((*back)[0].type == record.type);
        CHECK(as_text((*back)[0].data) == line);
        CHECK(as_text((*back)[0].prefix) == "\n\n");
        CHECK((*back)[0].reg == record.reg);
        CHECK((*back)[0].extends == !values.empty());
      }
    };
    round_trip(TsmLine::comment, "# nothing measured", {});
    round_trip(TsmLine::extend, extend, digests);
    round_trip(TsmLine::record, "com.example/boot start", digests);
  }

  TEST_CASE("record numbers: per register, over the log, from one, with gaps") {
    const auto codes = [](std::initializer_list<std::pair<int, int>> records) {
      Bytes bytes;
      for (const auto& [pcr, number] : records) {
        const Bytes one =
            hex("000000000100"
                "010000000100"
                "0300000000"
                "fe00000000");
        bytes.insert(bytes.end(), one.begin(), one.end());
        bytes[bytes.size() - one.size() + 5] = static_cast<std::uint8_t>(number);
        bytes[bytes.size() - one.size() + 11] = static_cast<std::uint8_t>(pcr);
      }
      const auto log = read_whole("cel-tlv", bytes);
      CHECK_FALSE(log->error);
      std::string seen;
      for (const Diagnostic& diagnostic : log->diagnostics.all()) {
        seen += diagnostic.code + " ";
      }
      return seen;
    };
    CHECK(codes({{0, 0}, {1, 0}, {0, 1}, {1, 1}}).empty());
    CHECK(codes({{0, 0}, {1, 1}, {0, 2}}) == "V40 V40 ");
    CHECK(codes({{0, 1}, {0, 2}}) == "V41 ");
    CHECK(codes({{0, 0}, {0, 5}}) == "T40 ");
    CHECK(codes({{0, 0}, {0, 0}}) == "T41 ");
  }
}
