// Policies (mrtool.policy/1): reference values for registers, and rules for the records of logs. A rule reads only what
// a digest vouches for, and counts only records that a register vouches for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/host.hpp"
#include "lib/content/content.hpp"
#include "lib/replay/replay.hpp"
#include "lib/verify/finding.hpp"

namespace mrtool {

namespace policy {
struct Progress;  // defined in policy_state.hpp
}  // namespace policy
struct Policy;  // defined in policy_model.hpp, for those who evaluate and write it

// A policy from YAML or JSON text, or reference values from a RIM-like list. Files that it names (`from`, `keys`) are
// read through the host, relative to the directory of `path`. Unknown keys, wrong types and values that do not parse
// fail (malformed) with the file, line and column in the message.
Result<std::shared_ptr<const Policy>> load_policy(const std::string& path, Host& host);
// The same from a text, whose files are relative to the current directory.
Result<std::shared_ptr<const Policy>> parse_policy(ByteView text, Host& host);

// A record as every judge of records sees it.
struct JudgedRecord {
  std::size_t log = 0;  // index among the logs of this run
  const LogInfo* info = nullptr;
  const Record* record = nullptr;
  const Judgement* judgement = nullptr;
  const Decoded* decoded = nullptr;
};

// How many of the extending records of a register, in a bank, a compared value vouches for: 0 where none was compared
// or it did not hold. Counted over the whole chain, as RegisterResult::records is.
class BoundRecords {
 public:
  virtual ~BoundRecords() = default;
  virtual std::uint64_t count(const Register& reg, HashAlgorithm bank) const = 0;
  // Did the register's value come from an authenticated source (or --trust-registers), in this bank?
  virtual bool vouched(const Register& reg, HashAlgorithm bank) const = 0;
};

// One pass of records against a policy, in memory that does not grow with the log.
class PolicyRun {
 public:
  explicit PolicyRun(std::shared_ptr<const Policy> policy);
  ~PolicyRun();
  PolicyRun(PolicyRun&&) noexcept;
  PolicyRun& operator=(PolicyRun&&) noexcept;

  void add(const JudgedRecord& record);

  // What was gathered from the records so far, and a run that goes on from it behind them. False: that is of another
  // policy.
  policy::Progress progress() const;
  [[nodiscard]] bool take_up(const policy::Progress& from);

  // What each rule comes to, once it is known which records and values are vouched for. `findings` gets one for every
  // rule and reference value that is not met or cannot be known, and a note for each record that breaks one (the first
  // few). A rule of severity `warn` never has an effect but is told.
  struct Outcome {
    std::vector<QuoteCheck> checks;  // one a rule and one a reference value, by name
    std::vector<Finding> findings;
  };
  Outcome finish(std::span<const RegisterResult> registers, const BoundRecords& bound);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Writes a policy from a known-good log: reference values of the registers, and rules for what is worth holding fast
// (Secure Boot, command lines, images, IMA files). Feed it the records, then take the YAML.
class PolicyMaker {
 public:
  PolicyMaker();
  ~PolicyMaker();
  void add(const JudgedRecord& record);
  std::string yaml(std::span<const RegisterResult> registers) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mrtool
