// Every log that is at hand, into every format and back.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "formats/convert_target.hpp"
#include "formats/tcg/carry.hpp"
#include "lib/base/limits.hpp"
#include "lib/registers/names.hpp"

using namespace mrtool;

namespace {

const std::string kTestdata = MRTOOL_SOURCE_DIR "/testdata";
const std::string kCorpus = MRTOOL_SOURCE_DIR "/../shared/corpus";
constexpr std::uintmax_t kLargest = 200 * 1024;  // bytes of a sample

Bytes read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

// What a record says, whoever wrote it.
struct Told {
  std::string text;
  std::set<std::string> digests;
  std::set<std::string> computed;  // of these, those that the format computes from the content
};

Told told(const Record& record, bool lines_are_events) {
  const bool event = lines_are_events && record.content == ContentType::tsm;
  Told told;
  told.text = to_string(record.reg) + (record.extends ? " extends " : " ");
  if (event) {
    told.text += "pcclient 5";
  } else {
    told.text += std::string(to_string(record.content)) + " " + std::to_string(record.type);
  }
  told.text +=
      " '" + std::string(as_text(record.name)) + "' " + to_hex(record.data) + (record.violation ? " violation" : "");
  for (const DigestEntry& digest : record.digests) {
    // The SHA-1 layout has room for a digest in every record: zeros where nothing is measured.
    if (!record.extends && all_equal_to(digest.value, 0)) {
      continue;
    }
    const std::string text = to_string(digest.algorithm) + ":" + to_hex(digest.value);
    told.digests.insert(text);
    if (digest.origin == DigestOrigin::computed) {
      told.computed.insert(text);
    }
  }
  return told;
}

// The copy says the same; it may hold digests more that its format computes from the same content.
bool same(const std::vector<Told>& copies, const std::vector<Told>& originals) {
  return std::ranges::equal(copies, originals, [](const Told& copy, const Told& original) {
    const auto known = [&](const std::string& digest) {
      return original.digests.contains(digest) || copy.computed.contains(digest);
    };
    const auto kept = [&](const std::string& digest) {
      return copy.digests.contains(digest) || original.computed.contains(digest);
    };
    return copy.text == original.text && std::ranges::all_of(copy.digests, known) &&
           std::ranges::all_of(original.digests, kept);
  });
}

struct Log {
  std::vector<Told> records;
  std::set<ContentType> contents;
  Bytes bytes;
  bool damaged = false;
};

Log read_log(const FormatRow& format, Bytes bytes, const ReadOptions& options, bool lines_are_events) {
  Log log;
  log.bytes = std::move(bytes);
  DiagnosticSink unused;
  const auto reader = format.make_reader(make_memory_source(log.bytes), options, unused);
  Batch batch;
  for (bool more = true; more;) {
    const auto read = reader->read(batch);
    log.damaged = log.damaged || !read;
    more = read && *read;
    for (const Record& record : batch.records) {
      if (!tcg::announces_banks(record)) {
        log.records.push_back(told(record, lines_are_events));
      }
    }
  }
  return log;
}

struct Converted {
  std::optional<Error> error;
  ConvertResult result;
  std::uint64_t lost = 0;
  Bytes bytes;
  ReadOptions reading;  // what the output does not say of itself
};

Converted convert(const FormatRow& from, const Bytes& bytes, const ReadOptions& reading, const ConvertTarget& target,
                  ConvertOptions options = {}) {
  Converted out;
  const auto host = make_host({});
  Conversion conversion(target, std::move(options), *host);
  DiagnosticSink unused;
  const auto reader = from.make_reader(make_memory_source(bytes), reading, unused);
  Batch batch;
  bool begun = false;
  for (bool more = true; more && !out.error;) {
    const auto read = reader->read(batch);
    if (!read) {
      out.error = read.error();
      break;
    }
    more = *read;
    Status status;
    if (!begun) {
      begun = true;
      status = conversion.begin_log(reader->info());
    }
    if (status) {
      status = conversion.add(batch);
    }
    if (!status) {
      out.error = status.error();
    }
  }
  if (!out.error) {
    auto result = conversion.finish();
    if (result) {
      out.result = *std::move(result);
      const auto source = conversion.output().open();
      out.bytes = *read_all(*source, limits::kSmallFile);
    } else {
      out.error = result.error();
    }
  }
  out.lost = conversion.losses().size();
  out.reading = conversion.reading();
  return out;
}

struct Sample {
  std::string path;
  const FormatRow* format = nullptr;
  ReadOptions reading;
  Bytes bytes;
};

std::vector<Sample> samples() {
  std::vector<Sample> found;
  for (const std::string& folder : {kTestdata + "/vectors", kTestdata + "/vm", kCorpus + "/cel", kCorpus + "/ima",
                                    kCorpus + "/aael", kCorpus + "/systemd", kCorpus + "/tsm"}) {
    if (!std::filesystem::exists(folder)) {
      MESSAGE("skipped: ", folder, " is not here");
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.file_size() > kLargest) {
        continue;
      }
      Sample sample{.path = entry.path().string(), .format = nullptr, .reading = {}, .bytes = read_bytes(entry.path())};
      if (entry.path().filename() == "event_log") {
        sample.format = find_format("tsm");
        sample.reading.reg = *parse_register("rtmr2");
      } else if (const auto detected = detect_format({.prefix = sample.bytes, .complete = true})) {
        sample.format = detected->format;
      }
      if (sample.format != nullptr && !read_log(*sample.format, sample.bytes, sample.reading, false).damaged) {
        found.push_back(std::move(sample));
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("there and back: equal records where nothing is lost, equal values always") {
  std::set<std::pair<std::string_view, std::string_view>> lossless;
  std::size_t lossy = 0;
  for (const Sample& sample : samples()) {
    CAPTURE(sample.path);
    for (const FormatRow& to : formats()) {
      if (to.make_writer == nullptr || to.carry == nullptr) {
        continue;
      }
      CAPTURE(to.name);
      const Converted there = convert(*sample.format, sample.bytes, sample.reading, convert_target(to, {}));
      if (there.error) {
        CHECK_MESSAGE(there.error->kind != ErrorKind::check_failed, to_string(*there.error));
        ++lossy;
        continue;
      }
      CHECK(there.result.records == there.result.native + there.result.encapsulated + there.lost);
      CHECK(there.result.refused == (there.lost != 0));
      if (there.result.refused || !there.result.differences.empty()) {
        ++lossy;
        continue;
      }
      const bool events = sample.format->name == "tsm" && to.name != "tsm";
      const bool as_events = events && (to.name == "tcg2" || to.name == "ccel");
      const Log original = read_log(*sample.format, sample.bytes, sample.reading, as_events);
      const Log copy = read_log(to, there.bytes, there.reading, as_events);
      CHECK_FALSE(copy.damaged);
      CHECK(same(copy.records, original.records));
      if (to.name == sample.format->name || to.name == "json") {
        CHECK((to.name == "json" || there.bytes == sample.bytes));
      }
      if (as_events || sample.format->make_writer == nullptr) {
        continue;
      }
      const Converted back =
          convert(to, there.bytes, there.reading, convert_target(*sample.format, {.reg = sample.reading.reg}));
      const bool came_back = !back.error && !back.result.refused && back.result.differences.empty();
      if (came_back) {
        // Digests that the format between computes are logged ones now.
        CHECK(same(read_log(*sample.format, back.bytes, back.reading, false).records, copy.records));
        lossless.insert({sample.format->name, to.name});
      }
      CHECK((came_back || back.lost != 0 || !back.result.differences.empty()));
    }
  }
  CHECK(lossless.size() > 8);
  CHECK(lossy > 8);
}

TEST_CASE("an output that replays to other values is never delivered, allowed loss or not") {
  struct Dropping final : Writer {
    explicit Dropping(std::unique_ptr<Writer> inner) : writer(std::move(inner)) {}
    Status begin(const LogInfo& info) override { return writer->begin(info); }
    Status write(const Record& record) override { return record.number == 2 ? Status{} : writer->write(record); }
    Status trailing(ByteView bytes) override { return writer->trailing(bytes); }
    Status finish() override { return writer->finish(); }
    std::unique_ptr<Writer> writer;
  };
  const FormatRow& tcg2 = *find_format("tcg2");
  const Bytes bytes = read_bytes(kTestdata + "/vectors/agile-sha256.bin");
  for (const bool allow : {false, true}) {
    ConvertTarget target = convert_target(tcg2, {});
    target.make_writer = [&tcg2](ByteSink& sink, const WriteOptions& options) {
      return std::make_unique<Dropping>(tcg2.make_writer(sink, options));
    };
    const Converted dropped = convert(tcg2, bytes, {}, target, {.allow_loss = allow});
    REQUIRE_FALSE(dropped.error);
    REQUIRE(dropped.result.differences.size() == 1);
    CHECK(to_string(dropped.result.differences[0].key.reg) == "pcr0");
  }
  // A record that is known to be lost is no better.
  ConvertTarget target = convert_target(tcg2, {});
  target.carry = [](const Record& record, const LogInfo&, const WriteOptions&) {
    return record.number == 2 ? Carried{Carriage::lost, "record", "it is the third"} : Carried{};
  };
  CHECK(convert(tcg2, bytes, {}, target).result.refused);
  CHECK(convert(tcg2, bytes, {}, target, {.allow_loss = true}).result.differences.size() == 1);
}

TEST_CASE("what is selected is all that is carried, compared and announced") {
  const FormatRow& tcg2 = *find_format("tcg2");
  const Bytes bytes = read_bytes(kTestdata + "/vectors/agile-sha256.bin");
  ConvertOptions options;
  options.takes_record = [](const Record& record) { return record.reg.index == 7; };
  const Converted some = convert(tcg2, bytes, {}, convert_target(tcg2, {}), std::move(options));
  REQUIRE_FALSE(some.error);
  CHECK(some.result.records == 1);
  CHECK(some.lost == 0);
  CHECK(some.result.differences.empty());
  const Log log = read_log(tcg2, some.bytes, {}, false);
  CHECK_FALSE(log.damaged);
  CHECK(log.records.size() == 1);
}
