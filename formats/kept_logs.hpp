// THE table of the logs that can be kept beside a register that mrtool extends: one line a format.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/host.hpp"
#include "lib/extend/kept_log.hpp"

namespace mrtool {

struct KeptLogRow {
  std::string_view format;  // name in the table of formats
  std::span<const RegisterKind> kinds;
  std::span<const RegisterKind> default_for;  // of `kinds`, those whose log this is unless another is named
  std::unique_ptr<extend::KeptLog> (*make)(const Register& reg, std::span<const HashAlgorithm> banks, Host& host);
  // Where others keep this log, for Host::system_path; empty where it is the state directory's.
  std::string_view (*place)(const Register& reg) = nullptr;
};

std::span<const KeptLogRow> kept_logs();

// `format`: a name or alias of the table of formats; empty for the register's default: a TSM text log of a TSM
// register, CEL-JSON of a PCR. `banks` are the register's (at least one), `host` outlives the log. Fails (usage) where
// the format is none, or no log of it can be kept for such a register: the message names those that can.
Result<const KeptLogRow*> find_kept_log(std::string_view format, const Register& reg);
Result<std::unique_ptr<extend::KeptLog>> make_kept_log(std::string_view format, const Register& reg,
                                                       std::span<const HashAlgorithm> banks, Host& host);

// "tsm, cel-json": the formats of which a log can be kept for the register.
std::string kept_log_names(const Register& reg);

}  // namespace mrtool
