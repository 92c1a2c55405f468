// Text and CBOR that were made to hurt, in each format that can hold them: refused with the place, behind the record
// before it, or read as the format says; and items without an end, of which only a bounded part is taken.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "formats/cel/test_log.hpp"
#include "formats/ima/test_log.hpp"
#include "formats/test_log.hpp"
#include "lib/base/limits.hpp"

using namespace mrtool;
using namespace mrtool::testing;

namespace {

constexpr std::string_view kSystemdRecord = "\x1e{\"pcr\":1,\"digests\":[]}\n";
constexpr std::string_view kYamlEvent =
    "- EventNum: 0\n  PCRIndex: 0\n  EventType: EV_SEPARATOR\n  DigestCount: 1\n  Digests:\n  - AlgorithmId: sha1\n"
    "    Digest: \"0123456789012345678901234567890123456789\"\n  EventSize: 4\n  Event: \"00000000\"\n";

// A log of one good record, with `bad` in the place of another.
std::string log_with(std::string_view format, std::string_view bad) {
  if (format == "cel-json") {
    return fmt::format("[{},{}]", cel::testing::kJsonB, bad);
  }
  if (format == "systemd") {
    return fmt::format("{}\x1e{}\n", kSystemdRecord, bad);
  }
  if (format == "json") {
    return fmt::format(R"({{"schema":"mrtool.log/1","format":"systemd","records":[{{"raw":"{}"}},{}]}})",
                       to_hex(as_bytes(kSystemdRecord)), bad);
  }
  if (format == "ima-ascii") {
    return fmt::format("{}{}\n", ima::testing::kAsciiSha1, bad);
  }
  if (format == "tpm2-yaml") {
    return fmt::format("---\nversion: 1\nevents:\n{}{}", kYamlEvent, bad);
  }
  if (format == "aael") {
    return fmt::format("INIT sha256/{}\n{}\n", std::string(64, '0'), bad);
  }
  if (format == "cel-cbor") {
    return std::string(as_text(cel::testing::hex(fmt::format("9f{}{}ff", cel::testing::kCborA, bad))));
  }
  return fmt::format("SYNC sha256/{}\n{}\n", std::string(64, '0'), bad);
}

struct Case {
  std::string_view what;
  std::string_view format;
  std::string bad;
  std::string_view message;  // the start of it; "": read
};

const std::string kDeep = std::string(1000, '[') + std::string(1000, ']');
constexpr std::string_view kImaLine = "10 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-ng sha1:00 ";

std::vector<Case> cases() {
  return {
      {"invalid UTF-8", "cel-json", "{\"pcr\":1,\"digests\":[],\"x\":\"\xff\"}", "expected UTF-8"},
      {"invalid UTF-8", "systemd", "{\"pcr\":1,\"digests\":[],\"x\":\"\xff\"}", "expected UTF-8"},
      {"invalid UTF-8", "json", "{\"raw\":\"\",\"x\":\"\xff\"}", "expected UTF-8"},
      {"invalid UTF-8 in a file name, which Linux allows", "ima-ascii", std::string(kImaLine) + "a\xff", ""},
      {"invalid UTF-8, of which the digest is taken as it is", "tsm", "a\xff", ""},
      {"invalid UTF-8, of which the digest is taken as it is", "aael", "a b \xff", ""},
      {"NUL", "cel-json", std::string("{\"pcr\":1,\0\"digests\":[]}", 23), "expected"},
      {"NUL", "systemd", std::string("{\"pcr\":1,\0\"digests\":[]}", 23), "expected"},
      {"NUL", "json", std::string("{\"raw\":\"\"\0}", 11), "expected"},
      {"NUL in a file name, which ends there", "ima-ascii", std::string(kImaLine) + std::string("a\0b", 3), ""},
      {"NUL, of which the digest is taken as it is", "tsm", std::string("a\0b", 3), ""},
      {"NUL, of which the digest is taken as it is", "aael", std::string("a b \0", 5), ""},
      {"member twice", "cel-json", "{\"pcr\":1,\"pcr\":1,\"digests\":[]}", "an object has the member \"pcr\" twice"},
      {"member twice", "systemd", "{\"pcr\":1,\"pcr\":1,\"digests\":[]}", "an object has the member \"pcr\" twice"},
      {"member twice", "json", "{\"raw\":\"\",\"raw\":\"\"}", "an object has the member \"raw\" twice"},
      {"member twice", "cel-cbor", "a60001000101000380090a0a40", "expected key 0 once"},
      {"number out of range", "cel-json", "{\"pcr\":4294967296,\"digests\":[]}", "expected"},
      {"number out of range", "systemd", "{\"pcr\":4294967296,\"digests\":[]}", "expected"},
      {"number beyond 64 bits", "cel-json", "{\"pcr\":1,\"recnum\":18446744073709551616,\"digests\":[]}", "expected"},
      {"number out of range", "ima-ascii", "4294967296 c8acbfa06c0d5bf7696db445ba8489fa2393c0d5 ima-ng sha1:00 x",
       "expected"},
      {"number out of range", "cel-cbor", "a50001011b0000000100000000038009040a40", "expected"},
      {"nesting", "cel-json", "{\"pcr\":1,\"digests\":[],\"x\":" + kDeep + "}", "more than 32 brackets"},
      {"nesting", "systemd", "{\"pcr\":1,\"digests\":[],\"x\":" + kDeep + "}", "more than 32 brackets"},
      {"nesting", "json", "{\"raw\":\"\",\"x\":" + kDeep + "}", "more than 32 brackets"},
      {"array of 2^64-1 digests", "cel-cbor",
       "a5000101000"
       "39bffffffffffffffff",
       "expected"},
      {"text of 2^64-1 bytes", "cel-cbor", "a5000101000380090a0a7bffffffffffffffff", "expected"},
  };
}

// What begins well and never ends. Tells how much was taken of it.
class Endless final : public ByteSource {
 public:
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 30U;

