#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

const Bytes kEsp = *from_hex("28732ac11ff8d211ba4b00a0c93ec93b");
const Bytes kUnique = *from_hex("000102030405060708090a0b0c0d0e0f");

Bytes gpt(std::uint32_t entry_size, std::uint64_t count, bool aligned = false) {
  ByteWriter writer;
  writer.bytes(as_bytes("EFI PART")).u32(0x10000).u32(92).u32(0x7e4c86d1).u32(0);
  writer.u64(1).u64(0x13fffff).u64(0x22).u64(0x13fffde).bytes(kUnique).u64(2).u32(128).u32(entry_size).u32(0x4f717292);
  if (aligned) {
    writer.u32(0);
  }
  writer.u64(count);
  writer.bytes(kEsp).bytes(kUnique).u64(0x2800).u64(0x377ff).u64(1).bytes(utf16("boot")).fill(0, 72 - 10);
  return writer.take();
}

}  // namespace

TEST_CASE("GPT header and a partition with its type's name") {
  const EventFixture event(gpt(128, 1));
  const Decoded decoded = decode_gpt(event.context());
  CHECK(decoded.kind == "gpt");
  CHECK(decoded.summary == "disk 03020100-0504-0706-0809-0a0b0c0d0e0f, 1 partition");
  CHECK(text_of(field(decoded, "signature")) == "EFI PART");
  CHECK(number_of(field(decoded, "last_usable_lba")) == 0x13fffde);
  const auto* partitions = field(decoded, "partitions").as<Value::List>();
  REQUIRE(partitions != nullptr);
  REQUIRE(partitions->size() == 1);
  const Value& partition = partitions->front();
  CHECK(text_of(*partition.find("partition_type_guid")) == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
  CHECK(text_of(*partition.find("partition_type")) == "EFI system");
  CHECK(number_of(*partition.find("ending_lba")) == 0x377ff);
  CHECK(text_of(*partition.find("partition_name")) == "boot");
  cut_at_every_byte(decode_gpt, event.data, 0);
}

TEST_CASE("GPT partition count on an eight-byte border, as unpacked firmware writes it") {
  const EventFixture event(gpt(128, 1, true));
  const Decoded decoded = decode_gpt(event.context());
  CHECK(decoded.problem.empty());
  CHECK(number_of(field(decoded, "number_of_partitions")) == 1);
}

TEST_CASE("GPT partition count beyond the event lists what is there") {
  const EventFixture event(gpt(128, 0xFFFFFFFFFFFFFFFF));
  const Decoded decoded = decode_gpt(event.context());
  CHECK(decoded.problem.starts_with("cut short"));
  CHECK(field(decoded, "partitions").as<Value::List>()->size() == 1);
}

TEST_CASE("GPT entry size of zero or too few bytes ends the decoding") {
  for (const std::uint32_t size : {0U, 1U, 127U}) {
    const EventFixture event(gpt(size, 1));
    const Decoded decoded = decode_gpt(event.context());
    CHECK(decoded.problem.starts_with("partition entries of"));
    CHECK(decoded.find("partition_data") != nullptr);
  }
}

TEST_CASE("GPT entry size of 4 GiB is not allocated") {
  const EventFixture event(gpt(0xFFFFFFFF, 1));
  CHECK(decode_gpt(event.context()).problem.starts_with("cut short"));
}

}  // namespace mrtool::pcclient
