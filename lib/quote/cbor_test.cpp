#include "lib/quote/cbor.hpp"

#include <doctest/doctest.h>

#include "lib/quote/test_documents.hpp"

using namespace mrtool;
namespace cbor = mrtool::testing::cbor;

namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

std::string error_of(ByteView bytes, const CborLimits& limits = {}) {
  const auto document = parse_cbor(bytes, limits);
  REQUIRE_FALSE(document);
  CHECK(document.error().kind == ErrorKind::malformed);
  REQUIRE(document.error().offset);
  CHECK(*document.error().offset <= bytes.size());
  return document.error().message;
}

}  // namespace

TEST_CASE("cbor: integers of every width and sign") {
  struct Case {
    std::string_view bytes;
    std::int64_t value;
  };
  for (const Case& one : {Case{"00", 0}, Case{"17", 23}, Case{"1818", 24}, Case{"19ffff", 65535},
                          Case{"1a00010000", 65536}, Case{"1b7fffffffffffffff", INT64_MAX}, Case{"20", -1},
                          Case{"3822", -35}, Case{"3b7fffffffffffffff", INT64_MIN}, Case{"1800", 0}}) {
    CAPTURE(one.bytes);
    const auto document = parse_cbor(hex(one.bytes));
    REQUIRE(document);
    CHECK(document->root.integer() == one.value);
  }
  CHECK_FALSE(parse_cbor(hex("1b8000000000000000"))->root.integer());
  CHECK(parse_cbor(hex("1bffffffffffffffff"))->root.number == UINT64_MAX);
  CHECK_FALSE(parse_cbor(hex("3b8000000000000000"))->root.integer());
}

TEST_CASE("cbor: strings, in one piece and in chunks, keep what they were encoded as") {
  const Bytes encoded =
      hex("845f4101420203ff"
          "43010203"
          "7f61616162ff"
          "626162");
  const auto document = parse_cbor(encoded);
  REQUIRE(document);
  const auto& items = document->root.items;
  REQUIRE(items.size() == 4);
  CHECK(to_hex(*items[0].byte_string()) == "010203");
  CHECK(to_hex(items[0].raw) == "5f4101420203ff");
  CHECK(to_hex(*items[1].byte_string()) == "010203");
  CHECK(to_hex(items[1].raw) == "43010203");
  CHECK(items[2].text() == "ab");
  CHECK(items[3].text() == "ab");
  CHECK_FALSE(items[3].byte_string());
  CHECK_FALSE(items[1].text());
}

TEST_CASE("cbor: maps of either length, found by number or text; null, booleans, tags") {
  for (const bool indefinite : {false, true}) {
    const Bytes encoded = cbor::map({{cbor::integer(-3), cbor::text("minus")},
                                     {cbor::integer(3), cbor::null()},
                                     {cbor::text("3"), Bytes{0xF5}},
                                     {cbor::integer(4), cbor::tag(399, cbor::integer(7))},
                                     {cbor::integer(5), Bytes{0xF4}}},
                                    indefinite);
    const auto document = parse_cbor(encoded);
    REQUIRE(document);
    const CborItem& map = document->root;
    CHECK(map.find(-3)->text() == "minus");
    CHECK(map.find(3)->is_null());
    CHECK_FALSE(map.find(3)->boolean());
    CHECK(map.find("3")->boolean() == true);
    CHECK(map.find(5)->boolean() == false);
    CHECK(map.find(4)->number == 399);
    CHECK(map.find(4)->items.front().integer() == 7);
    CHECK(map.find(6) == nullptr);
    CHECK(map.find("minus") == nullptr);
    CHECK(map.find(4)->find(1) == nullptr);
  }
}

TEST_CASE("cbor: tags of every width") {
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{6}, std::uint64_t{18}, std::uint64_t{20}, std::uint64_t{23}, std::uint64_t{24},
        std::uint64_t{399}, std::uint64_t{70000}, UINT64_MAX}) {
    const auto document = parse_cbor(cbor::tag(number, cbor::integer(1)));
    REQUIRE(document);
    CHECK(document->root.kind == CborKind::tag);
    CHECK(document->root.number == number);
  }
}

