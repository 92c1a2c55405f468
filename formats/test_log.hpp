// For the tests of all formats: reads logs whole, also from slow pipes.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "formats/formats.hpp"
#include "lib/base/host.hpp"

namespace mrtool::testing {

// Hands out a few bytes at a time, as a slow pipe does.
class SlowSource final : public ByteSource {
 public:
  SlowSource(ByteView bytes, std::size_t step) : bytes_(bytes), step_(step) {}

  Result<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t count = std::min({step_, buffer.size(), bytes_.size()});
    std::copy_n(bytes_.begin(), count, buffer.begin());
    bytes_ = bytes_.subspan(count);
    return count;
  }

 private:
  ByteView bytes_;
  std::size_t step_;
};

// All of a log. The batches are kept, so the views of the records are good.
struct WholeLog {
  LogInfo info;
  std::vector<Batch> batches;
  std::vector<const Record*> records;
  Bytes trailing;
  std::optional<Error> error;
  DiagnosticSink diagnostics;

  const Record& operator[](std::size_t i) const { return *records.at(i); }
};

// `make_reader` is given the sink for diagnostics.
template <class MakeReader>
std::unique_ptr<WholeLog> read_whole_with(MakeReader make_reader) {
  auto log = std::make_unique<WholeLog>();
  const std::unique_ptr<Reader> reader = make_reader(log->diagnostics);
  for (bool more = true; more;) {
    Batch& batch = log->batches.emplace_back();
    const auto result = reader->read(batch);
    if (!result) {
      log->error = result.error();
    }
    more = result && *result;
    log->trailing.insert(log->trailing.end(), batch.trailing.begin(), batch.trailing.end());
  }
  for (const Batch& batch : log->batches) {
    for (const Record& record : batch.records) {
      log->records.push_back(&record);
    }
  }
  log->info = reader->info();
  return log;
}

inline std::unique_ptr<WholeLog> read_whole(std::string_view format, std::unique_ptr<ByteSource> source,
                                            const ReadOptions& options = {}) {
  return read_whole_with([&](DiagnosticSink& diagnostics) {
    return find_format(format)->make_reader(std::move(source), options, diagnostics);
  });
}

inline std::unique_ptr<WholeLog> read_whole(std::string_view format, ByteView bytes, const ReadOptions& options = {}) {
  return read_whole(format, make_memory_source(bytes), options);
}

enum class Raw : std::uint8_t { kept, dropped };

// The log's records, and what lies behind them, into a writer over `out`. Extras are kept, as they are by whoever drops
// raw bytes.
inline Result<Bytes> write_whole_with(Writer& writer, const Bytes& out, const WholeLog& log, Raw raw) {
  Status status = writer.begin(log.info);
  for (const Record* record : log.records) {
    Record copy = *record;
    if (raw == Raw::dropped) {
      copy.raw = {};
    }
    if (status) {
      status = writer.write(copy);
    }
  }
  if (status) {
    status = writer.trailing(log.trailing);
  }
  if (status) {
    status = writer.finish();
  }
  if (!status) {
    return std::unexpected(std::move(status).error());
  }
  return out;
}

inline Result<Bytes> write_whole(std::string_view format, const WholeLog& log, Raw raw,
                                 const WriteOptions& options = {}) {
  Bytes out;
  MemorySink sink(out);
  return write_whole_with(*find_format(format)->make_writer(sink, options), out, log, raw);
}

}  // namespace mrtool::testing
