// Events that no golden document has, and those that the tool itself refuses.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lib/content/content.hpp"
#include "tools/mrtool/render/tpm2_event.hpp"

namespace mrtool {
namespace {

using namespace std::string_literals;

std::string shown(std::uint32_t type, ByteView data, EventlogVersion version = EventlogVersion::v2) {
  Record record;
  record.type = type;
  record.content = ContentType::pcclient;
  record.data = data;
  const LogInfo info;
  RecordView view{.record = &record, .info = &info};
  view.decoded = decode(record, info);
  std::string out;
  append_tpm2_event(out, view, version);
  return out;
}

std::string shown(std::uint32_t type, const std::string& data, EventlogVersion version = EventlogVersion::v2) {
  return shown(type, as_bytes(data), version);
}

std::string type_of(std::uint32_t type) {
  Record record;
  record.type = type;
  record.content = ContentType::pcclient;
  return tpm2_event_type(record);
}

std::string as_event(const std::string& data) {
  return "  Event: \"" + to_hex(as_bytes(data)) + "\"\n";
}

std::string little(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    text += static_cast<char>(value >> (8 * i));
  }
  return text;
}

std::string wide(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c;
    out += '\0';
  }
  return out;
}

std::string variable(const std::string& name, const std::string& data, std::uint64_t stated) {
  return std::string(16, '\x11') + little(name.size(), 8) + little(stated, 8) + wide(name) + data;
}

std::string variable(const std::string& name, const std::string& data) {
  return variable(name, data, data.size());
}

constexpr std::uint32_t kPostCode = 0x01;
constexpr std::uint32_t kNoAction = 0x03;
constexpr std::uint32_t kContents = 0x07;
constexpr std::uint32_t kDriverConfig = 0x80000001;
constexpr std::uint32_t kBoot = 0x80000002;
constexpr std::uint32_t kApplication = 0x80000003;
constexpr std::uint32_t kGpt = 0x80000006;
constexpr std::uint32_t kBlob = 0x80000008;
constexpr std::uint32_t kBlob2 = 0x8000000A;
constexpr std::uint32_t kBoot2 = 0x8000000C;
constexpr std::uint32_t kAuthority = 0x800000E0;

TEST_CASE("types that the tool has no name for") {
  CHECK(type_of(0x12) == "EV_OMIT_BOOT_DEVICE_EVENTS");
  CHECK(type_of(0x800000E0) == "EV_EFI_VARIABLE_AUTHORITY");
  CHECK(type_of(0x80000010) == "EV_EFI_HCRTM_EVENT");
  for (const std::uint32_t type : {0x13U, 0x401U, 0x40EU, 0x80000000U, 0x8000000DU, 0x800000E1U, 0xFFFFFFFFU}) {
    CHECK(type_of(type) == "Unknown event type");
  }
}

TEST_CASE("an event without data has no member") {
  CHECK(shown(kPostCode, ""s).empty());
  CHECK(shown(0x401, ""s).empty());
}

TEST_CASE("nothing is cut") {
  const std::string data(5000, '\xAB');
  for (const std::uint32_t type : {0x06U, 0x401U, 0x04U, kGpt, kNoAction}) {
    CHECK(shown(type, data) == as_event(data));
  }
}

TEST_CASE("sixteen bytes of POST code are a base and a length even if they are text") {
  CHECK(shown(kPostCode, "ACPI DATA"s) == "  Event: |-\n    ACPI DATA\n");
  CHECK(shown(kPostCode, "0000000000000000"s) ==
        "  Event:\n    BlobBase: 0x3030303030303030\n    BlobLength: 0x3030303030303030\n");
  CHECK(shown(kContents, "Boot Guard Measured"s) ==
        "  Event:\n    BlobBase: 0x61754720746f6f42\n    BlobLength: 0x757361654d206472\n");
}

TEST_CASE("a blob that is too short is shown as bytes") {
  CHECK(shown(kBlob, "short"s) == as_event("short"));
  CHECK(shown(kContents, "short"s) == as_event("short"));
}

