// Record numbers: checked when read, given out when written (CEL format notes, section 7).
#pragma once

#include <map>
#include <optional>

#include "formats/cel/quirks.hpp"
#include "lib/base/limits.hpp"
#include "lib/record/record.hpp"

namespace mrtool::cel {

// A number for each register, at most limits::kListedItems of them.
class RegisterNumbers {
 public:
  RegisterNumbers() = default;
  RegisterNumbers(const RegisterNumbers&) = delete;  // last_ would be of another's
  RegisterNumbers& operator=(const RegisterNumbers&) = delete;

  // That of the register, and whether it is there for the first time (as 0). Nothing where there are too many.
  struct Found {
    std::uint64_t* number = nullptr;
    bool first = false;
  };
  Found find_or_add(const Register& reg);

 private:
  std::map<Register, std::uint64_t> numbers_;
  std::map<Register, std::uint64_t>::value_type* last_ = nullptr;  // records of a log are mostly about one register
};

// Numbers count per register from 0. Nothing depends on them: what differs is said, order is that of the log.
class NumberCheck {
 public:
  explicit NumberCheck(QuirkReport& report) : report_(report) {}
  void check(const Record& record);

 private:
  QuirkReport& report_;
  RegisterNumbers next_;
  std::optional<std::uint64_t> last_;  // of the record before, whatever its register
};

// The numbers that a writer gives: per register from 0.
class Numbering {
 public:
  // Nothing when the log has more registers than are counted.
  std::optional<std::uint64_t> next(const Register& reg);

 private:
  RegisterNumbers next_;
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
