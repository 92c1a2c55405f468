#include <doctest/doctest.h>

#include <deque>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "formats/json/carried_log.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/test_files.hpp"

namespace mrtool::carried {
namespace {

struct Whole {
  std::deque<Batch> batches;
  LogInfo info;
  std::optional<Error> error;
  DiagnosticSink diagnostics;

  std::vector<const Record*> records() const {
    std::vector<const Record*> all;
    for (const Batch& batch : batches) {
      for (const Record& record : batch.records) {
        all.push_back(&record);
      }
    }
    return all;
  }
};

// Hands out a few bytes at a time.
class SlowSource final : public ByteSource {
 public:
  SlowSource(ByteView bytes, std::size_t step) : bytes_(bytes), step_(step) {}
  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t count = std::min({step_, buffer.size(), bytes_.size()});
    std::ranges::copy(bytes_.first(count), buffer.begin());
    bytes_ = bytes_.subspan(count);
    return count;
  }

 private:
  ByteView bytes_;
  std::size_t step_;
};

std::unique_ptr<Whole> read_from(const FormatRow& row, std::unique_ptr<ByteSource> source,
                                 const ReadOptions& options = {}) {
  auto whole = std::make_unique<Whole>();
  const auto reader = row.make_reader(std::move(source), options, whole->diagnostics);
  bool more = true;
  while (more) {
    const auto result = reader->read(whole->batches.emplace_back());
    if (!result) {
      whole->error = result.error();
    }
    more = result.value_or(false);
  }
  whole->info = reader->info();
  return whole;
}

std::unique_ptr<Whole> read_whole(const FormatRow& row, ByteView bytes, const ReadOptions& options = {}) {
  return read_from(row, make_memory_source(bytes), options);
}

Bytes write_whole(const FormatRow& row, const Whole& whole, bool keep_raw = true, const WriteOptions& options = {}) {
  Bytes out;
  MemorySink sink(out);
  const auto writer = row.make_writer(sink, options);
  const auto check = [](const Status& status) { REQUIRE_MESSAGE(status, (status ? "" : status.error().message)); };
  check(writer->begin(whole.info));
  for (const Batch& batch : whole.batches) {
    for (Record record : batch.records) {
      record.raw = keep_raw ? record.raw : ByteView();
      check(writer->write(record));
    }
    if (!batch.trailing.empty()) {
      check(writer->trailing(batch.trailing));
    }
  }
  check(writer->finish());
  return out;
}

const FormatRow& json_row() {
  return *find_format("json");
}

bool same(const Record& a, const Record& b) {
  return a.number == b.number && a.offset == b.offset && equal(a.raw, b.raw) && a.reg == b.reg &&
         a.raw_index == b.raw_index && a.type == b.type && a.content == b.content && a.extends == b.extends &&
         equal(a.data, b.data) && equal(a.name, b.name) && equal(a.prefix, b.prefix) && equal(a.suffix, b.suffix) &&
         std::ranges::equal(a.digests, b.digests, [](const DigestEntry& x, const DigestEntry& y) {
           return x.algorithm == y.algorithm && equal(x.value, y.value) && x.origin == y.origin;
         });
}

Bytes document(std::string_view records, std::string_view format = "systemd") {
  return to_bytes(as_bytes(std::string(R"({"schema":"mrtool.log/1","format":")")
                               .append(format)
                               .append(R"(","records":[)")
                               .append(records)
                               .append("]}\n")));
}

std::string problem(ByteView bytes) {
  const auto whole = read_whole(json_row(), bytes);
  return whole->error ? whole->error->message : "none";
}

constexpr std::string_view kRecord = "\x1e{\"pcr\":1,\"digests\":[]}\n";

std::string part(std::string_view bytes) {
  return "{\"raw\":\"" + to_hex(as_bytes(bytes)) + "\"}";
}

// There and back: the same bytes, the same records.
void check_there_and_back(const FormatRow& row, ByteView bytes, const ReadOptions& options) {
  const auto whole = read_whole(row, bytes, options);
  if (whole->error) {
    return;
  }
  const WriteOptions write{.dialect = {}, .reg = options.reg, .bank = options.bank};
  const Bytes json = write_whole(json_row(), *whole, true, write);
  CHECK(detect({.prefix = json, .complete = true}).has_value());
  const auto again = read_whole(json_row(), json);
  CHECK_MESSAGE(!again->error, (again->error ? again->error->message : ""));
  CHECK(again->info.format == row.name);
  CHECK(again->info.dialect == whole->info.dialect);
  CHECK(again->info.platform == whole->info.platform);
  const auto before = whole->records();
  const auto after = again->records();
  CHECK(std::ranges::equal(before, after, [](const Record* a, const Record* b) { return same(*a, *b); }));
  if (row.make_writer != nullptr) {
    CHECK(write_whole(row, *again) == to_bytes(bytes));
  }
}

}  // namespace

TEST_CASE("json: the parts of a log, in order") {
  const std::string log = std::string(kRecord).append("\n").append(kRecord).append(" \n");
  const auto whole = read_whole(*find_format("systemd"), as_bytes(log));
  const Bytes json = write_whole(json_row(), *whole);
  const auto parsed = nlohmann::json::parse(as_text(json));
  CHECK(parsed["schema"] == "mrtool.log/1");
  CHECK(parsed["format"] == "systemd");
  REQUIRE(parsed["records"].size() == 3);
  CHECK(parsed["records"][0]["part"] == "record");
  CHECK(parsed["records"][0]["raw"] == to_hex(as_bytes(kRecord)));
  CHECK(parsed["records"][0]["register"] == "pcr1");
  CHECK(parsed["records"][2]["part"] == "trailing");
  CHECK(parsed["records"][2]["raw"] == "200a");
  check_there_and_back(*find_format("systemd"), as_bytes(log), {});
}

TEST_CASE("json: records whose bytes are gone are encoded by their own format's writer") {
  const std::string log = std::string(kRecord).append(kRecord);
  const auto whole = read_whole(*find_format("systemd"), as_bytes(log));
  CHECK(write_whole(json_row(), *whole, false) == write_whole(json_row(), *whole, true));
}

TEST_CASE("json: an empty log") {
  const auto whole = read_whole(*find_format("systemd"), {});
  const Bytes json = write_whole(json_row(), *whole);
  const auto again = read_whole(json_row(), json);
  CHECK_FALSE(again->error);
  CHECK(again->records().empty());
  CHECK(again->info.format == "systemd");
}

TEST_CASE("json: only the raw bytes are believed") {
  const std::string lie = "{\"raw\":\"" + to_hex(as_bytes(kRecord)) +
                          "\",\"register\":\"pcr7\",\"digests\":[{\"bank\":\"sha256\",\"digest\":\"00\"}]}";
  const Bytes bytes = document(lie);
  const auto whole = read_whole(json_row(), bytes);
  CHECK_FALSE(whole->error);
  REQUIRE(whole->records().size() == 1);
  CHECK(whole->records()[0]->reg.index == 1);
  CHECK(whole->records()[0]->digests.empty());
}

TEST_CASE("json: a record in several parts, a part with several records, and pieces of any size") {
  const std::string log = std::string(kRecord).append(kRecord).append(kRecord);
  const Bytes bytes = document(part(log.substr(0, 5)) + " , " + part("") + "\n,\n" + part(log.substr(5)));
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
    const auto whole = read_from(json_row(), std::make_unique<SlowSource>(bytes, step));
    CHECK_FALSE(whole->error);
    CHECK(whole->records().size() == 3);
    CHECK(whole->records().back()->offset == 2 * kRecord.size());
  }
}