  Endless(std::string front, char filler, std::uint64_t& taken)
      : front_(std::move(front)), filler_(static_cast<std::uint8_t>(filler)), taken_(taken) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    if (taken_ >= kMost) {
      return std::size_t{0};
    }
    std::ranges::fill(buffer, filler_);
    if (taken_ < front_.size()) {
      const ByteView rest = as_bytes(front_).subspan(taken_);
      std::ranges::copy(rest.first(std::min(rest.size(), buffer.size())), buffer.begin());
    }
    taken_ += buffer.size();
    return buffer.size();
  }

 private:
  std::string front_;
  std::uint8_t filler_;
  std::uint64_t& taken_;
};

}  // namespace

TEST_CASE("hostile records are refused with their place, behind the record before them") {
  for (const Case& bad : cases()) {
    CAPTURE(bad.what);
    CAPTURE(bad.format);
    const std::string text = log_with(bad.format, bad.bad);
    const std::string good = text.substr(0, log_with(bad.format, "").size() - 2);  // and no more than an end behind it
    const auto log = read_whole(bad.format, as_bytes(text), {.bank = HashAlgorithm::sha256});
    if (bad.message.empty()) {
      CHECK_MESSAGE(!log->error, (log->error ? to_string(*log->error) : ""));
      continue;
    }
    REQUIRE(log->error);
    CHECK_MESSAGE(log->error->message.contains(bad.message), log->error->message);
    CHECK(log->error->kind == ErrorKind::malformed);
    CHECK_FALSE(log->records.empty());
    if (bad.format == "json") {  // records and offsets are the carried log's
      CHECK_MESSAGE(log->error->message.starts_with("byte "), log->error->message);
      continue;
    }
    CHECK(log->error->record == log->records.size());
    REQUIRE(log->error->offset);
    CHECK(*log->error->offset + 1 >= good.size());
    CHECK(*log->error->offset <= text.size());
  }
}

TEST_CASE("an item without an end is given up, and no more of it is taken than twice what a record may have") {
  struct Front {
    std::string_view format;
    std::string front;
    char filler;
  };
  const std::string cbor_bytes(as_text(cel::testing::hex("9fa5000001000380090a0a5f")));
  const std::string cbor_array(as_text(cel::testing::hex("9fa600000100038018639f")));
  const std::string zeros(64, '0');
  for (const Front& endless : std::vector<Front>{
           {"cel-json", "[{\"pcr\":1,\"x\":\"", 'a'},
           {"cel-json", "[", ' '},
           {"systemd", "\x1e{\"pcr\":1,\"x\":\"", 'a'},
           {"json", R"({"schema":"mrtool.log/1","format":"systemd","records":[{"raw":")", '0'},
           {"ima-ascii", "10 ", 'a'},
           {"tpm2-yaml", "---\nversion: 1\nevents:\n- EventNum: ", '0'},
           {"tsm", "SYNC sha256/" + zeros + "\n", '\n'},
           {"aael", "INIT sha256/" + zeros + "\n", 'a'},
           {"cel-cbor", cbor_bytes, 'A'},
           {"cel-cbor", cbor_array, '\0'},
       }) {
    CAPTURE(endless.format);
    CAPTURE(endless.front);
    std::uint64_t taken = 0;
    const auto log = read_whole(endless.format, std::make_unique<Endless>(endless.front, endless.filler, taken));
    REQUIRE(log->error);
    CHECK(log->error->kind == ErrorKind::malformed);
    CHECK(taken <= 2 * limits::kRecordBytes + limits::kReadPiece);
  }
}
