// What a policy's run remembers: per rule, register and bank the first record of each sort, for how many records are
// vouched for is known only at the end.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/registers/values.hpp"
#include "lib/verify/policy_model.hpp"
#include "lib/verify/policy_record.hpp"

namespace mrtool::policy {

// Where a record is: in its log, and in the chain of its register in one bank. An extend that may have failed leaves
// two counts of those before it.
struct Place {
  std::size_t log = 0;
  std::uint64_t record = 0;
  std::uint64_t offset = 0;
  std::uint64_t least = 0;       // extends before it that certainly happened
  std::uint64_t most = 0;        // all that are logged
  std::uint64_t separators = 0;  // records before it that measure what a separator does
};

struct Chain {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::uint64_t separators = 0;
  std::optional<std::uint64_t> separator;        // Place::most of the first
  std::optional<std::uint64_t> error_separator;  // Place::least of the first by which firmware reports an error
};

struct Tally {
  static constexpr std::size_t kExamples = 8;

  std::optional<Place> meets;
  std::optional<Place> claims;
  std::optional<Place> unknown;  // may break the rule
  std::vector<Place> breaks;     // the first kExamples
  std::size_t steps = 0;         // of `ordered`: how many are done
  std::uint64_t steps_done = 0;  // Place::most of the last one
};

struct RuleState {
  const Rule* rule;
  std::map<RegisterKey, Tally> tallies;
};

using Chains = std::map<RegisterKey, Chain>;

// All of it, for a run of the same policy that goes on from here.
struct Progress {
  Chains chains;
  std::vector<std::map<RegisterKey, Tally>> rules;  // by rule
  bool overflow = false;
};

bool selects(const Rule& rule, const Register& reg, HashAlgorithm bank);

// What a rule or reference comes to.
struct Conclusion {
  Verdict verdict = Verdict::inconclusive;
  std::string detail;
  std::optional<Register> reg;
  HashAlgorithm bank = HashAlgorithm::none;
  std::vector<Place> breaks;  // those that are vouched for
};

Conclusion conclude(const RuleState& state, const Chains& chains, std::span<const RegisterResult> registers,
                    const BoundRecords& bound);
// One for each register that the reference selects.
std::vector<Conclusion> conclude(const Reference& reference, std::span<const RegisterResult> registers,
                                 const BoundRecords& bound);

}  // namespace mrtool::policy
