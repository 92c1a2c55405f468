// Any bytes as a document: no crash, and what was read is carried and read again the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>

#include "formats/json/carried_log.hpp"

using namespace mrtool;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Log {
  std::deque<Batch> batches;
  LogInfo info;
  bool whole = true;
};

Log read(ByteView document) {
  Log log;
  DiagnosticSink diagnostics;
  const auto reader = carried::make_reader(make_memory_source(document), {}, diagnostics);
  bool more = true;
  while (more) {
    const auto result = reader->read(log.batches.emplace_back());
    log.whole = result.has_value();
    more = result.value_or(false);
  }
  log.info = reader->info();
  return log;
}

std::vector<ByteView> raw_records(const Log& log) {
  std::vector<ByteView> raw;
  for (const Batch& batch : log.batches) {
    std::ranges::transform(batch.records, std::back_inserter(raw), &Record::raw);
  }
  return raw;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  (void)carried::detect({.prefix = input, .complete = true});
  const Log log = read(input);
  if (!log.whole) {
    return 0;
  }
  Bytes out;
  MemorySink sink(out);
  const auto writer = carried::make_writer(sink, {});
  require(writer->begin(log.info).has_value());
  for (const Batch& batch : log.batches) {
    for (const Record& record : batch.records) {
      require(writer->write(record).has_value());
    }
    require(writer->trailing(batch.trailing).has_value());
  }
  require(writer->finish().has_value());
  const Log again = read(out);
  require(again.whole);
  require(std::ranges::equal(raw_records(log), raw_records(again), equal));
  return 0;
}
