// Any bytes, in every encoding: what the reader hands over is the front of the input; what is written from fields reads
// as the same events.
#include <cstdint>
#include <cstdlib>

#include "formats/cel/test_log.hpp"

using namespace mrtool;
using namespace mrtool::cel::testing;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_format(std::string_view format, ByteView input) {
  const auto log = read_whole(format, input);
  const auto raw = write_whole(*log, format, Raw::kept);
  // An array that is cut holds fewer records than its head says.
  require(raw.has_value() || log->error.has_value());
  if (raw) {
    require(raw->size() <= input.size() && equal(*raw, input.first(raw->size())));
    require(log->error || raw->size() == input.size());
  }
  constexpr std::size_t kStep = 7;
  const auto again = read_whole(format, std::make_unique<SlowSource>(input, kStep));
  require(again->error.has_value() == log->error.has_value());
  require(again->records.size() == log->records.size());
  if (log->error) {
    return;
  }
  const auto fields = write_whole(*log, format, Raw::dropped);
  require(fields.has_value());
  const auto back = read_whole(format, *fields);
  require(!back->error && back->records.size() == log->records.size());
  for (std::size_t i = 0; i < log->records.size(); ++i) {
    require(same_event((*log)[i], (*back)[i]));
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  for (const char* format : {"cel-tlv", "cel-cbor", "cel-json"}) {
    check_format(format, input);
  }
  return 0;
}
