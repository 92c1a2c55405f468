#include "formats/aael/reader.hpp"

#include <doctest/doctest.h>

#include "formats/aael/writer.hpp"
#include "formats/tsm/test_log.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;

namespace {

constexpr auto kSha256 = HashAlgorithm::sha256;
constexpr auto kSha384 = HashAlgorithm::sha384;

const std::string kInit = "INIT sha256/" + std::string(64, '0') + "\n";

}  // namespace

TEST_CASE("a last line without its line feed is complete, and stays so") {
  const std::string text = kInit + "a b c";
  const auto log = read_whole("aael", text);
  CHECK_FALSE(log->error);
  CHECK(log->records.size() == 2);
  CHECK(log->diagnostics.has("V26"));
  CHECK(write_text("aael", *log, Raw::dropped) == text);
}

TEST_CASE("both spellings of INIT are read and hashed as they are") {
  const std::string text = "INIT/SHA256 " + std::string(62, '0') + "01\n";
  const auto log = read_whole("aael", text);
  REQUIRE(log->records.size() == 1);
  REQUIRE(log->records[0]->asserts);
  CHECK(log->records[0]->asserts->value.hex() == std::string(62, '0') + "01");
  CHECK(log->diagnostics.has("V27"));
  CHECK(write_text("aael", *log, Raw::dropped) == text);
  CHECK(detect_format({.prefix = as_bytes(text), .complete = true})->format->name == "aael");
}

TEST_CASE("comments and empty lines are not measured, and kept") {
  const std::string text = "# c\n\n" + kInit + "\n\na b c\n #d e f\n\n";
  const auto log = read_whole("aael", text);
  REQUIRE(log->records.size() == 4);
  CHECK_FALSE(log->records[0]->extends);
  CHECK(log->records[1]->asserts);
  CHECK(log->records[3]->extends);
  CHECK(log->diagnostics.has("V28"));
  CHECK(log->info.algorithms[0].algorithm == kSha256);
  CHECK(write_text("aael", *log, Raw::dropped) == text);
  CHECK(write_text("aael", *log, Raw::kept) == text);
}

TEST_CASE("the bank is INIT's, or is given, and both must agree") {
  CHECK(read_whole("aael", kInit, {.bank = kSha384})->error->kind == ErrorKind::malformed);
  CHECK(read_whole("aael", "a b c\n")->error->kind == ErrorKind::inconclusive);
  const auto given = read_whole("aael", "a b c\n", {.bank = kSha384});
  CHECK_FALSE(given->error);
  CHECK(given->diagnostics.has("T27"));
  CHECK(given->records[0]->digests[0].value.size() == 48);
  CHECK_FALSE(read_whole("aael", "")->error);
}

TEST_CASE("a value that is not as long as a digest is cut or padded") {
  const auto log = read_whole("aael", "INIT sha256/01\nINIT sha256/02\n");
  REQUIRE(log->records.size() == 2);
  CHECK(log->records[0]->asserts->value.hex() == "01" + std::string(62, '0'));
  CHECK_FALSE(log->records[1]->asserts);
  CHECK(log->diagnostics.has("T26"));
  CHECK(log->diagnostics.has("V29"));
}

TEST_CASE("other content, and lines whose digest is another's, are lost") {
  const auto log = read_whole("aael", kInit + "a b c\n");
  Record event = *log->records[1];
  CHECK(aael::carry(event, log->info, {}).carriage == Carriage::native);
  const DigestEntry wrong{.algorithm = kSha256, .value = log->records[0]->digests[0].value};
  event.digests = {&wrong, 1};
  CHECK(aael::carry(event, log->info, {}).field == "record");
  event = *log->records[1];
  event.content = ContentType::tsm;
  CHECK(aael::carry(event, log->info, {}).field == "record");
}

TEST_CASE("an AAEL log goes into a TSM log and back") {
  const std::string text = kInit + "a b c d\n# c\nx\n";
  const auto log = read_whole("aael", text);
  const auto carried = write_text("tsm", *log, Raw::dropped);
  REQUIRE(carried);
  const auto there = read_whole("tsm", *carried);
  CHECK(there->records.size() == log->records.size());
  CHECK(write_text("aael", *there, Raw::dropped) == text);
  CHECK(fold(*there, kSha256) == fold(*log, kSha256));
}

TEST_CASE("cuts and pieces of any size") {
  const std::string text = "# c\n" + kInit + "\na b c\nd e f\n\n";
  const auto whole = read_whole("aael", text);
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CAPTURE(size);
    const std::string part = text.substr(0, size);
    const auto log = read_whole("aael", part, {.bank = kSha256});
    CHECK_FALSE(log->error);
    CHECK(write_text("aael", *log, Raw::dropped) == part);
  }
  const auto slow = read_whole("aael", std::make_unique<SlowSource>(as_bytes(text), 1));
  REQUIRE(slow->records.size() == whole->records.size());
  for (std::size_t i = 0; i < whole->records.size(); ++i) {
    CHECK(same_record(*slow->records[i], *whole->records[i]));
  }
}

TEST_CASE("text is detected only where it begins with INIT") {
  for (std::string_view text :
       {"INIT sha256\n", "INITIAL sha256/00\n", "# c\nINIT sha256/00\n", "INIT foo/00\n", "a b c\n"}) {
    CAPTURE(text);
    const auto found = detect_format({.prefix = as_bytes(text), .complete = true});
    CHECK((!found || found->format->name != "aael"));
  }
}
