// Every log that is at hand, into every format and back.
#include <doctest/doctest.h>

#include <set>

#include "formats/test_conversion.hpp"

using namespace mrtool;
using namespace mrtool::testing;

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
  const Bytes bytes = read_test_file(kTestdataFolder / "vectors/agile-sha256.bin");
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
  const Bytes bytes = read_test_file(kTestdataFolder / "vectors/agile-sha256.bin");
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
