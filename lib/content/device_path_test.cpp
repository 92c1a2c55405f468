#include "lib/content/device_path.hpp"

#include <doctest/doctest.h>

#include "lib/base/byte_writer.hpp"

namespace mrtool {

namespace {

Bytes node(std::uint8_t type, std::uint8_t subtype, const Bytes& data) {
  ByteWriter writer;
  writer.u8(type).u8(subtype).u16(static_cast<std::uint16_t>(data.size() + 4)).bytes(data);
  return writer.take();
}

const Bytes kEnd = node(0x7F, 0xFF, {});
const Bytes kNextInstance = node(0x7F, 0x01, {});
const Bytes kPciRoot = node(2, 1, {0xD0, 0x41, 0x03, 0x0A, 0, 0, 0, 0});
const Bytes kPci = node(1, 1, {2, 0x1F});
const Bytes kFile = node(4, 4, {'\\', 0, 'a', 0, 0, 0});

Bytes path(std::initializer_list<Bytes> nodes) {
  Bytes out;
  for (const Bytes& bytes : nodes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

}  // namespace

TEST_CASE("device path of sound nodes") {
  const Bytes bytes = path({kPciRoot, kPci, kFile, kEnd});
  const DevicePathText shown = format_device_path(bytes);
  CHECK(shown.text == "PciRoot(0x0)/Pci(0x1f,0x2)/File(\\a)");
  CHECK(shown.problem.empty());
  CHECK(shown.bytes == bytes.size());
}

TEST_CASE("empty device path is legal") {
  CHECK(format_device_path({}).text.empty());
  CHECK(format_device_path({}).problem.empty());
  CHECK(format_device_path(kEnd).text.empty());
}

TEST_CASE("instances are separated by commas, and all of them are shown") {
  CHECK(format_device_path(path({kPciRoot, kPci, kNextInstance, kPciRoot, kFile, kEnd})).text ==
        "PciRoot(0x0)/Pci(0x1f,0x2),PciRoot(0x0)/File(\\a)");
}

TEST_CASE("bytes behind the end node are not looked at") {
  const DevicePathText shown = format_device_path(path({kPci, kEnd, kPci}));
  CHECK(shown.text == "Pci(0x1f,0x2)");
  CHECK(shown.bytes == 10);
}

TEST_CASE("missing end node is a problem, the nodes are shown") {
  const DevicePathText shown = format_device_path(kPci);
  CHECK(shown.text == "Pci(0x1f,0x2)");
  CHECK(shown.problem == "the device path has no end node");
}

TEST_CASE("node lengths of 0 and 3 and past the end stop the walk and show the rest") {
  for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{3}, std::uint8_t{9}}) {
    const DevicePathText shown = format_device_path(path({kPci, Bytes{1, 1, length, 0, 0xAA, 0xBB}}));
    CHECK(shown.text == "Pci(0x1f,0x2)/Path(1,1,aabb)");
    CHECK_FALSE(shown.problem.empty());
    CHECK(shown.bytes == 12);
  }
}

TEST_CASE("fewer bytes than a node's header") {
  CHECK(format_device_path(Bytes{1}).text == "Path(1,0,)");
  CHECK(format_device_path(Bytes{1, 2, 3}).problem == "3 bytes of a device path node");
}

TEST_CASE("file name without a NUL is shown to its end") {
  const DevicePathText shown = format_device_path(path({node(4, 4, {'a', 0, 'b', 0}), kEnd}));
  CHECK(shown.text == "File(ab)");
  CHECK_FALSE(shown.problem.empty());
}

TEST_CASE("hard drive nodes of each kind") {
  ByteWriter writer;
  writer.u32(1).u64(0x800).u64(0x7F000).bytes(*from_hex("78563412000000000000000000000000")).u8(1).u8(1);
  CHECK(format_device_path(path({node(4, 1, writer.data()), kEnd})).text == "HD(1,MBR,0x12345678,0x800,0x7f000)");
  Bytes gpt = writer.take();
  gpt[36] = 2;
  gpt[37] = 2;
  CHECK(format_device_path(path({node(4, 1, gpt), kEnd})).text ==
        "HD(1,GPT,12345678-0000-0000-0000-000000000000,0x800,0x7f000)");
}

TEST_CASE("every node type survives every size, whatever its bytes") {
  constexpr std::size_t kLongest = 72;
  for (unsigned type = 1; type <= 6; ++type) {
    for (unsigned subtype = 0; subtype <= 40; ++subtype) {
      for (std::size_t size = 0; size <= kLongest; ++size) {
        for (const std::uint8_t fill : {std::uint8_t{0}, std::uint8_t{'A'}, std::uint8_t{0xFF}}) {
          const Bytes bytes = path(
              {node(static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(subtype), Bytes(size, fill)), kEnd});
          const DevicePathText shown = format_device_path(bytes);
          REQUIRE_FALSE(shown.text.empty());
          REQUIRE(shown.bytes == bytes.size());
        }
      }
    }
  }
}

TEST_CASE("short nodes are shown by us, with all their bytes, and reported") {
  struct Case {
    std::uint8_t type;
    std::uint8_t subtype;
    std::size_t size;
    const char* text;
  };
  const Case cases[] = {
      {1, 1, 1, "HardwarePath(1,61)"}, {1, 4, 3, "HardwarePath(4,616161)"}, {2, 1, 2, "AcpiPath(1,6161)"},
      {3, 5, 1, "Msg(5,61)"},          {4, 1, 2, "MediaPath(1,6161)"},      {5, 1, 1, "BbsPath(1,61)"},
  };
  for (const Case& item : cases) {
    const DevicePathText shown = format_device_path(path({node(item.type, item.subtype, Bytes(item.size, 'a')), kEnd}));
    CHECK(shown.text == item.text);
    CHECK_FALSE(shown.problem.empty());
  }
}

TEST_CASE("unknown nodes are shown with all their bytes and are no problem") {
  const DevicePathText shown = format_device_path(path({node(4, 77, {1, 2, 3, 4}), node(9, 1, {5}), kEnd}));
  CHECK(shown.text == "MediaPath(77,01020304)/Path(9,1,05)");
  CHECK(shown.problem.empty());
}

TEST_CASE("vendor node that the library takes for a longer structure keeps its bytes") {
  Bytes edd = *from_hex("c5fa31cf4ec2d21185f300a0c93ec93b");
  edd.push_back(0x80);
  CHECK(format_device_path(path({node(1, 4, edd), kEnd})).text == "VenHw(cf31fac5-c24e-11d2-85f3-00a0c93ec93b,80)");
}

TEST_CASE("strings of nodes need no NUL of their own") {
  CHECK(format_device_path(path({node(3, 24, {'h', ':', '/'}), kEnd})).text == "Uri(h:/)");
  CHECK(format_device_path(path({node(5, 1, {2, 0, 0, 0, 'd'}), kEnd})).text == "BBS(HD,d,0x0)");
}

TEST_CASE("no more nodes are divided than the limit") {
  ByteWriter writer;
  for (int i = 0; i < 1025; ++i) {
    writer.u8(9).u8(1).u16(4);
  }
  const DevicePathText shown = format_device_path(writer.data());
  CHECK(shown.text.ends_with("/Path(9,1)/Path(9,1,)"));
  CHECK(shown.problem == "only the first 1024 device path nodes are divided");
  CHECK(shown.bytes == writer.data().size());
}

TEST_CASE("a path of megabytes is shown in a text that is bounded, whatever its nodes") {
  constexpr std::size_t kMegabytes = 16 * 1024 * 1024;
  constexpr std::size_t kMostText = 2 * 1024 * 1024;
  Bytes small;
  while (small.size() < kMegabytes) {
    small.insert(small.end(), kPciRoot.begin(), kPciRoot.end());
  }
  Bytes large;
  while (large.size() < kMegabytes) {
    const Bytes vendor = node(3, 10, Bytes(0xFFFF - 4, 0x11));
    large.insert(large.end(), vendor.begin(), vendor.end());
  }
  Bytes undivided = kPci;
  undivided.resize(kMegabytes, 0);
  for (const Bytes& bytes : {small, large, undivided}) {
    const DevicePathText shown = format_device_path(bytes);
    CHECK(shown.text.size() < kMostText);
    CHECK(shown.text.ends_with("...)"));
    CHECK_FALSE(shown.problem.empty());
    CHECK(shown.bytes == bytes.size());
  }
}

TEST_CASE("the longest node there can be") {
  const DevicePathText shown = format_device_path(path({node(3, 10, Bytes(0xFFFF - 4, 0x11)), kEnd}));
  CHECK(shown.text.size() > 2 * (0xFFFF - 20));
  CHECK(shown.problem.empty());
}

}  // namespace mrtool
