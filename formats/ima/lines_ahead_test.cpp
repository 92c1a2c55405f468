#include "formats/ima/lines_ahead.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>
#include <string>

#include "formats/ima/digests.hpp"
#include "formats/ima/survey.hpp"
#include "formats/test_log.hpp"
#include "lib/base/byte_writer.hpp"

namespace mrtool::ima {
namespace {

Bytes data_of(std::string_view name) {
  ByteWriter data;
  const std::string digest = std::string("sha256:") + '\0' + std::string(32, 'd');
  data.u32(static_cast<std::uint32_t>(digest.size())).bytes(as_bytes(digest));
  data.u32(static_cast<std::uint32_t>(name.size() + 1)).bytes(as_bytes(name)).u8(0);
  return data.take();
}

struct Entry {
  Bytes data;
  std::string front;  // of the line: what comes before the file's digest
  std::string file;
  std::string name;
  bool readable = true;
};

std::string line_of(const Entry& entry) {
  return fmt::format("{} {} {}\n", entry.front, entry.file, entry.name);
}

// An everyday entry, or one that is not for any of the reasons that there are.
Entry random_entry(std::mt19937& random, HashEngine& engine, unsigned strange) {
  const auto kind = random() % 100 < strange ? 1 + random() % 9 : 0U;
  Entry entry;
  entry.name = "/usr/bin/" + std::string(random() % 70, 'n');
  entry.name += kind == 1 ? " with a blank" : "";
  entry.name += kind == 2 ? "\nwith a line feed" : "";
  entry.data = data_of(entry.name);
  std::string digest = to_hex(engine.hash(HashAlgorithm::sha1, entry.data).view());
  digest = kind == 3 ? std::string(40, '0') : kind == 4 ? std::string(40, 'a') : digest;
  digest += kind == 5 ? std::string(24, '0') : "";
  entry.front = fmt::format("{} {} {}",
                            kind == 6   ? " 3"
                            : kind == 7 ? "3"
                                        : "10",
                            digest, kind == 8 ? "n-ngg" : "ima-ng");
  entry.file = kind == 9 ? "sha256" : "sha256:" + to_hex(ByteView(entry.data).subspan(12, 32));
  entry.readable = kind != 5 && kind != 8 && kind != 9;
  return entry;
}

// What LinesAhead should take of a line, by the functions that take any line.
std::optional<LineEntry> plainly(HashEngine& engine, std::string_view text, Rebuilt& rebuilt) {
  const auto line = parse_line(text);
  const auto kind = line ? find_template(line->name) : std::nullopt;
  if (!kind) {
    return std::nullopt;
  }
  rebuilt = rebuild_data(*kind, line->fields, ByteOrder::little);
  const bool entry = rebuilt.problem.empty() && line->digest.size() == 20 &&
                     (Digests::is_violation(line->digest.view()) || confirm(engine, line->digest.view(), rebuilt.data));
  return entry ? std::optional(LineEntry{.line = *line, .data = rebuilt.data, .size = text.size() + 1}) : std::nullopt;
}

TEST_CASE("lines that are taken together are those, and say what, each says by itself") {
  std::mt19937 random(6);
  HashEngine engine;
  std::size_t together = 0;
  std::size_t left = 0;
  for (const unsigned strange : {0U, 2U, 40U, 100U}) {
    CAPTURE(strange);
    std::string text;
    for (int i = 0; i < 1000; ++i) {
      text += line_of(random_entry(random, engine, strange));
    }
    text += "10 cut";
    LinesAhead ahead;
    Arena arena;
    std::string_view rest = text;
    while (rest.contains('\n')) {
      const auto taken = ahead.take(rest, HashAlgorithm::sha1, ByteOrder::little, engine, arena);
      together += taken.entries.size();
      for (const LineEntry& entry : taken.entries) {
        Rebuilt rebuilt;
        const auto expected = plainly(engine, rest.substr(0, rest.find('\n')), rebuilt);
        REQUIRE(expected);
        CHECK(entry.line.pcr == expected->line.pcr);
        CHECK(entry.line.digest == expected->line.digest);
        CHECK(entry.line.name == expected->line.name);
        CHECK(entry.line.fields == expected->line.fields);
        CHECK(entry.line.unpadded_pcr == expected->line.unpadded_pcr);
        CHECK(equal(entry.data, expected->data));
        CHECK(entry.missing_blanks == rebuilt.missing_blanks);
        CHECK(entry.blank_in_name == rebuilt.blank_in_name);
        CHECK(entry.size == expected->size);
        rest.remove_prefix(entry.size);
      }
      if (!taken.more && rest.contains('\n')) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        Rebuilt rebuilt;
        // It has stopped in front of another kind of line, if not because it had tried enough.
        CHECK((!taken.entries.empty() || !plainly(engine, line, rebuilt)));
        left += taken.entries.empty() ? 1 : 0;
        rest.remove_prefix(taken.entries.empty() ? line.size() + 1 : 0);
      }
    }
  }
  CHECK(together > 2000);
  CHECK(left > 500);
}

TEST_CASE("every entry of a list is read, whatever lines are around it") {
  std::mt19937 random(7);
  HashEngine engine;
  std::string text = line_of(random_entry(random, engine, 0));
  std::vector<Bytes> expected;
  for (int i = 0; i < 5000; ++i) {
    // Runs of everyday lines, and of others that can be read.
    const Entry entry = random_entry(random, engine, i / 500 % 2 == 0 ? 1 : 60);
    if (entry.readable) {
      text += line_of(entry);
      expected.push_back(entry.data);
    }
  }
  const auto list = testing::read_whole("ima-ascii", as_bytes(text));
  REQUIRE(list);
  CHECK_FALSE(list->error);
  REQUIRE(list->records.size() == 1 + expected.size());
  std::uint64_t offset = list->records[0]->raw.size();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    const Record& record = *list->records[i + 1];
    CHECK(equal(record.data, expected[i]));
    CHECK(record.number == i + 1);
    CHECK(record.offset == offset);
    offset += record.raw.size();
  }
  CHECK(offset == text.size());
}

}  // namespace
}  // namespace mrtool::ima
