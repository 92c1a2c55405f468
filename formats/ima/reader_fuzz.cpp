// Any bytes, as either form: what the reader hands over is the front of the input, all of it where it saw no error; raw
// records give it back, and fields that are written read as the same records.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "formats/formats.hpp"
#include "lib/base/host.hpp"
#include "lib/content/content.hpp"

using namespace mrtool;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Whole {
  LogInfo info;
  std::vector<Batch> batches;
  bool failed = false;
};

Whole read_whole(const FormatRow& format, ByteView bytes, HashAlgorithm bank) {
  Whole log;
  DiagnosticSink sink;
  const auto reader = format.make_reader(make_memory_source(bytes), {.bank = bank, .compute_alternatives = true}, sink);
  for (bool more = true; more;) {
    const auto result = reader->read(log.batches.emplace_back());
    log.failed = !result;
    more = result && *result;
  }
  log.info = reader->info();
  return log;
}

Result<Bytes> write_whole(const FormatRow& format, const Whole& log, bool raw) {
  Bytes out;
  MemorySink sink(out);
  const auto writer = format.make_writer(sink, {});
  auto status = writer->begin(log.info);
  for (const Batch& batch : log.batches) {
    for (const Record& record : batch.records) {
      Record copy = record;
      copy.raw = raw ? record.raw : ByteView{};
      status = status ? writer->write(copy) : std::move(status);
    }
    status = status ? writer->trailing(batch.trailing) : std::move(status);
  }
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  return out;
}

void check(const FormatRow& format, ByteView input) {
  const Whole log = read_whole(format, input, HashAlgorithm::sha256);
  HashEngine engine;
  for (const Batch& batch : log.batches) {
    for (const Record& record : batch.records) {
      (void)decode(record, log.info);
      (void)judge(record, log.info, engine);
      (void)format.carry(record, log.info, {});
    }
  }
  const auto raw = write_whole(format, log, true);
  require(raw.has_value() && raw->size() <= input.size() && equal(*raw, input.first(raw->size())));
  require(log.failed || raw->size() == input.size());
  const auto fields = write_whole(format, log, false);
  if (format.name == "ima") {
    require(fields.has_value() && *fields == *raw);
  } else if (fields) {
    const Whole again = read_whole(format, *fields, HashAlgorithm::sha256);
    require(!again.failed && *write_whole(format, again, false) == *fields);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  for (const char* name : {"ima", "ima-ascii"}) {
    const FormatRow& format = *find_format(name);
    (void)format.detect({.prefix = input, .complete = true});
    check(format, input);
  }
  return 0;
}
