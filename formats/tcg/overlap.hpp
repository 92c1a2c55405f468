// How many records of a UEFI final-events table the main log has at its end: events after the first GetEventLog call
// are written to both (TCG EFI Protocol Specification 2.0, section 7).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/crypto/hash.hpp"
#include "lib/record/record.hpp"

namespace mrtool::tcg {

// Takes the table's records, then the main log's; memory grows with the table only and time is linear in both.
// Records are equal when all their bytes are: two identical events in a row are possible.
class OverlapFinder {
 public:
  void add_table_record(const Record& record);
  void add_main_record(const Record& record);  // after all of the table's

  // The largest k such that the last k records of the main log are the first k of the table.
  std::size_t overlap() const { return matched_; }
  std::size_t table_records() const { return table_.size(); }

 private:
  using Hash = std::array<std::uint8_t, 32>;

  Hash hash_of(const Record& record);
  // The longest prefix of the table that ends a sequence of which the first `matched` end the part before `hash`.
  std::size_t advance(std::size_t matched, const Hash& hash) const;

  HashEngine engine_;
  std::vector<Hash> table_;
  // borders_[i]: the longest proper prefix of table_[0..i] that is also its suffix (Knuth, Morris and Pratt).
  std::vector<std::size_t> borders_;
  std::size_t matched_ = 0;
};

}  // namespace mrtool::tcg