TEST_CASE("the description of a blob is shown as bytes") {
  CHECK(shown(kBlob2, "\x03"s + "ab\0"s + little(0x1000, 8) + little(0x20, 8)) ==
        "  Event:\n    BlobDescriptionSize: 3\n    BlobDescription: \"616200\"\n    BlobBase: 0x1000\n    BlobLength: "
        "0x20\n");
  CHECK(shown(kBlob2, "\xFF"s + "ab"s) == as_event("\xFF"s + "ab"s));
}

TEST_CASE("only the second version names the startup locality") {
  const std::string data = "StartupLocality\0\3"s;
  CHECK(shown(kNoAction, data) == "  Event:\n    StartupLocality: 3\n");
  CHECK(shown(kNoAction, data, EventlogVersion::v1) == as_event(data));
}

TEST_CASE("the first version shows a variable's data as bytes") {
  const std::string head =
      "  Event:\n    VariableName: 11111111-1111-1111-1111-111111111111\n    UnicodeNameLength: 10\n    "
      "VariableDataLength: ";
  CHECK(shown(kDriverConfig, variable("SecureBoot", "\x01"s), EventlogVersion::v1) ==
        head + "1\n    UnicodeName: SecureBoot\n    VariableData: \"01\"\n");
  CHECK(shown(kDriverConfig, variable("SecureBoot", ""), EventlogVersion::v1) ==
        head + "0\n    UnicodeName: SecureBoot\n");
}

// The part behind the four members that every variable has.
std::string data_of(const std::string& event) {
  const std::size_t name = event.find("    UnicodeName: ");
  return name == std::string::npos ? event : event.substr(event.find('\n', name) + 1);
}

TEST_CASE("a switch is one byte or none") {
  CHECK(data_of(shown(kDriverConfig, variable("SecureBoot", "\0"s))) == "    VariableData:\n      Enabled: 'No'\n");
  CHECK(data_of(shown(kDriverConfig, variable("SecureBoot", ""))) == "    VariableData:\n      Enabled: 'No'\n");
  CHECK(data_of(shown(kAuthority, variable("MokListTrusted", "\x01"s))) == "    VariableData:\n      Enabled: 'Yes'\n");
  CHECK(data_of(shown(kDriverConfig, variable("SecureBoot", "\1\0"s))) == "    VariableData: \"0100\"\n");
}

TEST_CASE("what is decoded goes by the type of event as well as by name") {
  CHECK(data_of(shown(kAuthority, variable("SecureBoot", "\x01"s))) == "    VariableData: \"01\"\n");
  CHECK(data_of(shown(kDriverConfig, variable("BootOrder", "\x01\0"s))) == "    VariableData: \"0100\"\n");
  CHECK(data_of(shown(kDriverConfig, variable("dbt", "\x01\0"s))) == "    VariableData: \"0100\"\n");
}

TEST_CASE("boot options are numbered in lower case") {
  CHECK(data_of(shown(kBoot2, variable("BootOrder", "\x0A\x00\xEF\xBE"s))) ==
        "    VariableData:\n    - Boot000a\n    - Bootbeef\n");
  CHECK(data_of(shown(kBoot, variable("BootOrder", "\1\2\3"s))) == "    VariableData: \"010203\"\n");
}

TEST_CASE("a load option's first path is text, and bytes where it is damaged") {
  const std::string head = little(1, 4);
  const std::string pci = "\x01\x01\x06\x00\x02\x1F"s;
  const std::string end = "\x7F\xFF\x04\x00"s;
  const auto option = [&](const std::string& path, const std::string& description) {
    return variable("Boot00Ff", head + little(path.size(), 2) + wide(description + "\0"s) + path);
  };
  CHECK(data_of(shown(kBoot, option(pci + end, "a \"b\"\\"))) ==
        "    VariableData:\n      Enabled: 'Yes'\n      FilePathListLength: 10\n      Description: \"a "
        "\\\"b\\\"\\\\\"\n      DevicePath: 'Pci(0x1f,0x2)'\n");
  CHECK(data_of(shown(kBoot, option("\x01\x01\x02\x00"s, ""))) ==
        "    VariableData:\n      Enabled: 'Yes'\n      FilePathListLength: 4\n      Description: \"\"\n      "
        "DevicePath: '01010200'\n");
  CHECK(data_of(shown(kBoot, variable("Boot0001", "\1\2\3"s))) == "    VariableData: \"010203\"\n");
}

