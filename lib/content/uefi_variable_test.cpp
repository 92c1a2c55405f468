#include "lib/content/uefi_variable.hpp"

#include "lib/content/event_fixture_test.hpp"

namespace mrtool::pcclient {

namespace {

const Bytes kGlobal = *from_hex("61dfe48bca93d211aa0d00e098032b8c");
const Bytes kShim = *from_hex("50ab5d6046e00043abb63dd810dd8b23");
constexpr std::uint32_t kDriverConfig = 0x80000001;
constexpr std::uint32_t kAuthority = 0x800000E0;

Bytes variable(std::string_view name, const Bytes& data, const Bytes& guid = kGlobal) {
  return ByteWriter().bytes(guid).u64(name.size()).u64(data.size()).bytes(utf16(name, false)).bytes(data).take();
}

Decoded decoded(const Bytes& event_data, std::uint32_t type = kDriverConfig) {
  EventFixture event(event_data, 7);
  event.record.type = type;
  return decode_variable(event.context());
}

Decoded decode_config(const Context& context) {
  return decoded(to_bytes(context.data));
}

}  // namespace

TEST_CASE("SecureBoot on, off, absent and too long") {
  const Decoded on = decoded(variable("SecureBoot", {1}));
  CHECK(on.kind == "uefi-variable");
  CHECK(on.summary == "SecureBoot = enabled");
  CHECK(field(on, "enabled") == Value(true));
  CHECK(text_of(field(on, "variable_name")) == "8be4df61-93ca-11d2-aa0d-00e098032b8c");
  CHECK(text_of(field(on, "namespace")) == "EFI global");
  CHECK(text_of(field(on, "name")) == "SecureBoot");
  CHECK(number_of(field(on, "unicode_name_length")) == 10);
  CHECK(number_of(field(on, "variable_data_length")) == 1);
  CHECK(on.fields.back().range == ByteRange{52, 53});
  CHECK(decoded(variable("SecureBoot", {0})).summary == "SecureBoot = disabled");
  const Decoded absent = decoded(variable("SecureBoot", {}));
  CHECK(absent.summary == "SecureBoot = no data");
  CHECK(absent.problem.empty());
  CHECK(decoded(variable("SecureBoot", {1, 0})).problem == "one byte expected, 2 found");
}

TEST_CASE("MokSBState says what its value means") {
  CHECK(decoded(variable("MokSBState", {1}, kShim)).summary == "MokSBState = enabled (shim does not validate)");
}

TEST_CASE("boot order lists option names, with the prefix of the variable") {
  const Decoded order = decoded(variable("BootOrder", {3, 0, 0xAF, 0x01}));
  CHECK(order.summary == "BootOrder = 0003, 01AF");
  CHECK(field(order, "options") == Value(Value::List{"Boot0003", "Boot01AF"}));
  CHECK(field(decoded(variable("DriverOrder", {1, 0})), "options") == Value(Value::List{"Driver0001"}));
  CHECK_FALSE(decoded(variable("BootOrder", {3, 0, 1})).problem.empty());
  CHECK(decoded(variable("BootCurrent", {2, 0})).summary == "BootCurrent = Boot0002");
}

TEST_CASE("no more boot options are listed than the limit, and few in the summary") {
  const Decoded order = decoded(variable("BootOrder", Bytes(2 * 65537, 0)));
  CHECK(order.problem == "only the first 65536 options are listed");
  CHECK(field(order, "options").as<Value::List>()->size() == 65536);
  CHECK(order.summary.ends_with("0000, 0000, ..."));
}

TEST_CASE("boot option") {
  ByteWriter option;
  option.u32(1).u16(12).bytes(utf16("ubuntu")).bytes(*from_hex("04040800610000007fff0400"));
  const Decoded boot = decoded(variable("Boot0001", option.data()));
  CHECK(boot.summary == "Boot0001 ubuntu: File(a)");
  CHECK(field(boot, "enabled") == Value(true));
  // Ranges count from the start of the event, not of the variable's data.
  CHECK(boot.fields.back().range.end == 32 + 16 + option.data().size());
  CHECK(decoded(variable("BootXYZW", option.data())).find("device_path") == nullptr);
}

TEST_CASE("empty signature database, and one under a name that is not known") {
  CHECK(decoded(variable("dbx", {})).summary == "dbx: empty");
  CHECK(decoded(variable("Setup", {1, 2})).summary == "Setup: 0102");
}

TEST_CASE("SbatLevel is text in both event types, first line first") {
  const Bytes data = variable("SbatLevel", to_bytes(as_bytes("sbat,1,2021030218\nshim,2\n")), kShim);
  for (const std::uint32_t type : {kDriverConfig, kAuthority}) {
    const Decoded sbat = decoded(data, type);
    CHECK(sbat.summary == "SbatLevel = sbat,1,2021030218");
    CHECK(text_of(field(sbat, "text")) == "sbat,1,2021030218\nshim,2\n");
  }
}

TEST_CASE("authority holds one signature, whatever database it names") {
  const Bytes signature = ByteWriter().bytes(kShim).fill(7, 32).take();
  const Decoded authority = decoded(variable("db", signature), kAuthority);
  CHECK(authority.summary == "db: hash " + to_hex(Bytes(32, 7)));
  CHECK(field(authority, "signature").find("signature_owner") != nullptr);
  CHECK(decoded(variable("MokListTrusted", {1}, kShim), kAuthority).summary == "MokListTrusted = enabled");
  CHECK(decoded(variable("vendor_db", {9}, kShim), kAuthority).summary == "vendor_db: 09");
}

TEST_CASE("bytes behind the variable are reported, as old shims leave six") {
  Bytes data = variable("Shim", {1}, kShim);
  data.insert(data.end(), 6, 0);
  CHECK(decoded(data, kAuthority).problem == "6 bytes follow the variable");
}

TEST_CASE("four-byte lengths, where only they fit") {
  const Bytes narrow = ByteWriter().bytes(kGlobal).u32(2).u32(1).bytes(utf16("PK", false)).u8(9).take();
  const auto layout = variable_layout(narrow);
  REQUIRE(layout);
  CHECK(layout->length_width == 4);
  CHECK(layout->data == ByteRange{28, 29});
  CHECK(text_of(field(decoded(narrow), "name")) == "PK");
}

TEST_CASE("lengths that are larger than the event keep what is there") {
  struct Case {
    std::uint64_t name;
    std::uint64_t data;
    ByteRange expected;
  };
  constexpr std::uint64_t kHuge = 0xFFFFFFFFFFFFFFFF;
  // The event holds four bytes of name and three of data.
  const Case cases[] = {
      {2, kHuge, {36, 39}}, {kHuge, 3, {38, 39}}, {kHuge / 2 + 1, 3, {38, 39}}, {kHuge, kHuge, {38, 39}}};
  for (const Case& item : cases) {
    const Bytes data =
        ByteWriter().bytes(kGlobal).u64(item.name).u64(item.data).bytes(utf16("PK", false)).fill(5, 3).take();
    const auto layout = variable_layout(data);
    REQUIRE(layout);
    CHECK(layout->data == item.expected);
    CHECK_FALSE(layout->problem.empty());
    CHECK_FALSE(decoded(data).problem.empty());
  }
}

TEST_CASE("variable cut at every byte") {
  cut_at_every_byte(decode_config, variable("Setup", Bytes(4, 1)), 0);
  CHECK_FALSE(variable_layout(Bytes(31, 0)));
  CHECK(decoded(Bytes(20, 0xCC)).problem == "20 bytes are too few for a UEFI variable");
}

TEST_CASE("name that is not UTF-16 survives") {
  const Bytes data = ByteWriter().bytes(kGlobal).u64(1).u64(0).bytes(Bytes{0x00, 0xD8}).take();
  CHECK(decoded(data).problem.empty());
}

}  // namespace mrtool::pcclient
