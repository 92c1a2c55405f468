// Any bytes as a log that nobody named: what detection makes of them is read, decoded, judged and replayed to its end.
#include <cstdint>
#include <cstdlib>

#include "formats/formats.hpp"
#include "lib/base/host.hpp"
#include "lib/content/content.hpp"
#include "lib/replay/replay.hpp"

using namespace mrtool;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

// As a log of that format.
void read_whole(const FormatRow& format, ByteView input) {
  DiagnosticSink diagnostics;
  const auto reader = format.make_reader(make_memory_source(input), {.compute_alternatives = true}, diagnostics);
  Replay replay({}, diagnostics);
  HashEngine engine;
  std::uint64_t records = 0;
  Batch batch;
  for (bool more = true, first = true; more; first = false) {
    const auto result = reader->read(batch);
    if (first) {
      replay.begin_log(reader->info());
    }
    for (const Record& record : batch.records) {
      require(record.number == records++);
      require(record.offset <= input.size());
      const Decoded decoded = decode(record, reader->info());
      const Judgement judgement = judge(record, reader->info(), engine);
      require(judgement.digests.size() == record.digests.size());
      (void)covered_fields(decoded, judgement);
      (void)format.carry(record, reader->info(), {});
    }
    replay.add(batch);
    require(result || result.error().offset.value_or(0) <= input.size());
    more = result && *result;
  }
  (void)replay.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto found = detect_format({.prefix = input, .complete = true});
  if (found) {
    require(!found->detection.evidence.empty());
    read_whole(*found->format, input);
  } else {
    require(found.error().kind == ErrorKind::malformed);
  }
  // The front of a longer log says no less.
  (void)detect_format({.prefix = input, .complete = false});
  return 0;
}