TEST_CASE("signature lists that contradict themselves keep their header") {
  const std::string list = std::string(16, '\x22') + little(10, 4) + little(0, 4) + little(48, 4);
  CHECK(data_of(shown(kDriverConfig, variable("db", list))) ==
        "    VariableData:\n    - SignatureType: 22222222-2222-2222-2222-222222222222\n      SignatureListSize: 10\n   "
        "   SignatureHeaderSize: 0\n      SignatureSize: 48\n      Keys:\n");
  CHECK(data_of(shown(kDriverConfig, variable("dbx", ""))) == "    VariableData:\n");
}

TEST_CASE("an authority is an owner and the rest") {
  CHECK(data_of(shown(kAuthority, variable("Shim", std::string(16, '\x33') + "\xAB\xCD"s))) ==
        "    VariableData:\n    - SignatureOwner: 33333333-3333-3333-3333-333333333333\n      SignatureData: abcd\n");
  CHECK(data_of(shown(kAuthority, variable("db", "short"s))) == "    VariableData: \"73686f7274\"\n");
}

TEST_CASE("data that is shorter than stated is shown as far as it goes") {
  CHECK(data_of(shown(kDriverConfig, variable("X", "ab", 1000))) == "    VariableData: \"6162\"\n");
  CHECK(shown(kDriverConfig, "too short for a variable"s) == as_event("too short for a variable"));
}

TEST_CASE("an image load without path, and one that is cut short") {
  const std::string fixed = little(0x1000, 8) + little(512, 8) + little(0, 8) + little(0, 8);
  CHECK(shown(kApplication, fixed) ==
        "  Event:\n    ImageLocationInMemory: 0x1000\n    ImageLengthInMemory: 512\n    ImageLinkTimeAddress: 0x0\n    "
        "LengthOfDevicePath: 0\n    DevicePath: ''\n");
  CHECK(shown(kApplication, fixed.substr(0, 31)) == as_event(fixed.substr(0, 31)));
}

TEST_CASE("a partition table whose entries are not all there is shown as bytes") {
  const std::string header = "EFI PART"s + std::string(72, '\0') + little(128, 4) + little(128, 4) + little(0, 4);
  REQUIRE(header.size() == 92);
  const std::string whole = header + little(1, 8) + std::string(128, '\0');
  CHECK(shown(kGpt, whole).contains("    NumberOfPartitions: 1\n    Partitions:\n    - PartitionTypeGUID: 00000000-"));
  CHECK(shown(kGpt, whole, EventlogVersion::v1) == as_event(whole));
  const std::string cut = header + little(2, 8) + std::string(128, '\0');
  CHECK(shown(kGpt, cut) == as_event(cut));
  CHECK(shown(kGpt, header + little(0, 8)).ends_with("    NumberOfPartitions: 0\n    Partitions:\n"));
}

TEST_CASE("every cut of an event, and every byte of it changed, is shown as something") {
  const std::string whole =
      variable("db", std::string(16, '\x22') + little(76, 4) + little(0, 4) + little(48, 4) + std::string(48, '\x44'));
  for (const std::uint32_t type :
       {kPostCode, kNoAction, kDriverConfig, kBoot, kApplication, kGpt, kBlob2, kAuthority}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      CHECK(shown(type, whole.substr(0, i + 1)).starts_with("  Event:"));
      std::string changed = whole;
      changed[i] = '\xFF';
      CHECK(shown(type, changed).ends_with('\n'));
    }
  }
}

}  // namespace
}  // namespace mrtool
