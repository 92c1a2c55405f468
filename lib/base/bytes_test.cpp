#include "lib/base/bytes.hpp"

#include <doctest/doctest.h>

#include "lib/base/byte_reader.hpp"
#include "lib/base/byte_writer.hpp"
#include "lib/base/guid.hpp"

using namespace mrtool;

TEST_CASE("hex: both cases are read, lower case is written") {
  CHECK(from_hex("00fFA0") == Bytes{0x00, 0xFF, 0xA0});
  CHECK(to_hex(Bytes{0x00, 0xFF, 0xA0}) == "00ffa0");
  CHECK(from_hex("")->empty());
}

TEST_CASE("hex: odd length, blanks and prefixes are refused") {
  for (const char* bad : {"0", "0g", "0 1", "0x00", " 00", "00\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(from_hex(bad));
  }
}

TEST_CASE("hex: every byte in every place of a long text is a digit or is refused") {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  const std::string all = "00112233445566778899aAbBcCdDeEfF0123456789aBcDeF7f";
  REQUIRE(from_hex(all));
  for (std::size_t at = 0; at < all.size(); ++at) {
    for (unsigned byte = 0; byte <= 0xFF; ++byte) {
      std::string text = all;
      text[at] = static_cast<char>(byte);
      const auto found = from_hex(text);
      const std::size_t digit = kDigits.find(text[at]);
      CAPTURE(text);
      REQUIRE(found.has_value() == (digit != std::string_view::npos));
      if (found) {
        const std::size_t value = digit < 16 ? digit : digit - 6;
        REQUIRE((at % 2 == 0 ? (*found)[at / 2] >> 4 : (*found)[at / 2] & 0x0F) == value);
        REQUIRE(to_hex(*found).size() == text.size());
      }
    }
  }
}

TEST_CASE("hex: every byte in every place of a text of any length has its two digits") {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t size = 0; size <= 70; ++size) {
    for (unsigned first = 0; first <= 0xFF; ++first) {
      Bytes bytes(size);
      std::string expected;
      for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>(first + 37 * i);
        expected += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 0x0F]};
      }
      std::string out = "before";
      append_hex(out, bytes);
      REQUIRE(out == "before" + expected);
    }
  }
}

TEST_CASE("reader: integers of both byte orders") {
  const Bytes data = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  ByteReader little(data);
  CHECK(little.u8() == 1);
  CHECK(little.u16() == 0x0302);
  CHECK(little.u32() == 0x07060504);
  CHECK(little.u64() == 0x0F0E0D0C0B0A0908ULL);
  CHECK(little.ok());
  ByteReader big(data, 0, ByteOrder::big);
  CHECK(big.u8() == 1);
  CHECK(big.u16() == 0x0203);
  CHECK(big.u32() == 0x04050607);
  CHECK(big.u64() == 0x08090A0B0C0D0E0FULL);
  CHECK(big.left() == 0);
}

TEST_CASE("reader: a read past the end is sticky, moves nothing and keeps the first place") {
  const Bytes data = {1, 2, 3};
  ByteReader reader(data, 100);
  CHECK(reader.u16() == 0x0201);
  CHECK(reader.u32() == 0);
  CHECK(reader.u8() == 0);
  CHECK(reader.take(1).empty());
  CHECK(reader.position() == 2);
  REQUIRE(reader.failure());
  CHECK(reader.failure()->offset == 102);
  CHECK(reader.failure()->wanted == 4);
  CHECK(reader.failure()->left == 1);
}

TEST_CASE("reader: a length near the largest integer does not wrap") {
  const Bytes data(8, 0);
  ByteReader reader(data);
  reader.skip(4);
  CHECK(reader.take(UINT64_MAX).empty());
  CHECK(reader.take(UINT64_MAX - 3).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("reader: a sub-reader cannot leave its field") {
  const Bytes data = {1, 2, 3, 4};
  ByteReader reader(data, 10);
  reader.skip(1);
  ByteReader inner = reader.sub(2);
  CHECK(inner.offset() == 11);
  CHECK(inner.u32() == 0);
  CHECK_FALSE(inner.ok());
  CHECK(reader.ok());
  CHECK(reader.u8() == 4);
}

TEST_CASE("writer mirrors reader") {
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    ByteWriter writer(order);
    writer.u8(1).u16(0x0203).u32(0x04050607).u64(0x08090A0B0C0D0E0FULL).bytes(Bytes{9, 9}).fill(0xFF, 2);
    ByteReader reader(writer.data(), 0, order);
    CHECK(reader.u8() == 1);
    CHECK(reader.u16() == 0x0203);
    CHECK(reader.u32() == 0x04050607);
    CHECK(reader.u64() == 0x08090A0B0C0D0E0FULL);
    CHECK(to_hex(reader.rest()) == "0909ffff");
  }
}

TEST_CASE("guid: mixed-endian text form, both ways") {
  const std::string text = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
  const auto guid = parse_guid(text);
  REQUIRE(guid);
  CHECK(to_hex(guid->wire) == "61dfe48bca93d211aa0d00e098032b8c");
  CHECK(to_string(*guid) == text);
  CHECK(parse_guid("8BE4DF61-93CA-11D2-AA0D-00E098032B8C") == guid);
  CHECK(make_guid(0x8be4df61, 0x93ca, 0x11d2, {0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}) == *guid);
}

TEST_CASE("guid: wrong shapes are refused") {
  for (const char* bad :
       {"", "8be4df61", "8be4df61-93ca-11d2-aa0d-00e098032b8", "8be4df61-93ca-11d2-aa0d-00e098032b8cc",
        "8be4df6193ca-11d2-aa0d--00e098032b8c", "8be4df61-93ca-11d2-aa0d-00e098032b8g"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_guid(bad));
  }
}
