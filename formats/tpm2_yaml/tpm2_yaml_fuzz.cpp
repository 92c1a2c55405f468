// Any bytes: what the reader hands over is the front of the input, all of it where it saw no error.
#include <cstdint>
#include <cstdlib>

#include "formats/tpm2_yaml/tpm2_yaml.hpp"

using namespace mrtool;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  (void)tpm2yaml::detect({.prefix = input, .complete = true});
  DiagnosticSink diagnostics;
  const auto reader = tpm2yaml::make_reader(make_memory_source(input), {}, diagnostics);
  Batch batch;
  Bytes records;
  bool whole = true;
  for (bool more = true; more;) {
    const auto result = reader->read(batch);
    whole = result.has_value();
    more = result.value_or(false);
    for (const Record& record : batch.records) {
      records.insert(records.end(), record.raw.begin(), record.raw.end());
    }
    records.insert(records.end(), batch.trailing.begin(), batch.trailing.end());
  }
  const Bytes& head = reader->info().preamble;
  require(head.size() + records.size() <= size);
  require(equal(head, input.first(head.size())) && equal(records, input.subspan(head.size(), records.size())));
  require(!whole || head.size() + records.size() == size);
  return 0;
}