TEST_CASE("json: a document that is cut anywhere is damaged, with every record before the cut") {
  const Bytes bytes = document(part(kRecord) + ",\n" + part(kRecord));
  const std::size_t first = as_text(bytes).find(part(kRecord)) + part(kRecord).size();
  for (std::size_t size = 0; size + 1 < bytes.size(); ++size) {
    CAPTURE(size);
    const auto whole = read_whole(json_row(), ByteView(bytes).first(size));
    REQUIRE(whole->error);
    CHECK(whole->error->kind == ErrorKind::malformed);
    CHECK(whole->records().size() >= (size >= first ? 1 : 0));
  }
}

TEST_CASE("json: what is refused") {
  CHECK(problem(as_bytes("[]")).find("expected an object with an array \"records\"") != std::string::npos);
  CHECK(problem(as_bytes("{\"records\":[]}")).find("expected the schema mrtool.log/1") != std::string::npos);
  CHECK(problem(as_bytes("{\"schema\":\"mrtool.log/2\",\"records\":[]}")).find("found mrtool.log/2") !=
        std::string::npos);
  CHECK(problem(document("", "new")) == "expected a log of a known format, found \"new\"");
  CHECK(problem(document("", "json")) == "expected a log of a known format, found \"json\"");
  CHECK(problem(document("{}")).ends_with("expected an object whose \"raw\" is hexadecimal"));
  CHECK(problem(document("{\"raw\":\"0\"}")).ends_with("expected an object whose \"raw\" is hexadecimal"));
  CHECK(problem(document("{\"raw\":1}")).ends_with("expected an object whose \"raw\" is hexadecimal"));
  CHECK(problem(document("1")).ends_with("expected an object whose \"raw\" is hexadecimal"));
  CHECK(problem(document("{\"raw\":\"\",\"raw\":\"\"}")).ends_with("an object has the member \"raw\" twice"));
  CHECK(problem(document("{\"raw\":\"ff\"}")).starts_with("expected a JSON array"));
}

