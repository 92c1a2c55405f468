// What a reader makes of the log that was written: the values that it leads to, and what it states.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/record/reader.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool {

struct ReadBack {
  Result<std::vector<RegisterResult>> values;
  // The registers and banks of which records that extend state a digest, in the order of their first ones. A bank that
  // only the reader computes is none that the log holds.
  std::vector<RegisterKey> stated;
  bool all_stated = true;  // false: there are more, perhaps
};

// Which of the keys stated are kept: so many at most of those wanted.
struct StatedLimit {
  std::size_t most = 0;
  std::function<bool(const RegisterKey&)> wanted{};  // empty: every one
};

// Reads a log as anybody else will. `format`: for the message, where it cannot be read: a fault of its writer, and no
// reason to deliver it.
ReadBack read_back(Reader& reader, std::string_view format, const StatedLimit& limit);

}  // namespace mrtool
