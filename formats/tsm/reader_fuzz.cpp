// Any bytes, as a TSM log and as an AAEL log, with a bank given and without: what the reader hands over is the front of
// the input, all of it where it saw no error, whether raw records or their fields are written; pieces of any size make
// no difference.
#include <cstdint>
#include <cstdlib>

#include "formats/tsm/test_log.hpp"

using namespace mrtool;
using namespace mrtool::tsm::testing;

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check(std::string_view format, std::string_view input, const ReadOptions& options) {
  const auto log = read_whole(format, input, options);
  const auto raw = write_text(format, *log, Raw::kept);
  const auto fields = write_text(format, *log, Raw::dropped);
  require(raw.has_value() && fields.has_value());
  require(*raw == *fields);
  require(input.starts_with(*raw));
  require(log->error || *raw == input);

  constexpr std::size_t kStep = 7;
  const auto again = read_whole(format, std::make_unique<SlowSource>(as_bytes(input), kStep), options);
  require(again->error.has_value() == log->error.has_value());
  require(again->trailing == log->trailing);
  require(again->records.size() == log->records.size());
  for (std::size_t i = 0; i < log->records.size(); ++i) {
    require(same_record(*log->records[i], *again->records[i]));
    require(log->records[i]->offset == again->records[i]->offset);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(ByteView(data, size));
  for (const std::string_view format : {"tsm", "aael"}) {
    check(format, input, {});
    check(format, input, {.bank = HashAlgorithm::sha256});
    find_format(format)->detect({.prefix = as_bytes(input), .complete = true});
  }
  return 0;
}
