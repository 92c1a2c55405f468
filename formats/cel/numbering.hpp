// Record numbers: checked when read, given out when written (CEL format notes, section 7).
#pragma once

#include <map>
#include <optional>

#include "formats/cel/quirks.hpp"
#include "lib/base/limits.hpp"
#include "lib/record/record.hpp"

namespace mrtool::cel {

// Numbers count per register from 0. Nothing depends on them: what differs is said, order is that of the log.
class NumberCheck {
 public:
  explicit NumberCheck(QuirkReport& report) : report_(report) {}
  void check(const Record& record);

 private:
  QuirkReport& report_;
  std::map<Register, std::uint64_t> next_;  // by register, at most limits::kListedItems of them
  std::optional<std::uint64_t> last_;       // of the record before, whatever its register
};

// The numbers that a writer gives: per register from 0.
class Numbering {
 public:
  // Nothing when the log has more registers than are counted.
  std::optional<std::uint64_t> next(const Register& reg);

 private:
  std::map<Register, std::uint64_t> next_;
};

// The number that a record is written with: as stated in a CEL log (nothing where it states none and `optional`),
// else the next one.
class WrittenNumbers {
 public:
  explicit WrittenNumbers(bool optional) : optional_(optional) {}
  // `own`: the records are of a CEL log.
  void begin(bool own) { own_ = own; }
  struct Number {
    bool overflow = false;  // too many registers
    std::optional<std::uint64_t> value;
  };
  Number of(const Record& record);

 private:
  Numbering numbering_;
  bool optional_;
  bool own_ = false;
};

}  // namespace mrtool::cel
