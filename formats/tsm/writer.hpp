// Writes TSM text logs: lines as the kernel's code leaves them for the same records, and records of other formats as
// comments (carried.hpp). One register and one bank.
#pragma once

#include <memory>

#include "lib/record/writer.hpp"

namespace mrtool::tsm {

// Fails (unsupported) for a record that carry() calls lost as a whole, for records of a second register, and for a
// record of another format behind lines of a log that did not start with one.
std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options);

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options);

}  // namespace mrtool::tsm
