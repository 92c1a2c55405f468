#include "lib/crypto/der.hpp"

#include <doctest/doctest.h>

namespace mrtool {

TEST_CASE("items that follow one another") {
  const auto bytes = *from_hex("020105040200ff3003020101");
  const auto items = read_der_items(bytes);
  REQUIRE(items);
  REQUIRE(items->size() == 3);
  CHECK(items->at(0).tag == kDerInteger);
  CHECK(to_hex(items->at(0).content) == "05");
  CHECK(items->at(1).tag == kDerOctetString);
  CHECK(to_hex(items->at(1).content) == "00ff");
  CHECK(items->at(2).tag == kDerSequence);
  CHECK(to_hex(items->at(2).content) == "020101");
}

TEST_CASE("nothing is no items") {
  const auto items = read_der_items({});
  REQUIRE(items);
  CHECK(items->empty());
}

TEST_CASE("damaged DER") {
  for (const char* hex : {"02", "0202", "020205", "02800500", "3080020105", "1f0100", "0284ffffffff05", "0105ff"}) {
    CAPTURE(hex);
    CHECK_FALSE(read_der_items(*from_hex(hex)));
  }
}

}  // namespace mrtool
