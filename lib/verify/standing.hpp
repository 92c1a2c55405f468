// What a comparison proves of a register's log, once it is known what the value's source is worth.
#pragma once

#include <functional>
#include <string>

#include "lib/replay/replay.hpp"

namespace mrtool {

// Ordered by how much it proves, but for the last two.
enum class Standing : std::uint8_t {
  untouched,    // no record is about the register, and it holds its initial value
  uncompared,   // records extend it, and no value was given
  untrusted,    // equal, by a source that nothing authenticates
  weak,         // equal, in a bank whose hash can be made to collide
  unproven,     // equal or nearly, but what the log leaves open (a gap, a claimed start, missing digests) is not known
  vouched,      // an authenticated value follows from the log, or from a prefix of one that grows
  unexplained,  // the register left its initial value, and no record is about it
  failed,       // the log does not lead to the value
};

struct StandingOptions {
  std::function<bool(std::size_t source)> trusts;
  bool allow_weak = false;
};

// Of one register in one bank, over all its comparisons: a failed one outweighs the rest, then the best counts.
Standing standing_of(const RegisterResult& result, const StandingOptions& options);
// The comparison that vouches for the longest prefix; nullptr where none vouches.
const Comparison* vouching_comparison(const RegisterResult& result, const StandingOptions& options);

// One sentence's end, of a register that is not vouched for: "compared by SHA-1 digests only".
std::string reason_of(Standing standing, const RegisterResult& result);

}  // namespace mrtool
