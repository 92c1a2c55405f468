// Management notes apart from the encoding that holds them (CEL format notes, section 5.1). Records hold them as TLVs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/content/cel_content.hpp"

namespace mrtool::cel {

struct NoteValue {
  Note type = Note::version;
  std::uint64_t value = 0;  // a version's major number
  std::uint64_t minor = 0;

  bool operator==(const NoteValue&) const = default;
};

// With integers in their shortest form.
void append_note(Bytes& out, const NoteValue& note);
// The notes from which append_note makes the same bytes; nothing where it cannot.
std::optional<std::vector<NoteValue>> notes_of(ByteView data);

}  // namespace mrtool::cel
