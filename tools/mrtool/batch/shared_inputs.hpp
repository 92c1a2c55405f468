// What the appraisals of a batch have in common, read and parsed once: policies, register values, and the files that go
// with quotes. Never changed while members are appraised, so that every thread may look things up.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "lib/registers/values.hpp"
#include "lib/verify/policy.hpp"
#include "tools/mrtool/cli/command_line.hpp"

namespace mrtool {

class SharedInputs {
 public:
  // Nothing is shared: each run reads its own.
  SharedInputs() = default;
  // All that the options of a command line name. Fails as reading them does.
  static Result<SharedInputs> load(const CommandLine& line, Host& host);

  // What is shared, else what `host` has.
  Result<RegisterValues> values(const std::string& spec, const std::string& tcti, Host& host) const;
  Result<std::shared_ptr<const Policy>> policy(const std::string& path, Host& host) const;
  // A policy in the words of its text.
  Result<std::shared_ptr<const Policy>> policy_of(const std::string& text, Host& host) const;
  Result<Bytes> file(const std::string& path, Host& host) const;

  void share_policy_of(std::string text, std::shared_ptr<const Policy> policy) {
    policies_of_texts_.emplace(std::move(text), std::move(policy));
  }

 private:
  std::string tcti_;  // that values_ were read with
  std::map<std::string, RegisterValues> values_;
  std::map<std::string, std::shared_ptr<const Policy>> policies_;
  std::map<std::string, std::shared_ptr<const Policy>> policies_of_texts_;
  std::map<std::string, Bytes> files_;
};

}  // namespace mrtool
