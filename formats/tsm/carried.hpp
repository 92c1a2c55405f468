// Records of other formats in a TSM log. The log starts with "# mrtool/1 log <bank>"; each such record is a comment
//
//   # mrtool/1 record <content> [key=value ...]
//
// and, when it extends the register, directly behind it "# .EXTEND <digest>". The keys, in this order, each left out at
// its default: type, index and number (decimal), flags (extends, tentative, violation, instance, computed), asserts
// (initial|present:<bank>|any:<hex>), name, digest (of a record that does not extend), data, details (systemd's content
// object as JSON text) and suffix (hexadecimal).
// Neither line is hashed: replay is kept, the content is not protected.
//
// A comment is taken for a record only behind that first line, which a kernel cannot be brought to write there: its
// logs start with SYNC or .EXTEND.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/record/record.hpp"

namespace mrtool::tsm {

// HashAlgorithm::none for a log in which nothing is measured.
std::string format_log_header(HashAlgorithm bank);
// The bank.
std::optional<HashAlgorithm> parse_log_header(std::string_view line);

// The line is to be read as a carried record in a log that has the header.
bool starts_carried(std::string_view line);

// The record's digest of that bank, of the bank's size; nullptr when it has none.
const DigestEntry* digest_of(const Record& record, HashAlgorithm bank);

// What the comment says as `details`; empty for records without.
std::string details_of(const Record& record);

// The comment of a record; register and prefix are not in it.
std::string format_carried(const Record& record, HashAlgorithm bank);

struct Carrying {
  Record record;  // views are of `arena`; without digests, number, offset, raw, register
  bool computed = false;
  std::optional<Digest> digest;  // that the comment holds
};
// Nothing where the line is not exactly as format_carried makes it.
std::optional<Carrying> parse_carried(std::string_view line, HashAlgorithm bank, Arena& arena);

}  // namespace mrtool::tsm
