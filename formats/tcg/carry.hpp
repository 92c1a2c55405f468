// What of a record TCG logs can hold.
#pragma once

#include <optional>
#include <string_view>

#include "formats/tcg/reader.hpp"
#include "lib/record/writer.hpp"

namespace mrtool::tcg {

std::string_view to_string(Row row);

// Records of a log of the row's own format keep their index and layout.
bool is_own(Row row, const LogInfo& info);
// The index that stands for the record's register in a log of that row; nothing where none does.
std::optional<std::uint64_t> index_of(Row row, const Record& record, const LogInfo& info);
// The log can hold the digest: its algorithm has an identifier, and the size is the algorithm's own or the log's.
bool can_hold(Row row, const DigestEntry& digest, const LogInfo& info);
// A spec-ID event that announces banks: only the first record of a crypto-agile log is one.
bool announces_banks(const Record& record);

// It says no more than that the log is a SHA-1 log, which a log of the row tcg says without it.
bool announces_sha1_only(const Record& record);

// PC client events are native. A line of a TSM log that was measured as it stands is encapsulated as EV_ACTION, in
// crypto-agile logs (tsm-log format notes, section 9); everything else is lost.
Carried carry(Row row, const Record& record, const LogInfo& info);

}  // namespace mrtool::tcg
