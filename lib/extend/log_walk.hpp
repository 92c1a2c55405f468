// Walking the lines of a TSM log that the kernel keeps, to learn what the register held at each.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "lib/crypto/hash.hpp"

namespace mrtool::extend {

// A place between two lines of a log.
struct LogPlace {
  std::uint64_t offset = 0;     // bytes from the log's start
  std::uint64_t records = 0;    // lines before it that are not empty
  std::optional<Digest> value;  // of the register; nothing where the lines before do not tell
};

// One line, and what it did.
struct WalkedLine {
  std::string_view text;  // of the bytes that were walked
  std::optional<Digest> before;
  std::optional<Digest> after;
};

// The lines of `bytes`, which begin at `place`, and moves `place` behind the last of them that is whole. A value that
// is not known is taken from the next SYNC.
std::vector<WalkedLine> walk(LogPlace& place, ByteView bytes, HashAlgorithm bank, HashEngine& engine);

}  // namespace mrtool::extend
