// What holds for any bytes: for the mutation test and the fuzz target.
#pragma once

#include "formats/cel/test_log.hpp"

namespace mrtool::cel::testing {

// What the reader hands over is the front of the input; what is written from fields reads as the same events. Empty, or
// the property that does not hold.
inline std::string broken_property(std::string_view format, ByteView input) {
  const auto log = read_whole(format, input);
  const auto raw = write_whole(*log, format, Raw::kept);
  // An array that is cut holds fewer records than its head says.
  if (!raw && !log->error) {
    return "raw records cannot be written";
  }
  if (raw && (raw->size() > input.size() || !equal(*raw, input.first(raw->size())))) {
    return "raw records are not the front of the input";
  }
  if (raw && !log->error && raw->size() != input.size()) {
    return "bytes were left out without an error";
  }
  constexpr std::size_t kStep = 7;
  const auto again = read_whole(format, std::make_unique<SlowSource>(input, kStep));
  if (again->error.has_value() != log->error.has_value() || again->records.size() != log->records.size()) {
    return "pieces make a difference";
  }
  if (log->error) {
    return {};
  }
  const auto fields = write_whole(*log, format, Raw::dropped);
  if (!fields) {
    return "fields cannot be written: " + to_string(fields.error());
  }
  const auto back = read_whole(format, *fields);
  if (back->error || back->records.size() != log->records.size()) {
    return "what was written from fields does not read";
  }
  for (std::size_t i = 0; i < log->records.size(); ++i) {
    if (!same_event((*log)[i], (*back)[i])) {
      return "what was written from fields is another event";
    }
  }
  return {};
}

}  // namespace mrtool::cel::testing
