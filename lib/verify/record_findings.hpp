// What single records say for or against their log: digests that are not of the content, IMA's violations and boot
// aggregates. In memory that does not grow with the log.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "lib/content/ima.hpp"
#include "lib/verify/finding.hpp"
#include "lib/verify/policy.hpp"

namespace mrtool {

class RecordFindings {
 public:
  static constexpr std::uint64_t kListed = 8;         // findings of a kind, log and bank; the rest is counted
  static constexpr std::size_t kBootAggregates = 64;  // entries of kernels that started one another

  void begin_log() { held_.first_entry_of_log = true; }
  void add(const JudgedRecord& record);

  // A boot_aggregate entry, and whether its list starts with it.
  struct BootAggregate {
    std::size_t log = 0;
    std::uint64_t record = 0;
    std::uint64_t offset = 0;
    ima::BootAggregate stated;
  };
  const std::vector<BootAggregate>& boot_aggregates() const { return held_.boot_aggregates; }
  // Lists of IMA whose first entry is none.
  const std::vector<std::size_t>& lists_without_boot_aggregate() const { return held_.without_boot_aggregate; }
  bool saw_ima() const { return held_.saw_ima; }

  // Digests by bank: of records, those that are the hash of their content, those that cannot be checked, those that are
  // not.
  struct DigestCounts {
    std::uint64_t matches = 0;
    std::uint64_t unverifiable = 0;
    std::uint64_t differs = 0;
  };
  const std::map<HashAlgorithm, DigestCounts>& digests() const { return held_.digests; }
  // All of it, for a run that goes on from here.
  struct Held {
    std::vector<Finding> findings;
    std::map<std::tuple<std::size_t, std::string, HashAlgorithm>, std::uint64_t> noted;
    std::map<HashAlgorithm, DigestCounts> digests;
    std::vector<BootAggregate> boot_aggregates;
    std::vector<std::size_t> without_boot_aggregate;
    std::uint64_t violations = 0;
    bool saw_ima = false;
    bool first_entry_of_log = false;
  };
  const Held& held() const { return held_; }
  void take_up(Held held) { held_ = std::move(held); }

  std::uint64_t violations() const { return held_.violations; }
  const std::vector<Finding>& all() const { return held_.findings; }

 private:
  // `entry`: the record, or the entry that its line holds.
  void add_ima(const JudgedRecord& judged, const Record& entry);
  void add_violation(const JudgedRecord& judged, std::string message);
  void note(const JudgedRecord& record, HashAlgorithm bank, std::string_view code, std::string message,
            Verdict effect = Verdict::fail);

  Held held_;
};

}  // namespace mrtool
