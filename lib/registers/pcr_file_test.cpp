#include "lib/registers/pcr_file.hpp"

#include <doctest/doctest.h>

#include "lib/base/byte_writer.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

namespace {

// PCR 0 and 7 of a SHA-256 bank, as tpm2_quote writes them.
const Bytes kMarshaled = *from_hex(
    "00000001000b0381000000000001000000020020d4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b0020"
    "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");

RegisterKey pcr(HashAlgorithm bank, std::uint32_t index) {
  return {.reg = {.kind = RegisterKind::pcr, .index = index, .name = {}, .provider = {}, .carrier = {}}, .bank = bank};
}

// As tpm2-tools writes it, eight values a list at most.
Bytes serialize(ByteOrder order, const PcrSelections& selections, const std::vector<Bytes>& digests) {
  constexpr std::size_t kEntries = 16;
  constexpr std::size_t kPerList = 8;
  constexpr std::size_t kBuffer = 64;
  ByteWriter writer(order);
  writer.u32(static_cast<std::uint32_t>(selections.size()));
  for (std::size_t i = 0; i < kEntries; ++i) {
    const PcrSelection selection = i < selections.size() ? selections[i] : PcrSelection{.size = 0};
    writer.u16(static_cast<std::uint16_t>(selection.bank)).u8(selection.size);
    for (unsigned byte = 0; byte < 4; ++byte) {
      writer.u8(static_cast<std::uint8_t>(selection.pcrs >> (8 * byte)));
    }
    writer.u8(0);
  }
  const std::size_t lists = (digests.size() + kPerList - 1) / kPerList;
  writer.u32(static_cast<std::uint32_t>(lists));
  for (std::size_t list = 0; list < lists; ++list) {
    const std::size_t count = std::min(kPerList, digests.size() - list * kPerList);
    writer.u32(static_cast<std::uint32_t>(count));
    for (std::size_t slot = 0; slot < kPerList; ++slot) {
      const Bytes digest = slot < count ? digests[list * kPerList + slot] : Bytes{};
      writer.u16(static_cast<std::uint16_t>(digest.size())).bytes(digest).fill(0, kBuffer - digest.size());
    }
  }
  return writer.take();
}

Bytes serialized_vector() {
  const auto file = parse_pcr_file(kMarshaled);
  REQUIRE(file);
  std::vector<Bytes> digests;
  for (const auto& [key, value] : file->values.values) {
    digests.push_back(to_bytes(value.view()));
  }
  return serialize(ByteOrder::little, file->selections, digests);
}

// Nine PCRs of one bank and one of another: a list that spans both.
const PcrSelections kTwoBanks{{.bank = HashAlgorithm::sha256, .pcrs = 0x1FF}, {.bank = HashAlgorithm::sha1, .pcrs = 2}};

std::vector<Bytes> two_bank_digests() {
  std::vector<Bytes> digests;
  for (std::uint8_t i = 0; i < 9; ++i) {
    digests.emplace_back(32, i);
  }
  digests.emplace_back(20, 0xEE);
  return digests;
}

}  // namespace

TEST_CASE("PCR file, marshaled") {
  CHECK(recognise_pcr_file(kMarshaled) == PcrFileFormat::marshaled);
  const auto file = parse_pcr_file(kMarshaled);
  REQUIRE(file);
  CHECK(file->format == PcrFileFormat::marshaled);
  CHECK(file->selections == PcrSelections{{.bank = HashAlgorithm::sha256, .pcrs = 0x81, .size = 3}});
  CHECK(file->values.authenticated == Authenticated::none);
  REQUIRE(file->values.values.size() == 2);
  CHECK(file->values.values.at(pcr(HashAlgorithm::sha256, 0)).hex() ==
        "d4b03a7d653bafaee216220e1f7e3377e15202ba828d007285016969ffc0547b");
  CHECK(file->values.values.at(pcr(HashAlgorithm::sha256, 7)).hex() ==
        "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
}

TEST_CASE("PCR file, serialized, of the same values") {
  const Bytes bytes = serialized_vector();
  CHECK(bytes.size() == 668);
  CHECK(HashEngine().hash(HashAlgorithm::sha256, bytes).hex() ==
        "115358f380c399eaacbcd0c77a6c9e2867fd7a4501c9f03beec5c21e3185067b");
  CHECK(recognise_pcr_file(bytes) == PcrFileFormat::serialized);
  const auto file = parse_pcr_file(bytes);
  REQUIRE(file);
  CHECK(file->values.values == parse_pcr_file(kMarshaled)->values.values);
}

TEST_CASE("PCR file whose lists span banks, in either byte order") {
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big}) {
    const Bytes bytes = serialize(order, kTwoBanks, two_bank_digests());
    CHECK(bytes.size() == 1200);
    const auto file = parse_pcr_file(bytes);
    REQUIRE(file);
    CHECK(file->selections == kTwoBanks);
    CHECK(file->values.values.size() == 10);
    CHECK(equal(file->values.values.at(pcr(HashAlgorithm::sha256, 8)).view(), Bytes(32, 8)));
    CHECK(equal(file->values.values.at(pcr(HashAlgorithm::sha1, 1)).view(), Bytes(20, 0xEE)));
  }
}

