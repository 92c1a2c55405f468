// The lines of a stream as they come: what is there is handed over at once, so that a slow producer's lines are not
// held back and a fast one's come in numbers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/base/host.hpp"

namespace mrtool {

struct InputLine {
  std::uint64_t number = 0;  // from 1, empty lines included
  Bytes text;                // without its line feed; never empty
};

class LineBatches {
 public:
  static constexpr std::size_t kLongestLine = 1024 * 1024;  // bytes

  explicit LineBatches(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // Waits for at least one line and takes all complete ones that are there then; nothing at the end. The last line of a
  // stream counts without its line feed. Fails as the source does, and (malformed) for a line over kLongestLine.
  Result<std::vector<InputLine>> next();

 private:
  void take_lines(std::vector<InputLine>& lines);
  void take_line(ByteView text, std::vector<InputLine>& lines);

  std::unique_ptr<ByteSource> source_;
  Bytes held_;  // the front of a line that is not complete
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace mrtool
