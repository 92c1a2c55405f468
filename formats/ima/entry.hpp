// One entry of a binary IMA list (Linux, security/integrity/ima/ima_fs.c):
//
//   u32 pcr, template digest, u32 name length, template name, u32 data length, data
//
// Integers are in the byte order of the kernel that wrote the list, and the digest is as long as that of the list's
// bank: the list says neither. Entries of the legacy template "ima" have no data length: their data is a file digest of
// 20 bytes, a u32 and a name of that many bytes.
#pragma once

#include <string>

#include "lib/base/byte_reader.hpp"
#include "lib/base/bytes.hpp"

namespace mrtool::ima {

struct Layout {
  ByteOrder order = ByteOrder::little;
  std::size_t digest_bytes = 20;
};

struct Entry {
  std::uint32_t pcr = 0;
  ByteView digest;
  ByteView name;
  bool legacy = false;
  ByteView data;         // as the list holds it; of a legacy entry its name only
  ByteView file_digest;  // of a legacy entry
  std::uint64_t size = 0;
};

enum class EntryState : std::uint8_t { complete, incomplete, malformed };

struct EntryResult {
  EntryState state = EntryState::complete;
  std::uint64_t need = 0;  // of an incomplete one: bytes that it has at least
  std::string message;     // of a malformed one
};

// The entry at the start of `bytes`.
EntryResult read_entry(ByteView bytes, const Layout& layout, Entry& entry);

}  // namespace mrtool::ima
