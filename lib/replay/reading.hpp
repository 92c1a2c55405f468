// One way to read a register's records in one bank, where there are several.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/crypto/hash.hpp"
#include "lib/replay/replay.hpp"

namespace mrtool {

// How a bank is extended.
struct Extender {
  HashEngine& engine;
  HashAlgorithm bank = HashAlgorithm::none;

  Digest extended(const Digest& value, ByteView digest) const {
    Digest next = value;
    engine.extend(bank, next, digest);
    return next;
  }
};

// Hash operations that are left for finding out which extends of a block took effect; over all logs, so that a log of
// many unsolvable blocks costs no more than a log.
struct SearchBudget {
  std::uint64_t operations = std::uint64_t{1} << 19U;
  bool exhausted = false;  // a search was left out
};

// Tentative extends in a row: logged before they were tried, so that each may have failed (TSM log format notes, 3.4).
// The values that may come out of it are kept, not the digests, but for the first few.
struct Block {
  static constexpr std::size_t kSearched = 12;

  std::uint64_t count = 0;  // 0: no block is open
  Digest base;              // before the first
  std::uint64_t base_records = 0;
  std::optional<std::uint64_t> base_first_direct;
  std::vector<Digest> digests;  // the first kSearched
  // A blank line inside the block says that everything before it failed (3.5): what comes out then.
  bool hinted = false;
  Digest hinted_value;
  std::uint64_t hinted_count = 0;

  bool open() const { return count != 0; }
};

// The longest prefix of a register's records that gives a value.
struct Match {
  std::uint64_t records = 0;  // 0: none does
  std::uint64_t last_record = 0;
  std::optional<std::size_t> last_log;
  bool at_runtime = false;  // what comes behind it is of logs that grow at run time
};

struct Reading {
  Digest value;
  std::uint64_t records = 0;
  std::vector<Match> matched;  // by the cell's targets
  std::uint64_t records_before_missing = 0;
  Block block;
  bool keeps_blocks = false;                  // a block counts though records follow it without a stated value
  std::optional<std::uint64_t> first_direct;  // records before the first direct extend
  bool tail_only = false;                     // starts at a value that only the log states
  std::vector<Gap> gaps;                      // the first RegisterResult::kListedGaps
  std::optional<std::uint64_t> first_gap;     // records before the first gap that is not the log's start
  DigestRule rule = DigestRule::only;
  std::uint64_t rule_changes_at = 0;

  // Folds a digest that was extended, or may have been. `blank_before`: see Block::hinted.
  void extend(const Extender& extender, ByteView digest);
  void extend_tentatively(const Extender& extender, ByteView digest, bool blank_before);
  // The block stands as it is folded.
  void keep_block() {
    if (block.open()) {
      block = {};
    }
  }
  // None of the block took effect.
  void undo_block();
  // Makes the value `stated`, if that is what it is or what comes out when some extends of the block failed. How many
  // failed, or nothing when no choice gives the value.
  std::optional<std::uint64_t> settle(const Extender& extender, const Digest& stated, SearchBudget& budget);
  // Takes over a stated value.
  void rebase(std::uint64_t record, const Digest& stated, bool first_of_log);

 private:
  void take_from_block(const Digest& result, std::uint64_t count);
};

// The readings of one register in one bank.
struct Trail {
  static constexpr std::size_t kReadings = 8;

  std::vector<Reading> readings;    // the usual one first
  std::uint64_t hashed_in_log = 0;  // the last log (counted from 1) with a measured line about the register, or a mark
  bool states_values = false;       // its log states values, or is of a kind that does

  Reading& usual() { return readings.front(); }
  // Adds a reading. When there are too many the youngest that took over a stated value makes room.
  void add(Reading reading);
};

}  // namespace mrtool