TEST_CASE("cbor: what is not one well-formed item is refused with its place") {
  struct Case {
    std::string_view bytes;
    std::string_view message;
  };
  for (const Case& one : {
           Case{"", "found the end"},
           Case{"1c", "found byte 1c"},
           Case{"fc", "found byte fc"},
           Case{"ff", "found a break"},
           Case{"82ff", "found a break"},
           Case{"a100ff", "found a break"},
           Case{"bf00ff", "found a break"},
           Case{"c1ff", "found a break"},
           Case{"0000", "found 1 more bytes"},
           Case{"8200", "found the end"},
           Case{"9f00", "found the end"},
           Case{"4200", "the 2 bytes that are left"},
           Case{"5f4100", "found the end"},
           Case{"5f6100ff", "found another item"},
           Case{"5f5f4100ffff", "found another item"},
           Case{"7f4100ff", "found another item"},
           Case{"61ff", "UTF-8"},
           Case{"a200000000", "found one twice"},
           Case{"a20000180000", "found one twice"},
           Case{"a2616100"
                "7f6161ff00",
                "found one twice"},
           Case{"a18000", "found an array"},
           Case{"a1f600", "found a simple value"},
           Case{"a1fb000000000000000000", "found a floating-point number"},
       }) {
    CAPTURE(one.bytes);
    CHECK(error_of(hex(one.bytes)).contains(one.message));
  }
}

TEST_CASE("cbor: counts and lengths that are not there cost nothing") {
  for (const std::string_view head :
       {"9b7fffffffffffffff", "bb7fffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff",
        "7bfffffffffffffff7", "5b7fffffffffffffff", "9affffffff", "5affffffff"}) {
    CAPTURE(head);
    (void)error_of(hex(head));
    Bytes more = hex(head);
    more.resize(more.size() + 100);
    (void)error_of(more);
  }
}

TEST_CASE("cbor: depth, items and size are bounded") {
  const auto nested = [](std::size_t depth, std::uint8_t open) {
    Bytes bytes(depth, open);
    bytes.push_back(0);
    return bytes;
  };
  for (const std::uint8_t open : {std::uint8_t{0x81}, std::uint8_t{0xC1}}) {
    CHECK(parse_cbor(nested(16, open)));
    CHECK(error_of(nested(17, open)).contains("at most 16 levels"));
    CHECK(error_of(nested(500'000, open)).contains("at most 16 levels"));
  }
  CHECK(error_of(Bytes(500'000, 0x9F)).contains("at most 16 levels"));
  Bytes many = hex("9a00004000");
  many.resize(many.size() + 0x4000);
  CHECK(error_of(many).contains("at most 16384 items"));
  Bytes chunks(20'000, 0x40);
  chunks.front() = 0x5F;
  CHECK(error_of(chunks).contains("at most 16384 items"));
  CHECK(error_of(cbor::bytes(Bytes(1024 * 1024)), {}).contains("at most 1048576 bytes"));
  CHECK(parse_cbor(cbor::bytes(Bytes(100)), {.bytes = 102}));
  CHECK(error_of(cbor::bytes(Bytes(100)), {.bytes = 101}).contains("at most 101 bytes"));
}

TEST_CASE("cbor: a document cut at every byte is refused") {
  const Bytes whole = cbor::map({{cbor::text("key"), cbor::array({cbor::bytes(Bytes(30)), cbor::integer(1000)})},
                                 {cbor::integer(-100), cbor::tag(70000, cbor::null())}},
                                true);
  REQUIRE(parse_cbor(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    (void)error_of(ByteView(whole).first(size));
  }
}

TEST_CASE("cbor: strings that came in chunks stay valid when their document moves") {
  Bytes encoded{0x9F};
  for (int i = 0; i < 50; ++i) {
    cbor::append(encoded, hex("5f4101ff"));
  }
  encoded.push_back(0xFF);
  auto document = parse_cbor(encoded);
  REQUIRE(document);
  const CborDocument moved = std::move(*document);
  for (const CborItem& item : moved.root.items) {
    CHECK(to_hex(item.bytes) == "01");
  }
}

TEST_CASE("cbor: heads are written in their shortest form") {
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{23}, std::uint64_t{24}, std::uint64_t{255},
                                     std::uint64_t{256}, std::uint64_t{65535}, std::uint64_t{65536},
                                     std::uint64_t{0xFFFFFFFF}, std::uint64_t{0x100000000}, UINT64_MAX}) {
    Bytes out;
    append_cbor_head(out, CborMajor::unsigned_integer, number);
    CHECK(out.size() == (number < 24 ? 1U : number < 256 ? 2U : number < 65536 ? 3U : number <= 0xFFFFFFFF ? 5U : 9U));
    CHECK(parse_cbor(out)->root.number == number);
  }
}
