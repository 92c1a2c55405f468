// Everyday lines of an ASCII list, many at a time: their digests are checked together, which costs less than one by
// one.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "formats/ima/line.hpp"
#include "lib/crypto/hash.hpp"
#include "lib/record/record.hpp"

namespace mrtool::ima {

// What one line says of an entry, and its data, which an arena has.
struct LineEntry {
  Line line;
  ByteView data;
  std::uint8_t missing_blanks = 0;
  bool blank_in_name = false;
  std::size_t size = 0;  // bytes of the line, with its line feed
};

class LinesAhead {
 public:
  struct Taken {
    std::span<const LineEntry> entries;
    bool more = false;  // such a line follows, perhaps
  };

  // Entries at the front of a list of that bank, each of which ends with its line for certain: its digest is the hash
  // of its data, or says that there was a violation. Where other lines come first there are none: those need more
  // thought. Valid until the next call, and as long as `text` and the arena.
  Taken take(std::string_view text, HashAlgorithm bank, ByteOrder order, HashEngine& engine, Arena& arena);

 private:
  bool parse(std::string_view line, std::size_t digest_bytes, ByteOrder order, Arena& arena);
  std::size_t count_confirmed(HashAlgorithm bank, std::size_t digest_bytes, HashEngine& engine);

  // Lines that are tried at a time: more as long as they are of this kind, so that what is parsed in vain is less than
  // what was not.
  std::size_t most_ = 1;
  std::vector<LineEntry> entries_;
  std::vector<ByteView> data_;  // of the entries
  Bytes digests_;               // of the data
  Rebuilt rebuilt_;
};

}  // namespace mrtool::ima
