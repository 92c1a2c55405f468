// Contents in CBOR: the item under key 10 (CEL format notes, section 4).
#pragma once

#include "lib/base/error.hpp"
#include "lib/record/record.hpp"

namespace mrtool::cel {

struct CborExtras : FormatExtras {
  Bytes content;  // the item as it was, where encoding the record's fields gives another
};

// Appends the item; returns its content number. Nothing, and nothing appended, for content that CEL has no number for.
std::optional<std::uint32_t> append_cbor_content(Bytes& out, const Record& record);

// Fills in content, type, name and data from the one item. False where it is not in the form that the number
// prescribes; the record then holds the item itself. Chunked strings and notes are put into the arena.
bool decode_cbor_content(Record& record, std::uint64_t number, ByteView item, std::span<const DigestEntry> digests,
                         Arena& arena);

}  // namespace mrtool::cel
