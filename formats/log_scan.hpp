// Reads a log whole to find where it ends: what the logs that are kept beside a register have in common.
#pragma once

#include <functional>
#include <memory>

#include "lib/extend/kept_log.hpp"
#include "lib/record/reader.hpp"

namespace mrtool {

struct LogScan {
  extend::LogEnd end;  // `values` by the fold that replay uses; a bank that a record lacks has none
  LogInfo info;
  std::uint64_t records_end = 0;  // bytes up to the end of the last record; what lies behind is `end.size` minus this
};

using MakeReader = std::unique_ptr<Reader> (*)(std::unique_ptr<ByteSource>, const ReadOptions&, DiagnosticSink&);

// `see` looks at every record, and fails for one that the log may not have. Fails (malformed) where the log is damaged,
// at the record and offset of the damage.
Result<LogScan> scan_log(MakeReader make_reader, std::unique_ptr<ByteSource> source, const ReadOptions& options,
                         const std::function<Status(const Record&)>& see = {});

// The register is not where the log leaves it: in the banks where `present` differs from what `end` says or, where it
// says nothing, from where the platform starts the register.
std::vector<extend::BankDigest> banks_off_the_log(const Register& reg, std::span<const extend::BankDigest> present,
                                                  const extend::LogEnd& end);

}  // namespace mrtool
