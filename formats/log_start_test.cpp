// Readers that begin in the middle of a log, behind a prefix that a hash binds.
#include "formats/log_start.hpp"

#include <fmt/format.h>

#include "formats/ima/test_log.hpp"
#include "lib/content/tsm_line.hpp"

namespace mrtool {
namespace {

using ima::testing::kAsciiSha1;
using ima::testing::sha1_list;

// One log in memory, handed out in small pieces.
class OneLog final : public Host {
 public:
  explicit OneLog(ByteView bytes) : bytes_(bytes) {}

  std::string system_path(const std::string& path) const override { return path; }
  Result<std::unique_ptr<ByteSource>> open(const std::string& /*path*/) override { return standard_input(); }
  std::unique_ptr<ByteSource> standard_input() override {
    constexpr std::size_t kStep = 7;
    return std::make_unique<testing::SlowSource>(bytes_, kStep);
  }
  FileKind kind(const std::string& path) override { return path == "log" ? FileKind::regular : FileKind::absent; }
  Result<std::vector<std::string>> list(const std::string& /*directory*/) override {
    return std::vector<std::string>();
  }
  Status write_file(const std::string& /*path*/, ByteView /*content*/) override {
    return fail(ErrorKind::io, "read-only");
  }

 private:
  ByteView bytes_;
};

struct Read {
  std::vector<std::string> records;  // all that there is to say of each
  LogSummary summary;
  std::vector<Error> errors;
  std::optional<Error> start_error;
  Result<LogStart> end = fail(ErrorKind::unsupported, "");
  DiagnosticSink diagnostics;
};

std::string text_of(const Record& record) {
  std::string text = fmt::format("{} at {}: {} {} {} {} {} {}", record.number, record.offset, to_string(record.reg),
                                 to_hex(record.raw), record.extends, record.tentative, record.starts_instance,
                                 record.asserts ? record.asserts->value.hex() : "");
  for (const DigestEntry& digest : record.digests) {
    text += fmt::format(" {}:{}", to_string(digest.algorithm), to_hex(digest.value));
  }
  return text;
}

Read read_log(ByteView bytes, std::string_view name, const ChainOptions& options) {
  OneLog host(bytes);
  Read read;
  LogChain chain({*parse_log_name(name)}, host, read.diagnostics, options);
  LogChain::Step step;
  while (chain.next(step)) {
    for (const Record& record : step.batch->records) {
      read.records.push_back(text_of(record));
    }
  }
  REQUIRE(chain.logs().size() == 1);
  read.summary = chain.logs().front();
  read.errors = chain.errors();
  read.start_error = chain.start_error();
  read.end = chain.where_it_ends();
  return read;
}

Result<LogStart> start_behind(ByteView bytes, std::string_view name, std::uint64_t records, ChainOptions options = {}) {
  options.keeps_end = true;
  options.end = records;
  return read_log(bytes, name, options).end;
}

// Reads on behind every record, and tells how many records there are.
std::size_t check_every_cut(ByteView bytes, std::string_view name, ChainOptions options = {}) {
  options.compute_alternatives = true;
  const Read whole = read_log(bytes, name, options);
  REQUIRE(whole.errors.empty());
  for (std::uint64_t records = 1; records <= whole.records.size(); ++records) {
    CAPTURE(records);
    const auto start = start_behind(bytes, name, records, options);
    REQUIRE(start);
    CHECK(start->position.record == records);
    ChainOptions resumed = options;
    resumed.keeps_end = true;
    resumed.start = *start;
    const Read rest = read_log(bytes, name, resumed);
    CHECK(rest.errors.empty());
    CHECK(rest.records ==
          std::vector(whole.records.begin() + static_cast<std::ptrdiff_t>(records), whole.records.end()));
    CHECK(rest.summary.records == whole.summary.records);
    CHECK(rest.summary.bytes == whole.summary.bytes);
    CHECK(rest.summary.info.evidence == whole.summary.info.evidence);
    CHECK(rest.summary.info.algorithms == whole.summary.info.algorithms);
    CHECK(rest.summary.info.byte_order == whole.summary.info.byte_order);
    CHECK(rest.summary.info.dialect == whole.summary.info.dialect);
    REQUIRE(rest.end);
    CHECK(*rest.end == *start_behind(bytes, name, whole.records.size(), options));
  }
  return whole.records.size();
}

TEST_CASE("IMA lists of both forms are read on behind every entry") {
  CHECK(check_every_cut(sha1_list(), "log") == 6);
  CHECK(check_every_cut(as_bytes(kAsciiSha1), "log") == 6);
  CHECK(check_every_cut(sha1_list(), "rtmr3=log") == 6);
  CHECK(check_every_cut(ima::testing::bytes_of(
                            {ima::testing::kLegacyEntry, ima::testing::kLegacyViolation, ima::testing::kCustomEntry}),
                        "ima:log") == 3);
}

TEST_CASE("an entry that keeps a list from being read on is named by its place in all of the list") {
  std::string text(kAsciiSha1);
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
  const std::size_t digest = text.find(' ', last) + 1;
  text[digest] = text[digest] == '0' ? '1' : '0';
  const auto refused = [&](const Result<LogStart>& end) {
    REQUIRE_FALSE(end);
    CHECK(end.error().kind == ErrorKind::unsupported);
    CHECK(end.error().record == 5);
    CHECK(end.error().offset == last);
  };
  refused(read_log(as_bytes(text), "log", {.keeps_end = true}).end);
  const auto start = start_behind(as_bytes(text), "log", 3);
  REQUIRE(start);
  refused(read_log(as_bytes(text), "log", {.keeps_end = true, .start = *start}).end);
}

TEST_CASE("a list of padded digests, whose bank is named, is read on") {
  Bytes list;
  for (const std::string_view hex : {ima::testing::kEntry1, ima::testing::kEntry2}) {
    Bytes entry = *from_hex(hex);
    entry.insert(entry.begin() + 24, 12, 0);
    list.insert(list.end(), entry.begin(), entry.end());
  }
  CHECK(check_every_cut(list, "ima:log", {.bank = HashAlgorithm::sha256}) == 2);
}

TEST_CASE("a TSM log is read on behind every line, whatever was told of it before") {
  const Digest value = Digest::filled(48, 1);
  const std::string sync = tsm::format_sync(HashAlgorithm::sha384, value.view());
  const std::string extend = tsm::format_extend(value.view());
  const std::string text =
      extend + "\n\n" + sync + "\n\nrecord\n# comment\n\n\nSYNC-like\n" + extend + "\n" + sync + "\nlast\n";
  CHECK(check_every_cut(as_bytes(text), "rtmr3=log") == 8);
  // Each line is told of once, by whichever of the two runs comes to it.
  const Read whole = read_log(as_bytes(text), "rtmr3=log", {});
  for (std::uint64_t records = 1; records < whole.records.size(); ++records) {
    const auto start = start_behind(as_bytes(text), "rtmr3=log", records);
    REQUIRE(start);
    const Read before = read_log(as_bytes(text), "rtmr3=log", {.keeps_end = true, .end = records});
    const Read behind = read_log(as_bytes(text), "rtmr3=log", {.keeps_end = true, .start = *start});
    for (const Diagnostic& diagnostic : whole.diagnostics.all()) {
      CHECK(before.diagnostics.count(diagnostic.code) + behind.diagnostics.count(diagnostic.code) ==
            whole.diagnostics.count(diagnostic.code));
    }
  }
}

TEST_CASE("blank lines behind the last record belong to the next one") {
  const std::string sync = tsm::format_sync(HashAlgorithm::sha384, Digest::filled(48, 0).view());
  const std::string text = sync + "\n\nrecord\n";
  const auto start = start_behind(as_bytes(text), "rtmr3=log", 5);
  const std::string blank = text + "\n";
  CHECK(*start_behind(as_bytes(blank), "rtmr3=log", 5) == *start);
  const Read rest = read_log(as_bytes(blank + "next\n"), "rtmr3=log", {.keeps_end = true, .start = *start});
  REQUIRE(rest.records.size() == 1);
  CHECK(rest.records[0].starts_with(fmt::format("2 at {}: rtmr3 0a", text.size())));
}

TEST_CASE("a prefix of other bytes, a shorter log and another format are refused, and nothing is read") {
  const Bytes list = sha1_list();
  const auto start = start_behind(list, "log", 4);
  REQUIRE(start);
  const auto refused = [&](ByteView bytes, std::string_view name, std::string_view why) {
    const Read read = read_log(bytes, name, {.keeps_end = true, .start = *start});
    CHECK(read.records.empty());
    CHECK_FALSE(read.end);
    REQUIRE(read.start_error);
    CHECK(read.start_error->kind == ErrorKind::inconclusive);
    CHECK(read.start_error->file == "log");
    CHECK_MESSAGE(read.start_error->message.contains(why), read.start_error->message);
    CHECK(read.errors.size() == 1);
  };
  for (std::size_t at = 0; at < start->position.offset; ++at) {
    Bytes changed = list;
    changed[at] ^= 1U;
    refused(changed, "ima:log", "are not those of the log");
  }
  refused(ByteView(list).first(start->position.offset - 1), "ima:log", "a log of");
  refused(as_bytes(kAsciiSha1), "log", "of a log of format ima,");
}

TEST_CASE("formats that cannot be read from the middle on, and several logs, are unsupported") {
  for (const FormatRow& format : formats()) {
    CAPTURE(format.name);
    if (can_begin_in_middle(format)) {
      continue;
    }
    const Read read = read_log(as_bytes("x"), fmt::format("{}:log", format.name), {.keeps_end = true});
    REQUIRE(read.start_error);
    CHECK(read.start_error->kind == ErrorKind::unsupported);
  }
  const Bytes list = sha1_list();
  OneLog host(list);
  DiagnosticSink sink;
  LogChain chain({*parse_log_name("log"), *parse_log_name("log")}, host, sink, {.keeps_end = true});
  LogChain::Step step;
  while (chain.next(step)) {
  }
  REQUIRE(chain.start_error());
  CHECK(chain.start_error()->kind == ErrorKind::unsupported);
}

TEST_CASE("there is no place to go on from where more of the log could mean another reading of it") {
  using ima::testing::bytes_of;
  const auto none = [](ByteView bytes, std::string_view name, std::uint64_t records, ChainOptions options = {}) {
    const auto start = start_behind(bytes, name, records, std::move(options));
    return !start && start.error().kind == ErrorKind::unsupported;
  };
  // Nothing has told what the digests are.
  CHECK(none(bytes_of({ima::testing::kEntry3}), "ima:log", 1));
  // A list that was handed to the next kernel.
  CHECK(none(bytes_of({ima::testing::kKexecHeader, ima::testing::kEntry1, ima::testing::kEntry2}), "ima:log", 2));
  // The name could go on over the line feed.
  std::string lines(kAsciiSha1);
  lines.replace(lines.find("/etc/empty"), 10, "/etc/other");
  CHECK(none(as_bytes(lines), "log", 6));
  CHECK_FALSE(none(as_bytes(lines), "log", 5));
  // A log that carries records of other formats, and one that measures nothing.
  CHECK(none(as_bytes("# mrtool/1 log sha384\n# a\n"), "tsm:log", 9));
  CHECK(none(as_bytes("# a\n# b\n"), "tsm:log", 9));
  CHECK(none({}, "tsm:log", 9));
  CHECK(none({}, "ima:log", 9));
}

TEST_CASE("a position that no log of the format has is damage, not a crash") {
  const Bytes list = sha1_list();
  const auto sound = start_behind(list, "ima:log", 4);
  REQUIRE(sound);
  const auto damaged = [](ByteView bytes, std::string_view name, LogStart start, auto change) {
    change(start.position);
    const Read read = read_log(bytes, name, {.keeps_end = true, .start = start});
    return read.errors.size() == 1 && read.errors[0].kind == ErrorKind::malformed && read.records.empty();
  };
  CHECK_FALSE(damaged(list, "ima:log", *sound, [](ReadPosition&) {}));
  CHECK(damaged(list, "ima:log", *sound, [](ReadPosition& position) { position.algorithms.clear(); }));
  CHECK(damaged(list, "ima:log", *sound, [](ReadPosition& position) { position.algorithms[0].size = 32; }));
  CHECK(damaged(list, "ima:log", *sound,
                [](ReadPosition& position) { position.algorithms[0].algorithm = HashAlgorithm{0x1234}; }));
  CHECK(damaged(list, "ima:log", *sound, [](ReadPosition& position) { position.record = 0; }));
  CHECK(damaged(list, "ima:log", *sound, [](ReadPosition& position) { position.marks = 1; }));
  CHECK(damaged(list, "ima:log", *sound, [](ReadPosition& position) { position.dialect = "x"; }));
  const std::string log = tsm::format_sync(HashAlgorithm::sha384, Digest::filled(48, 0).view()) + "\nrecord\n";
  const auto line = start_behind(as_bytes(log), "tsm:log", 1);
  REQUIRE(line);
  CHECK_FALSE(damaged(as_bytes(log), "tsm:log", *line, [](ReadPosition&) {}));
  CHECK(damaged(as_bytes(log), "tsm:log", *line, [](ReadPosition& position) { position.marks = 1U << 31U; }));
  CHECK(damaged(as_bytes(log), "tsm:log", *line, [](ReadPosition& position) { position.byte_order = ByteOrder::big; }));
}

}  // namespace
}  // namespace mrtool
