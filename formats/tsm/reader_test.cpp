#include "formats/tsm/reader.hpp"

#include <doctest/doctest.h>

#include "formats/tsm/test_log.hpp"
#include "lib/base/limits.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;
using namespace std::string_view_literals;

namespace {

constexpr auto kSha256 = HashAlgorithm::sha256;
constexpr auto kSha384 = HashAlgorithm::sha384;

const std::string kSync = "SYNC sha256/" + std::string(64, '0') + "\n";
const std::string kExtend = "# .EXTEND " + std::string(64, '1') + "\n";

std::uint32_t type_of(TsmLine kind) {
  return static_cast<std::uint32_t>(kind);
}

void check_error(std::string_view text, ErrorKind kind, std::string_view part, std::size_t records,
                 const ReadOptions& options = {}) {
  CAPTURE(text);
  const auto log = read_whole("tsm", text, options);
  REQUIRE(log->error);
  CHECK(log->error->kind == kind);
  CHECK(log->error->message.contains(part));
  CHECK(log->records.size() == records);
}

}  // namespace

TEST_CASE("lines end at LF only, and are neither trimmed nor folded nor decoded") {
  const std::string text = kSync + std::string("\n a \t\n\r\nb\rc\r\n\0\n\xff\xfe\n"sv);
  const auto all = read_whole("tsm", text);
  REQUIRE(all->records.size() == 6);
  CHECK(as_text(all->records[1]->data) == " a \t");
  CHECK(as_text(all->records[2]->data) == "\r");
  CHECK(as_text(all->records[3]->data) == "b\rc\r");
  CHECK(as_text(all->records[4]->data) == "\0"sv);
  CHECK(as_text(all->records[5]->data) == "\xff\xfe");
  for (const Record* record : all->records) {
    CHECK(equal(HashEngine().hash(kSha256, record->data).view(), record->digests[0].value));
  }
  CHECK(write_text("tsm", *all, Raw::dropped) == text);
  CHECK(all->diagnostics.count("V23") == 1);
}

TEST_CASE("a comment has # as its first byte; white space before it makes it a record") {
  const auto log = read_whole("tsm", kSync + " # x\n#\n");
  REQUIRE(log->records.size() == 3);
  CHECK(log->records[1]->type == type_of(TsmLine::record));
  CHECK(log->records[2]->type == type_of(TsmLine::comment));
}

TEST_CASE("empty lines are prefixes; those behind the last line are left over") {
  const std::string text = "\n\n" + kSync + "\n\n\na\n\n\n";
  const auto log = read_whole("tsm", text);
  REQUIRE(log->records.size() == 2);
  CHECK(log->records[0]->prefix.size() == 2);
  CHECK(log->records[1]->prefix.size() == 3);
  CHECK(log->trailing == Bytes{'\n', '\n'});
  CHECK(write_text("tsm", *log, Raw::dropped) == text);
  CHECK(write_text("tsm", *log, Raw::kept) == text);
}

TEST_CASE("a log of nothing, or of comments, needs no bank") {
  CHECK_FALSE(read_whole("tsm", "")->error);
  CHECK_FALSE(read_whole("tsm", "\n\n")->error);
  const auto log = read_whole("tsm", "# a\n\n# b\n");
  CHECK_FALSE(log->error);
  CHECK(log->records.size() == 2);
  CHECK(log->info.algorithms.empty());
}

TEST_CASE("the bank comes from the first SYNC or is given, and both must agree") {
  CHECK(read_whole("tsm", kExtend + "\n" + kSync)->info.algorithms[0].algorithm == kSha256);
  CHECK(read_whole("tsm", "a\n", {.bank = kSha384})->info.algorithms[0].algorithm == kSha384);
  CHECK_FALSE(read_whole("tsm", kSync, {.bank = kSha256})->error);
  check_error(kSync + "\na\n", ErrorKind::malformed, "expected a log of bank sha384", 0, {.bank = kSha384});
  check_error("# c\n" + kSync, ErrorKind::malformed, "found one of bank sha256", 1, {.bank = kSha384});
  check_error("a\n" + kSync, ErrorKind::inconclusive, "--bank", 0);
  check_error(kExtend, ErrorKind::inconclusive, "--bank", 0);
  check_error(kExtend + "a\n", ErrorKind::inconclusive, "--bank", 0);
}

TEST_CASE("the last line must have its line feed") {
  check_error(kSync + "\na\nb", ErrorKind::malformed, "cut short", 2);
  check_error(kSync + "\n# c", ErrorKind::malformed, "cut short", 1);
  check_error(kExtend + "SYNC sha256/00", ErrorKind::malformed, "cut short", 0);
}

