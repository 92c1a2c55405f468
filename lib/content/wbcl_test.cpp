#include "lib/content/wbcl.hpp"

#include "lib/base/limits.hpp"
#include "lib/content/event_fixture_test.hpp"
#include "lib/content/tpm_quote.hpp"

namespace mrtool::pcclient {

namespace {

using namespace std::string_view_literals;

Bytes item(std::uint32_t id, ByteView data) {
  ByteWriter writer;
  writer.u32(id).u32(static_cast<std::uint32_t>(data.size())).bytes(data);
  return writer.take();
}

Value value_of(std::uint32_t id, ByteView data) {
  const SipaItems items = read_sipa_items(item(id, data));
  REQUIRE(items.problem.empty());
  REQUIRE(items.items.size() == 1);
  return *items.items[0].find("value");
}

Bytes quote() {
  ByteWriter writer(ByteOrder::big);
  writer.u32(0xFF544347).u16(0x8018).u16(2).fill(7, 2).u16(3).fill(8, 3);
  writer.u64(99).u32(1).u32(2).u8(1).u64(0x1000).u32(1).u16(0x000B).u8(3).u8(0x81).u8(0x01).u8(0).u16(4).fill(9, 4);
  return writer.take();
}

}  // namespace

TEST_CASE("SIPA values by kind") {
  CHECK(value_of(0x00050001, Bytes{1}) == Value(true));
  CHECK(value_of(0x00050001, Bytes{2}) == Value(Bytes{2}));
  CHECK(value_of(0x00020005, Bytes{4, 0, 0, 0}) == Value::number(4));
  CHECK(value_of(0x00020002, Bytes{4, 0, 0, 0, 0, 0, 0, 0}) == Value::wide(4));
  CHECK(value_of(0x00050009, utf16("\\WINDOWS")) == Value("\\WINDOWS"));
  CHECK(value_of(0x00070003, Bytes{0x0C, 0x80, 0, 0}) == Value("sha256"));
  CHECK(value_of(0x00070003, Bytes{0x01, 0x80, 0, 0}) == Value(Bytes{1, 0x80, 0, 0}));
  CHECK(value_of(0x00070004, Bytes{1, 2}) == Value(Bytes{1, 2}));
}

TEST_CASE("SIPA value whose size does not fit its kind is bytes") {
  CHECK(value_of(0x00020005, Bytes{1, 2, 3}) == Value(Bytes{1, 2, 3}));
  CHECK(value_of(0x00050009, Bytes{}) == Value(Bytes{}));
}

TEST_CASE("SIPA names") {
  CHECK(sipa_name(0x40010003) == "loaded_module_aggregation");
  CHECK(sipa_name(0x000500FF) == "0x000500ff");
  CHECK(is_sipa_id(0x000500FF));
  CHECK(!is_sipa_id(7));
  CHECK(!is_sipa_id(0x4141454C));
}

TEST_CASE("SIPA items nested deeper than the limit end in bytes") {
  Bytes data = {1, 2, 3};
  for (unsigned depth = 0; depth < 2000; ++depth) {
    data = item(0x40010001, data);
  }
  const SipaItems items = read_sipa_items(data);
  CHECK(items.problem == "items nested deeper than 32");
  const Value* level = &items.items.front();
  unsigned depth = 1;
  while (const Value* inner = level->find("items")) {
    level = &inner->as<Value::List>()->front();
    ++depth;
  }
  CHECK(depth == limits::kNesting);
  CHECK(level->find("value") != nullptr);
}

TEST_CASE("more SIPA items than are listed") {
  const SipaItems items = read_sipa_items(Bytes(std::size_t{8} * (limits::kListedItems + 10), 0));
  CHECK(items.items.size() == limits::kListedItems);
  CHECK(items.problem == "more than 65536 items");
}

TEST_CASE("SIPA item longer than what is left keeps its bytes") {
  ByteWriter writer;
  writer.u32(0x00050001).u32(0xFFFFFFFF).u8(5);
  const SipaItems items = read_sipa_items(writer.data());
  CHECK(items.problem == "the item at byte 0 is cut short");
  REQUIRE(items.items.size() == 1);
  CHECK(*items.items[0].find("value") == Value(Bytes{5}));
}

TEST_CASE("SIPA damage inside a container is reported at its byte") {
  const Bytes inner = {1, 0, 5, 0, 9, 0, 0, 0, 1};
  CHECK(read_sipa_items(item(0x40010001, inner)).problem == "the item at byte 8 is cut short");
}

TEST_CASE("TPM quote of a trust point") {
  const Value value = value_of(0x80080001, quote());
  REQUIRE(value.find("qualifying_data") != nullptr);
  CHECK(*value.find("qualifying_data") == Value(Bytes(3, 8)));
  CHECK(*value.find("pcr_digest") == Value(Bytes(4, 9)));
  const auto* selection = value.find("selection")->as<Value::List>();
  REQUIRE(selection != nullptr);
  CHECK(*(*selection)[0].find("bank") == Value("sha256"));
  CHECK(*(*selection)[0].find("registers") == Value(Value::List{Value::number(0), Value::number(7), Value::number(8)}));
}

TEST_CASE("TPM quote that is cut short, too long or another structure") {
  const Bytes whole = quote();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(!decode_tpm_quote(ByteView(whole).first(size)));
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(!decode_tpm_quote(longer));
  Bytes other = whole;
  other[5] = 0x19;
  CHECK(!decode_tpm_quote(other));
}

}  // namespace mrtool::pcclient
