// The bytes behind the last record, seen in pieces: fill, and what may follow it.
#pragma once

#include <cstdint>

#include "formats/tcg/quirks.hpp"
#include "lib/base/bytes.hpp"

namespace mrtool::tcg {

class Tail {
 public:
  void add(ByteView piece, std::uint64_t offset);
  // Says what was there, if anything was.
  void report(QuirkReport& report, std::uint64_t next_record) const;

 private:
  std::uint64_t offset_ = 0;  // of the first byte
  std::uint64_t fill_ = 0;    // bytes
  std::uint64_t other_ = 0;   // bytes behind the fill
  std::uint8_t fill_byte_ = 0;
};

}  // namespace mrtool::tcg