TEST_CASE("json: hostile bytes at every place do not crash") {
  const Bytes good = document(part(kRecord) + ",\n" + part(kRecord));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const std::uint8_t byte : {std::uint8_t{0}, std::uint8_t{'"'}, std::uint8_t{'['}, std::uint8_t{0xFF}}) {
      Bytes bad = good;
      bad[i] = byte;
      (void)read_whole(json_row(), bad);
      (void)detect({.prefix = bad, .complete = true});
    }
  }
}

TEST_CASE("json: a record that is larger than a part is carried in several") {
  constexpr std::size_t kBytes = 20'000'000;
  std::string log = R"({"pcr":1,"digests":[],"x":")";
  log.insert(0, "\x1e");
  log.append(kBytes, 'a').append("\"}\n");
  const auto whole = read_whole(*find_format("systemd"), as_bytes(log));
  const Bytes json = write_whole(json_row(), *whole);
  const auto again = read_whole(json_row(), json);
  CHECK_FALSE(again->error);
  REQUIRE(again->records().size() == 1);
  CHECK(as_text(again->records()[0]->raw) == log);
}

TEST_CASE("json: every log of the corpus, there and back") {
  if (!testing::has_corpus()) {
    return;
  }
  constexpr std::uintmax_t kLargest = 4'000'000;
  std::map<std::string_view, std::size_t> seen;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(testing::kCorpus)) {
    if (!entry.is_regular_file() || entry.file_size() > kLargest) {
      continue;
    }
    const std::string path = entry.path().string();
    CAPTURE(path);
    const Bytes bytes = testing::read_test_file(entry.path());
    const auto found =
        detect_format({.prefix = ByteView(bytes).first(std::min<std::size_t>(bytes.size(), kDetectBytes)),
                       .complete = bytes.size() <= kDetectBytes});
    if (!found) {
      continue;
    }
    ++seen[found->format->name];
    ReadOptions options;
    if (!found->format->names_registers) {
      options.reg = Register{.kind = RegisterKind::rtmr, .index = 2, .name = {}, .provider = {}, .carrier = {}};
    }
    check_there_and_back(*found->format, bytes, options);
  }
  CHECK(seen["tcg2"] > 10);
  CHECK(seen["systemd"] == 2);
}

}  // namespace mrtool::carried
