// Writes IMA measurement lists in both forms, and says what of other logs they can hold.
#pragma once

#include <memory>

#include "lib/record/writer.hpp"

namespace mrtool::ima {

// WriteOptions::bank is the list's; without it the one of the list that is read, or the strongest of another log.
// A digest that the record does not have is the hash of its data.
std::unique_ptr<Writer> make_writer(ByteSink& sink, const WriteOptions& options);
std::unique_ptr<Writer> make_ascii_writer(ByteSink& sink, const WriteOptions& options);

Carried carry(const Record& record, const LogInfo& info, const WriteOptions& options);
Carried carry_ascii(const Record& record, const LogInfo& info, const WriteOptions& options);

}  // namespace mrtool::ima