TEST_CASE("lines that are almost SYNC or .EXTEND are ordinary, and noted") {
  const std::string zeros(64, '0');
  for (const std::string& line : std::vector<std::string>{
           std::string("SYNC"), "SYNC sha256/" + zeros + " ", "SYNC sha256/00", "SYNC  sha256/" + zeros,
           "SYNC SHA256/" + zeros, "SYNC md5/" + zeros, "SYNC sha384/" + zeros + zeros.substr(32),
           std::string("SYNCED"), "SYNC 0x000b/" + zeros}) {
    CAPTURE(line);
    const auto log = read_whole("tsm", kSync + "\n" + line + "\n");
    REQUIRE(log->records.size() == 2);
    CHECK(log->records[1]->type == type_of(TsmLine::record));
    CHECK_FALSE(log->records[1]->asserts);
    CHECK(log->diagnostics.has("V20"));
  }
  for (const std::string& line :
       std::vector<std::string>{std::string("# .EXTEND"), "# .EXTEND  " + zeros, "# .EXTEND " + zeros + " ",
                                "# .EXTEND " + zeros + zeros.substr(32), "# .EXTEND " + zeros.substr(1) + "g"}) {
    CAPTURE(line);
    const auto log = read_whole("tsm", kSync + "\n" + line + "\n");
    REQUIRE(log->records.size() == 2);
    CHECK(log->records[1]->type == type_of(TsmLine::comment));
    CHECK_FALSE(log->records[1]->extends);
    CHECK(log->diagnostics.has("V21"));
  }
}

TEST_CASE("upper-case digits are read, noted and kept") {
  const std::string text = "SYNC sha256/" + std::string(64, 'A') + "\n\n# .EXTEND " + std::string(64, 'B') + "\n";
  const auto log = read_whole("tsm", text);
  REQUIRE(log->records.size() == 2);
  CHECK(log->records[0]->asserts->value.hex() == std::string(64, 'a'));
  CHECK(log->records[1]->extends);
  CHECK(log->diagnostics.count("V22") == 2);
  CHECK(write_text("tsm", *log, Raw::dropped) == text);
}

TEST_CASE("the register is the one that is given") {
  const auto unnamed = read_whole("tsm", kSync);
  CHECK(unnamed->records[0]->reg.name == "unnamed");
  CHECK(unnamed->records[0]->reg.kind == RegisterKind::virtual_mr);
  Register reg;
  reg.kind = RegisterKind::rtmr;
  reg.index = 2;
  CHECK(read_whole("tsm", kSync, {.reg = reg})->records[0]->reg == reg);
}

TEST_CASE("what a kernel would not write is noted once") {
  for (const std::string& text :
       std::vector<std::string>{"\n" + kSync, kSync + "\n\na\n", kSync + "\na \n", kSync + "\na\r\n", kSync + "a\n",
                                kSync + "\na\n\n", "# c\n\n" + kSync, kExtend + kSync, kSync + "\n\xa0x\n"}) {
    CAPTURE(text);
    CHECK(read_whole("tsm", text)->diagnostics.count("V23") == 1);
  }
  for (const std::string& text :
       std::vector<std::string>{kSync, kSync + "\na\nb\n\nc\n", kExtend + kExtend + "\n" + kSync + "\na\n"}) {
    CAPTURE(text);
    CHECK(read_whole("tsm", text)->diagnostics.count("V23") == 0);
  }
}

TEST_CASE("a line without end stops at the bound") {
  class Endless final : public ByteSource {
   public:
    Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
      std::ranges::fill(buffer, std::uint8_t{'a'});
      return buffer.size();
    }
  };
  const auto log = read_whole("tsm", std::make_unique<Endless>(), {.bank = kSha256});
  REQUIRE(log->error);
  CHECK(log->error->kind == ErrorKind::malformed);
  CHECK(log->records.empty());
}

TEST_CASE("every cut hands over the lines before it, and pieces of any size make no difference") {
  const std::string text = kExtend + "\n" + kSync + "\n# c\na\nb\n\n" + kExtend + "\nlast\n";
  const auto whole = read_whole("tsm", text, {.bank = kSha256});
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CAPTURE(size);
    const std::string_view part = std::string_view(text).substr(0, size);
    const auto log = read_whole("tsm", part, {.bank = kSha256});
    CHECK(log->error.has_value() == (!part.empty() && !part.ends_with('\n')));
    std::size_t expected = 0;
    while (expected < whole->records.size() &&
           whole->records[expected]->offset + whole->records[expected]->raw.size() <= size) {
      ++expected;
    }
    REQUIRE(log->records.size() == expected);
    for (std::size_t i = 0; i < expected; ++i) {
      CHECK(same_record(*log->records[i], *whole->records[i]));
    }
  }
  const auto slow = read_whole("tsm", std::make_unique<SlowSource>(as_bytes(text), 3));
  REQUIRE(slow->records.size() == whole->records.size());
  for (std::size_t i = 0; i < whole->records.size(); ++i) {
    CHECK(same_record(*slow->records[i], *whole->records[i]));
    CHECK(slow->records[i]->offset == whole->records[i]->offset);
  }
}

TEST_CASE("any text is detected only where its first measured line is a SYNC, or its first line an .EXTEND") {
  const auto format_of = [](std::string_view text) {
    const auto found = detect_format({.prefix = as_bytes(text), .complete = true});
    return found ? found->format->name : std::string_view{};
  };
  for (const std::string& text :
       std::vector<std::string>{kSync, "# a comment\n\n" + kSync, kExtend, kExtend + kExtend, kSync.substr(0, 40),
                                std::string("# mrtool/1 log sha256\n")}) {
    CAPTURE(text);
    CHECK(format_of(text) == "tsm");
  }
  for (const std::string& text : std::vector<std::string>{std::string("# only a comment\n"), "a\n" + kSync,
                                                          std::string("SYNC\n"), std::string("\n\n"), "# c\n" + kExtend,
                                                          std::string("SYNC md5/00"), std::string("SYNC sha256/x")}) {
    CAPTURE(text);
    CHECK(format_of(text) != "tsm");
  }
}
