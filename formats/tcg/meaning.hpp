// What a framed record of a TCG event log means for registers: which one it is about, whether it extends it, what it
// asserts. TCG PC Client Platform Firmware Profile 1.06, section 10.4.5; UEFI 2.10, section 38.4.1.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "formats/tcg/frame.hpp"
#include "formats/tcg/quirks.hpp"
#include "lib/base/limits.hpp"
#include "lib/record/record.hpp"

namespace mrtool::tcg {

class RecordMeaning {
 public:
  struct Setup {
    Platform platform = Platform::tpm;
    bool mr_indexed = false;             // indices are CC measurement register indices
    bool has_spec_id = false;            // record 0 is a spec-ID event or its stand-in
    bool continues_another_log = false;  // PCR 0 may have been extended before
    std::vector<AlgorithmSize> algorithms;
  };

  RecordMeaning(Setup setup, QuirkReport& report);

  // Fills in what follows from the fields of `record` that framing gave.
  void apply(Record& record, const Frame& frame);
  // Reports what only the whole log shows: banks that some or all records lack, and the digest order.
  void finish();

 private:
  struct Tally {
    std::uint64_t records = 0;
    std::uint64_t first_record = 0;
    std::uint64_t first_offset = 0;

    void count(const Record& record);
  };

  void apply_no_action(Record& record);
  void apply_extending(Record& record, const Frame& frame);
  void apply_startup_locality(Record& record);
  void count_banks(const Record& record, const Frame& frame);

  Setup setup_;
  QuirkReport& report_;
  std::array<Register, 32> registers_;  // of the small indices, which is nearly all there are
  bool pcr0_extended_ = false;
  bool startup_locality_seen_ = false;
  bool hcrtm_seen_ = false;
  std::uint64_t extending_ = 0;
  std::uint64_t all_banks_ = 0;                             // bit i: algorithms[i]
  std::array<Tally, limits::kAlgorithmsPerLog> missing_{};  // by algorithm
  Tally disordered_;
};

}  // namespace mrtool::tcg
