// Any bytes: the raw records are the front of the input, all of it where no error was seen; what is written from fields
// reads as the same records.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>

#include "formats/systemd/systemd.hpp"

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

Log read(ByteView input) {
  Log log;
  DiagnosticSink diagnostics;
  const auto reader = systemd::make_reader(make_memory_source(input), {}, diagnostics);
  bool more = true;
  while (more) {
    const auto result = reader->read(log.batches.emplace_back());
    log.whole = result.has_value();
    more = result.value_or(false);
  }
  log.info = reader->info();
  return log;
}

Bytes write(const Log& log, bool keep_raw) {
  Bytes out;
  MemorySink sink(out);
  const auto writer = systemd::make_writer(sink, {});
  require(writer->begin(log.info).has_value());
  for (const Batch& batch : log.batches) {
    for (Record record : batch.records) {
      record.raw = keep_raw ? record.raw : ByteView();
      require(writer->write(record).has_value());
    }
    require(writer->trailing(batch.trailing).has_value());
  }
  return out;
}

bool same(const Record& a, const Record& b) {
  return a.reg == b.reg && a.content == b.content && equal(a.data, b.data) && equal(a.name, b.name) &&
         std::ranges::equal(a.digests, b.digests, [](const DigestEntry& x, const DigestEntry& y) {
           return x.algorithm == y.algorithm && equal(x.value, y.value);
         });
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  (void)systemd::detect({.prefix = input, .complete = true});
  const Log log = read(input);
  const Bytes raw = write(log, true);
  require(raw.size() <= size && equal(raw, input.first(raw.size())));
  require(!log.whole || raw.size() == size);

  const Bytes fields = write(log, false);
  const Log again = read(fields);
  require(again.whole);
  std::vector<const Record*> first;
  std::vector<const Record*> second;
  for (const Batch& batch : log.batches) {
    std::ranges::transform(batch.records, std::back_inserter(first), [](const Record& record) { return &record; });
  }
  for (const Batch& batch : again.batches) {
    std::ranges::transform(batch.records, std::back_inserter(second), [](const Record& record) { return &record; });
  }
  require(std::ranges::equal(first, second, [](const Record* a, const Record* b) { return same(*a, *b); }));
  return 0;
}
