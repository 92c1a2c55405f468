#include "lib/record/pcr_selection.hpp"

#include <doctest/doctest.h>

namespace mrtool {

namespace {

Result<PcrSelections> read(ByteView bytes) {
  ByteReader reader(bytes, 0, ByteOrder::big);
  return read_pcr_selections(reader);
}

Bytes written(const PcrSelections& selections) {
  ByteWriter writer(ByteOrder::big);
  write_pcr_selections(writer, selections);
  return writer.take();
}

}  // namespace

TEST_CASE("PCR selections of several banks are read and written alike") {
  const Bytes bytes = *from_hex("00000003000b0381000100040200ff000d0400000080");
  const auto selections = read(bytes);
  REQUIRE(selections);
  REQUIRE(selections->size() == 3);
  CHECK(selections->at(0) == PcrSelection{.bank = HashAlgorithm::sha256, .pcrs = 0x10081, .size = 3});
  CHECK(selections->at(1) == PcrSelection{.bank = HashAlgorithm::sha1, .pcrs = 0xFF00, .size = 2});
  CHECK(selections->at(2) == PcrSelection{.bank = HashAlgorithm::sha512, .pcrs = 0x80000000, .size = 4});
  CHECK(selections->at(2).contains(31));
  CHECK_FALSE(selections->at(2).contains(32));
  CHECK(count_pcrs(*selections) == 12);
  CHECK(written(*selections) == bytes);
}

TEST_CASE("PCR selections cut at every byte are none") {
  const Bytes bytes = *from_hex("00000002000b0381000100040200ff");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read(ByteView(bytes).first(size)));
  }
  CHECK(read(bytes));
}

TEST_CASE("no selection at all is a selection of nothing") {
  const auto selections = read(Bytes(4));
  REQUIRE(selections);
  CHECK(selections->empty());
  CHECK(count_pcrs(*selections) == 0);
}

TEST_CASE("too many banks and bitmaps that are too long are refused where they are stated") {
  const auto many = read(*from_hex("00000011"));
  REQUIRE_FALSE(many);
  CHECK(many.error().offset == 0);
  CHECK_FALSE(read(*from_hex("ffffffff")));
  const auto wide = read(*from_hex("00000001000b050000000000"));
  REQUIRE_FALSE(wide);
  CHECK(wide.error().offset == 4);
}

}  // namespace mrtool
