#include "formats/ima/line.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

#include "lib/base/byte_writer.hpp"

namespace mrtool::ima {
namespace {

Bytes random_field(std::mt19937& random) {
  static constexpr auto kParts = std::to_array<std::string_view>(
      {"sha256", "verity", ":", " ", "\n", "\\", "/usr/bin/true", "a", "|", "\xFF", ".ima", "0"});
  Bytes bytes;
  const auto add = [&bytes](std::string_view text) { bytes.insert(bytes.end(), text.begin(), text.end()); };
  switch (random() % 6) {
    case 0:
      break;
    case 1:
      add("sha1:");
      bytes.push_back(0);
      bytes.resize(bytes.size() + random() % 21, static_cast<std::uint8_t>(random()));
      break;
    case 2:
      bytes.resize(random() % 5, static_cast<std::uint8_t>(random()));
      break;
    case 3:
      add("/usr/bin/true");
      bytes.push_back(0);
      break;
    default:
      for (auto i = random() % 5; i > 0; --i) {
        add(kParts[random() % kParts.size()]);
        if (random() % 4 == 0) {
          bytes.push_back(0);
        }
      }
  }
  return bytes;
}

TEST_CASE("where the text of fields is told to be faithful, it gives their data back and is one line") {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"ima-ng", "ima-sig", "ima-ngv2", "ima-sigv2", "ima-buf", "ima-modsig", "evm-sig", "n", "d", "n-ng|n-ng",
       "imode|n-ng|iuid", "sig|d-ng|igid", "xattrnames|d-modsig", "buf|n", "d-ng"});
  std::mt19937 random(6);
  unsigned faithful = 0;
  unsigned others = 0;
  for (int round = 0; round < 200'000; ++round) {
    const Template kind = *find_template(kNames[random() % kNames.size()]);
    Bytes data;
    for (std::size_t i = 0; i < kind.fields().size(); ++i) {
      const Bytes field = random_field(random);
      append_integer(data, static_cast<std::uint32_t>(field.size()), ByteOrder::little);
      data.insert(data.end(), field.begin(), field.end());
    }
    const auto fields = split_fields(kind, data, ByteOrder::little);
    REQUIRE(fields);
    std::string text;
    append_fields(text, *fields, ByteOrder::little);
    std::string faithful_text;
    REQUIRE(append_faithful_text(faithful_text, kind, data, ByteOrder::little) ==
            text_is_faithful(kind, data, ByteOrder::little));
    if (!text_is_faithful(kind, data, ByteOrder::little)) {
      REQUIRE(faithful_text.empty());
      ++others;
      continue;
    }
    ++faithful;
    REQUIRE(faithful_text == text);
    CAPTURE(text);
    REQUIRE(!text.contains('\n'));
    const Rebuilt rebuilt = rebuild_data(kind, text, ByteOrder::little);
    REQUIRE(rebuilt.problem == "");
    REQUIRE(rebuilt.data == data);
    REQUIRE(rebuilt.missing_blanks == 0);
  }
  CHECK(faithful > 10'000);
  CHECK(others > 10'000);
}

TEST_CASE("the text of an everyday entry is told to be faithful, that of a name with a blank is not") {
  for (const auto& [name, expected] : {std::pair{"/usr/bin/true", true}, std::pair{"/tmp/a b", false},
                                       std::pair{"/tmp/a\nb", false}, std::pair{"", true}}) {
    const std::string with_nul = std::string(name) + '\0';
    ByteWriter data;
    data.u32(12).bytes(as_bytes(std::string_view("sha256:\0abcd", 12)));
    data.u32(static_cast<std::uint32_t>(with_nul.size())).bytes(as_bytes(with_nul));
    CHECK(text_is_faithful(*find_template("ima-ng"), data.data(), ByteOrder::little) == expected);
  }
}

}  // namespace
}  // namespace mrtool::ima
