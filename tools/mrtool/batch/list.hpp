// The list of a batch, read line by line, never held whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/host.hpp"

namespace mrtool {

// An entry's line without its end. A line end may be \n or \r\n.
struct ListLine {
  std::uint64_t number = 0;  // from 1
  std::string text;
  bool too_long = false;  // `text` is not kept
};

class ListReader {
 public:
  static constexpr std::size_t kLineBytes = 64 * 1024;  // of an entry, at most

  explicit ListReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // The next line that is not blank; nothing at the end. Fails (io) where the list cannot be read on.
  Result<std::optional<ListLine>> next();

 private:
  static constexpr std::size_t kPiece = 16 * 1024;  // bytes read at a time

  // False at the end of the list.
  Result<bool> fill();
  // One line, blank or not; false behind the last one.
  Result<bool> read_line(ListLine& line);

  std::unique_ptr<ByteSource> source_;
  Bytes held_;
  std::size_t given_ = 0;  // of held_
  std::uint64_t lines_ = 0;
};

}  // namespace mrtool
