#include "formats/cel/notes.hpp"

#include "lib/base/limits.hpp"
#include "lib/content/cel_element.hpp"

namespace mrtool::cel {
namespace {

// A value that append_note would write otherwise is seen when the bytes are compared.
std::optional<NoteValue> note_of(const CelElement& element) {
  NoteValue note{.type = static_cast<Note>(element.tag), .value = 0, .minor = 0};
  switch (note.type) {
    case Note::version: {
      const auto parts = split_cel_elements(element.value, 2);
      if (!parts || parts->size() != 2) {
        return std::nullopt;
      }
      note.value = cel_integer((*parts)[0].value).value_or(0);
      note.minor = cel_integer((*parts)[1].value).value_or(0);
      return note;
    }
    case Note::firmware_end:
      return note;
    case Note::timestamp:
    case Note::state_transition:
      note.value = cel_integer(element.value).value_or(0);
      return note;
  }
  return std::nullopt;
}

}  // namespace

void append_note(Bytes& out, const NoteValue& note) {
  const auto tag = static_cast<std::uint8_t>(note.type);
  switch (note.type) {
    case Note::version: {
      Bytes parts;
      append_cel_integer(parts, 0, note.value, 0);
      append_cel_integer(parts, 1, note.minor, 0);
      append_cel_element(out, tag, parts);
      return;
    }
    case Note::firmware_end:
      append_cel_element(out, tag, {});
      return;
    case Note::timestamp:
    case Note::state_transition:
      append_cel_integer(out, tag, note.value, 0);
      return;
  }
}

std::optional<std::vector<NoteValue>> notes_of(ByteView data) {
  const auto elements = split_cel_elements(data, limits::kListedItems);
  if (!elements || elements->empty()) {
    return std::nullopt;
  }
  std::vector<NoteValue> notes;
  Bytes again;
  for (const CelElement& element : *elements) {
    const auto note = note_of(element);
    if (!note) {
      return std::nullopt;
    }
    append_note(again, *note);
    notes.push_back(*note);
  }
  return equal(again, data) ? std::optional(std::move(notes)) : std::nullopt;
}

}  // namespace mrtool::cel