TEST_CASE("PCR values without a head are read by the selection they were made with") {
  Bytes bytes;
  for (const Bytes& digest : two_bank_digests()) {
    bytes.insert(bytes.end(), digest.begin(), digest.end());
  }
  CHECK_FALSE(recognise_pcr_file(bytes));
  const auto values = parse_pcr_values(bytes, kTwoBanks);
  REQUIRE(values);
  CHECK(values->values == parse_pcr_file(serialize(ByteOrder::little, kTwoBanks, two_bank_digests()))->values.values);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(parse_pcr_values(ByteView(bytes).first(size), kTwoBanks));
  }
  bytes.push_back(0);
  CHECK_FALSE(parse_pcr_values(bytes, kTwoBanks));
  CHECK_FALSE(parse_pcr_values({}, PcrSelections{{.bank = static_cast<HashAlgorithm>(0x7777), .pcrs = 1}}));
  CHECK_FALSE(
      parse_pcr_values(Bytes(32), PcrSelections{{.bank = HashAlgorithm::sha256, .pcrs = 1U << 24U, .size = 4}}));
}

TEST_CASE("PCR files cut at every byte are none") {
  for (const Bytes& bytes :
       {kMarshaled, serialized_vector(), serialize(ByteOrder::big, kTwoBanks, two_bank_digests())}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(parse_pcr_file(ByteView(bytes).first(size)));
    }
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(parse_pcr_file(longer));
  }
}

TEST_CASE("PCR file with counts that do not fit is refused where they are") {
  struct Case {
    std::size_t offset;
    std::uint8_t value;
  };
  for (const Case& item : {Case{0, 17}, Case{4, 0x7F}, Case{6, 5}, Case{7, 0x83}, Case{132, 2}, Case{136, 9},
                           Case{136, 3}, Case{136, 1}, Case{140, 31}, Case{141, 1}, Case{9, 1}}) {
    CAPTURE(item.offset);
    Bytes bytes = serialized_vector();
    bytes[item.offset] = item.value;
    CHECK_FALSE(parse_pcr_file(bytes));
  }
  const auto wrong_size = [] {
    Bytes bytes = serialized_vector();
    bytes[140] = 31;
    return parse_pcr_file(bytes);
  }();
  REQUIRE_FALSE(wrong_size);
  CHECK(wrong_size.error().offset == 140);
  CHECK(wrong_size.error().message == "the value of sha256:pcr0 has 31 bytes; expected 32");
}

TEST_CASE("PCR file with a register twice must state one value of it") {
  const PcrSelections twice{{.bank = HashAlgorithm::sha1, .pcrs = 1}, {.bank = HashAlgorithm::sha1, .pcrs = 1}};
  CHECK(parse_pcr_file(serialize(ByteOrder::little, twice, {Bytes(20, 1), Bytes(20, 1)})));
  CHECK_FALSE(parse_pcr_file(serialize(ByteOrder::little, twice, {Bytes(20, 1), Bytes(20, 2)})));
  CHECK(selected_pcrs(twice).size() == 2);
}

TEST_CASE("PCR file that states the most that there is room for, and less than it states") {
  ByteWriter writer(ByteOrder::big);
  writer.u32(1).u16(0x000B).u8(3).u8(0xFF).u8(0xFF).u8(0xFF).u32(0xFFFFFFFF);
  CHECK_FALSE(parse_pcr_file(writer.data()));
  ByteWriter full(ByteOrder::big);
  full.u32(1).u16(0x000B).u8(3).u8(0xFF).u8(0xFF).u8(0xFF).u32(96).fill(0, 96 * 4);
  CHECK_FALSE(parse_pcr_file(full.data()));  // 96 empty lists
}

TEST_CASE("damage to a PCR file is never a crash") {
  for (const Bytes& whole : {kMarshaled, serialized_vector()}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const std::uint8_t flip : {std::uint8_t{1}, std::uint8_t{0x80}, std::uint8_t{0xFF}}) {
        Bytes bytes = whole;
        bytes[i] ^= flip;
        (void)parse_pcr_file(bytes);
      }
    }
  }
}

}  // namespace mrtool
