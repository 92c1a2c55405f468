// Writes the text log of CoCo's attestation agent: lines whose digest is that of the line. One register and one bank.
#pragma once

#include <memory>

#include "lib/record/writer.hpp"

namespace mrtool::aael {

// Fails (unsupported) for a record that carry() calls lost as a whole, and for records of a second register.
std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options);

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options);

}  // namespace mrtool::aael
