// --register, --bank, --type and --record: which records, and which of their digests, are asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/record/record.hpp"
#include "lib/registers/names.hpp"
#include "tools/mrtool/cli/command_line.hpp"

namespace mrtool {

class Filter {
 public:
  // Fails (usage) where a value cannot be understood.
  static Result<Filter> from(const CommandLine& line);

  // Is the record to be shown? A record without digests is taken for its register's sake.
  bool takes(const Record& record) const;
  bool takes(const Register& reg, HashAlgorithm bank) const;
  bool takes_bank(HashAlgorithm bank) const;
  // The one bank that --bank names; none when it names several or is not given.
  HashAlgorithm only_bank() const { return banks_.size() == 1 ? banks_.front() : HashAlgorithm::none; }
  // The one register that --register names; nothing when it names several or is not given.
  std::optional<Register> only_register() const;
  bool selects_banks() const { return !banks_.empty(); }
  bool names_registers() const { return !registers_.empty(); }
  // Every bank that --register or --bank names.
  std::vector<HashAlgorithm> named_banks() const;
  // The options that leave out records, with their verb: "--register and --type select"; empty where all are taken.
  std::string record_options() const;
  // The same of those that leave out values: "--bank selects".
  std::string value_options() const;
  // Are registers or banks restricted at all?
  bool selects_values() const { return !registers_.empty() || !banks_.empty(); }

 private:
  struct Span {
    std::uint64_t first;
    std::uint64_t last;
  };
  static Result<Span> parse_span(std::string_view text);
  bool takes_register(const Register& reg, HashAlgorithm bank) const;
  bool takes_type(const Record& record) const;

  std::vector<Selection> registers_;
  std::vector<HashAlgorithm> banks_;
  std::vector<std::string> types_;
  std::vector<Span> records_;
};

}  // namespace mrtool
