// What of a record a CEL log can hold.
#pragma once

#include "lib/record/writer.hpp"

namespace mrtool::cel {

Carried carry_tlv(const Record& record, const LogInfo& log, const WriteOptions& options);
Carried carry_json(const Record& record, const LogInfo& log, const WriteOptions& options);
Carried carry_cbor(const Record& record, const LogInfo& log, const WriteOptions& options);

}  // namespace mrtool::cel
