// What single records say for or against their log: digests that are not of the content, IMA's violations and boot
// aggregates. In memory that does not grow with the log.
#pragma once

#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "lib/content/ima.hpp"
#include "lib/verify/finding.hpp"
#include "lib/verify/policy.hpp"

namespace mrtool {

class RecordFindings {
 public:
  static constexpr std::uint64_t kListed = 8;         // findings of a kind, log and bank; the rest is counted
  static constexpr std::size_t kBootAggregates = 64;  // entries of kernels that started one another

  void begin_log() { first_entry_of_log_ = true; }
  void add(const JudgedRecord& record);

  // A boot_aggregate entry, and whether its list starts with it.
  struct BootAggregate {
    std::size_t log = 0;
    std::uint64_t record = 0;
    std::uint64_t offset = 0;
    ima::BootAggregate stated;
  };
  const std::vector<BootAggregate>& boot_aggregates() const { return boot_aggregates_; }
  // Lists of IMA whose first entry is none.
  const std::vector<std::size_t>& lists_without_boot_aggregate() const { return without_boot_aggregate_; }
  bool saw_ima() const { return saw_ima_; }

  // Digests by bank: of records, those that are the hash of their content, those that cannot be checked, those that are
  // not.
  struct DigestCounts {
    std::uint64_t matches = 0;
    std::uint64_t unverifiable = 0;
    std::uint64_t differs = 0;
  };
  const std::map<HashAlgorithm, DigestCounts>& digests() const { return digests_; }
  std::uint64_t violations() const { return violations_; }
  const std::vector<Finding>& all() const { return findings_; }

 private:
  // `entry`: the record, or the entry that its line holds.
  void add_ima(const JudgedRecord& judged, const Record& entry);
  void add_violation(const JudgedRecord& judged, std::string message);
  void note(const JudgedRecord& record, HashAlgorithm bank, std::string_view code, std::string message,
            Verdict effect = Verdict::fail);

  std::vector<Finding> findings_;
  std::map<std::tuple<std::size_t, std::string_view, HashAlgorithm>, std::uint64_t> noted_;
  std::map<HashAlgorithm, DigestCounts> digests_;
  std::vector<BootAggregate> boot_aggregates_;
  std::vector<std::size_t> without_boot_aggregate_;
  std::uint64_t violations_ = 0;
  bool saw_ima_ = false;
  bool first_entry_of_log_ = false;
};

}  // namespace mrtool
