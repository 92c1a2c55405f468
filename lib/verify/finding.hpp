// What verify found out, one at a time: every reason for a verdict that is not a pass, and what is worth knowing of one
// that is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/diagnostic.hpp"
#include "lib/crypto/algorithms.hpp"
#include "lib/quote/quote.hpp"
#include "lib/record/register.hpp"

namespace mrtool {

struct Finding {
  Severity severity = Severity::error;
  // What it does to the verdict of its layer: fail, inconclusive, or pass for what is only told.
  Verdict effect = Verdict::fail;
  std::string code;                     // stable, kebab-case: "digest-differs", "policy-unmet"
  std::optional<std::size_t> log;       // index among the logs of this run
  std::optional<std::uint64_t> record;  // number in its log
  std::optional<std::uint64_t> offset;  // bytes from the start of the log
  std::optional<Register> reg;
  HashAlgorithm bank = HashAlgorithm::none;  // none: no bank in particular
  std::string message;                       // one sentence; may hold text from a log, so escape it before display
};

}  // namespace mrtool
