#include "formats/cel/cbor_content.hpp"

#include <limits>

#include "formats/cel/cbor_cursor.hpp"
#include "formats/cel/event_type.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/notes.hpp"
#include "lib/base/cbor_head.hpp"
#include "lib/base/limits.hpp"
#include "lib/base/text.hpp"
#include "lib/content/pcclient.hpp"

namespace mrtool::cel {
namespace {

void append_note_item(Bytes& out, const NoteValue& note) {
  const bool bare = note.type == Note::firmware_end;
  append_cbor_head(out, CborMajor::map, bare ? 1 : 2);
  append_cbor_head(out, CborMajor::unsigned_integer, 0);
  append_cbor_head(out, CborMajor::unsigned_integer, static_cast<std::uint8_t>(note.type));
  if (bare) {
    return;
  }
  append_cbor_head(out, CborMajor::unsigned_integer, 1);
  if (note.type == Note::version) {
    append_cbor_head(out, CborMajor::map, 2);
    append_cbor_head(out, CborMajor::unsigned_integer, 0);
    append_cbor_head(out, CborMajor::unsigned_integer, note.value);
    append_cbor_head(out, CborMajor::unsigned_integer, 1);
    append_cbor_head(out, CborMajor::unsigned_integer, note.minor);
    return;
  }
  append_cbor_head(out, CborMajor::unsigned_integer, note.value);
}

void append_management(Bytes& out, ByteView data) {
  const auto notes = notes_of(data);
  if (!notes) {
    append_cbor_bytes(out, data);
    return;
  }
  if (notes->size() > 1) {
    append_cbor_head(out, CborMajor::array, notes->size());
  }
  for (const NoteValue& note : *notes) {
    append_note_item(out, note);
  }
}

// A map of the keys 0 and 1, each once, in any order; `one` is called at the value of each.
template <class One>
bool read_map(CborCursor& cursor, const One& one) {
  auto count = cursor.begin(CborKind::map, "the content");
  unsigned seen = 0;
  while (cursor.more(count)) {
    const std::uint64_t key = cursor.integer("a key of the content");
    if (!cursor.ok() || key > 1) {
      cursor.skip();
      continue;
    }
    const unsigned bit = 1U << key;
    if ((seen & bit) != 0) {
      return false;
    }
    seen |= bit;
    one(key);
  }
  return cursor.ok() && (seen & 1U) != 0;
}

bool read_note(CborCursor& cursor, Bytes& out) {
  NoteValue note;
  bool has_data = false;
  std::uint64_t type = 0;
  const std::size_t begin = cursor.position();
  CborCursor again = cursor;
  // The type says of what form the data is, and may come behind it.
  if (!read_map(cursor, [&](std::uint64_t key) {
        if (key == 0) {
          type = cursor.integer("a note's type");
        } else {
          has_data = true;
          cursor.skip();
        }
      })) {
    return false;
  }
  note.type = static_cast<Note>(type);
  const bool known = type <= std::numeric_limits<std::uint8_t>::max() &&
                     (note.type == Note::version || note.type == Note::firmware_end || note.type == Note::timestamp ||
                      note.type == Note::state_transition);
  if (!known || begin != again.position() || (note.type != Note::firmware_end && !has_data)) {
    return false;
  }
  bool complete = true;
  const bool read = read_map(again, [&](std::uint64_t key) {
    if (key == 0 || note.type == Note::firmware_end) {
      again.skip();
    } else if (note.type == Note::version) {
      unsigned parts = 0;
      complete = read_map(again,
                          [&](std::uint64_t part) {
                            (part == 0 ? note.value : note.minor) = again.integer("a version number");
                            ++parts;
                          }) &&
                 parts == 2;
    } else {
      note.value = again.integer("a note's value");
    }
  });
  append_note(out, note);
  return read && complete;
}

bool read_management(Record& record, ByteView item, Arena& arena) {
  Bytes data;
  CborCursor probe(item);
  const CborKind kind = probe.untagged().kind;
  CborCursor cursor(item);
  if (kind == CborKind::array || kind == CborKind::array_begin) {
    auto count = cursor.begin(CborKind::array, "notes");
    while (cursor.more(count)) {
      if (!read_note(cursor, data)) {
        return false;
      }
    }
  } else if (!read_note(cursor, data)) {
    return false;
  }
  record.content = ContentType::cel_management;
  record.data = arena.keep(data);
  return cursor.ok();
}

// Strings in one piece stay where they are.
ByteView read_string(CborCursor& cursor, CborKind kind, std::string_view what, Arena& arena) {
  Bytes chunks;
  const ByteView value = cursor.string(kind, what, chunks);
  return chunks.empty() ? value : arena.keep(value);
}

bool read_pcclient(Record& record, ByteView item, Arena& arena) {
  CborCursor cursor(item);
  bool has_data = false;
  bool named = true;
  std::uint64_t type = 0;
  const bool read = read_map(cursor, [&](std::uint64_t key) {
    if (key == 1) {
      has_data = true;
      record.data = read_string(cursor, CborKind::bytes, "event data", arena);
      return;
    }
    CborCursor probe = cursor;
    const CborKind kind = probe.untagged().kind;
    if (kind != CborKind::text && kind != CborKind::text_begin) {
      type = cursor.integer("an event type");
      return;
    }
    const auto found = parse_event_type(as_text(read_string(cursor, CborKind::text, "an event type", arena)));
    named = found.has_value();
    type = found ? found->type : 0;
  });
  if (!read || !has_data || !named || type > std::numeric_limits<std::uint32_t>::max()) {
    return false;
  }
  record.content = ContentType::pcclient;
  record.type = static_cast<std::uint32_t>(type);
  return true;
}

bool read_ima_template(Record& record, ByteView item, Arena& arena) {
  CborCursor cursor(item);
  bool has_data = false;
  const bool read = read_map(cursor, [&](std::uint64_t key) {
    if (key == 0) {
      record.name = read_string(cursor, CborKind::text, "a template name", arena);
    } else {
      has_data = true;
      record.data = read_string(cursor, CborKind::bytes, "template data", arena);
    }
  });
  record.content = ContentType::ima_template;
  return read && has_data;
}

}  // namespace

std::optional<std::uint32_t> append_cbor_content(Bytes& out, const Record& record) {
  const auto integer = [&out](std::uint64_t number) { append_cbor_head(out, CborMajor::unsigned_integer, number); };
  switch (record.content) {
    case ContentType::pcclient:
      append_cbor_head(out, CborMajor::map, 2);
      integer(0);
      integer(record.type);
      integer(1);
      append_cbor_bytes(out, record.data);
      return kPcclient;
    case ContentType::ima_template:
      append_cbor_head(out, CborMajor::map, 2);
      integer(0);
      // A name that is not text could not be a text string.
      if (is_utf8(record.name)) {
        append_cbor_text(out, as_text(record.name));
      } else {
        append_cbor_bytes(out, record.name);
      }
      integer(1);
      append_cbor_bytes(out, record.data);
      return kImaTemplate;
    case ContentType::cel_management:
      append_management(out, record.data);
      return kManagement;
    default:
      break;
  }
  const auto raw = raw_content(record);
  if (!raw) {
    return std::nullopt;
  }
  append_cbor_bytes(out, raw->value);
  return raw->number;
}

bool decode_cbor_content(Record& record, std::uint64_t number, ByteView item, std::span<const DigestEntry> digests,
                         Arena& arena) {
  CborCursor probe(item);
  const CborKind kind = probe.untagged().kind;
  const bool is_bytes = kind == CborKind::bytes || kind == CborKind::bytes_begin;
  bool decoded = false;
  if (number == kPcclient) {
    decoded = read_pcclient(record, item, arena);
  } else if (number == kImaTemplate) {
    decoded = read_ima_template(record, item, arena);
  } else if (number == kManagement && !is_bytes) {
    decoded = read_management(record, item, arena);
  } else if (is_bytes && number <= std::numeric_limits<std::uint32_t>::max()) {
    CborCursor cursor(item);
    const ByteView value = read_string(cursor, CborKind::bytes, "the content", arena);
    apply_raw_content(record, static_cast<std::uint32_t>(number), value, digests);
    decoded = cursor.ok();
  }
  if (!decoded) {
    record.content = ContentType::unknown;
    record.type =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
    record.name = {};
    record.data = item;
  }
  return decoded;
}

}  // namespace mrtool::cel
