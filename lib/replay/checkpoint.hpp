// What a fold holds between two records of its one log, so that another run goes on from there as if it had folded the
// records before. Only as good as who hands it over: what is bound to which log is theirs to see to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/replay/reading.hpp"

namespace mrtool {

struct Checkpoint {
  static constexpr std::size_t kRegisters = 1024;  // more are not carried over

  struct Place {
    std::uint64_t record = 0;
    std::uint64_t offset = 0;

    bool operator==(const Place&) const = default;
  };
  // A register in one bank.
  struct Cell {
    HashAlgorithm bank = HashAlgorithm::none;
    bool started = false;  // else the fields up to `records` are empty
    Digest value;
    Digest initial;
    std::string initial_reason;
    bool initial_claimed = false;
    bool asserted = false;
    std::uint64_t records = 0;
    std::optional<Place> missing;  // the first record without a digest for the bank
    std::uint64_t records_before_missing = 0;
    bool fixed = false;  // of a carried register: a manifest states its value
    // Where the records can be read in several ways; no block is open, and `matched` is not carried over.
    std::vector<Reading> readings;
    bool hashed_in_log = false;
    bool states_values = false;
  };
  struct Held {
    Register reg;  // with its carrier
    std::optional<Place> first_extend;
    std::vector<Cell> cells;
  };
  struct KnownBank {
    HashAlgorithm bank = HashAlgorithm::none;
    bool folded = false;
  };

  std::uint64_t records = 0;     // of the log, that were folded; the last of them extends
  std::vector<KnownBank> banks;  // as the log names them
  std::vector<Held> registers;
  std::vector<Held> carried;
  SearchBudget search;
};

// Those about records before that number, all about log 0: what was noticed at the end of a log is not so of a longer
// one.
std::vector<Diagnostic> of_records_before(const std::vector<Diagnostic>& noticed, std::uint64_t number);

}  // namespace mrtool
