#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "formats/cel/event_type.hpp"
#include "formats/cel/json.hpp"
#include "formats/cel/json_style.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/notes.hpp"
#include "lib/base/json_parser.hpp"
#include "lib/base/text.hpp"
#include "lib/content/systemd_json.hpp"
#include "lib/registers/kinds.hpp"

namespace mrtool::cel {
namespace {

struct ContentName {
  std::string_view name;
  std::uint32_t number;
};
constexpr auto kContentNames = std::to_array<ContentName>({{"cel", kManagement},
                                                           {"pcclient_std", kPcclient},
                                                           {"ima_template", kImaTemplate},
                                                           {"ima_tlv", kImaTlv},
                                                           {"systemd", kSystemd},
                                                           {"cos", kCos},
                                                           {"linux_tsm", kTsm},
                                                           {"coco_aael", kAael}});
constexpr auto kNoteNames = std::to_array<std::pair<std::string_view, Note>>({{"cel_version", Note::version},
                                                                              {"firmware_end", Note::firmware_end},
                                                                              {"cel_timestamp", Note::timestamp},
                                                                              {"state_trans", Note::state_transition}});
constexpr std::uint32_t kLastContentNumber = 0xFF;

std::unexpected<Error> bad(std::string message) {
  return fail(ErrorKind::malformed, std::move(message));
}

std::optional<std::uint64_t> number_of(const JsonNode* value) {
  return value != nullptr && value->is_natural() ? std::optional(value->natural()) : std::nullopt;
}

std::optional<ByteView> hex_of(const JsonNode& value, Arena& arena) {
  return value.is_string() ? arena.keep_hex(value.text()) : std::nullopt;
}

Result<ByteView> hex_member(const JsonNode& object, std::string_view name, Arena& arena) {
  const JsonNode* member = find_member(object, name);
  const auto bytes = member == nullptr ? std::nullopt : hex_of(*member, arena);
  if (!bytes) {
    return bad(fmt::format("expected hexadecimal digits in \"{}\", found something else", name));
  }
  return *bytes;
}

// Section 3: one note or several.
Status append_json_note(Bytes& out, const JsonNode& note) {
  const JsonNode* type = find_member(note, "type");
  if (type == nullptr) {
    return bad("expected a \"type\" in a management note, found none");
  }
  std::optional<Note> kind;
  if (type->is_string()) {
    const auto* const found = std::ranges::find(kNoteNames, type->text(), [](const auto& row) { return row.first; });
    kind = found == kNoteNames.end() ? std::nullopt : std::optional(found->second);
  } else if (const auto number = number_of(type)) {
    const auto* const found =
        std::ranges::find(kNoteNames, *number, [](const auto& row) { return static_cast<std::uint64_t>(row.second); });
    kind = found == kNoteNames.end() ? std::nullopt : std::optional(found->second);
  }
  if (!kind) {
    return bad(fmt::format("expected the name or number of a management note, found {}", to_text(*type)));
  }
  NoteValue value{.type = *kind, .value = 0, .minor = 0};
  const JsonNode* data = find_member(note, "data");
  // FAPI wraps it once more.
  if (const JsonNode* inner = data == nullptr ? nullptr : find_member(*data, kNoteNames[2].first)) {
    data = inner;
  }
  const auto number = number_of(data);
  if (*kind == Note::version) {
    const auto major = data == nullptr ? std::nullopt : number_of(find_member(*data, "major"));
    const auto minor = data == nullptr ? std::nullopt : number_of(find_member(*data, "minor"));
    if (!major || !minor) {
      return bad("expected \"major\" and \"minor\" in cel_version, found something else");
    }
    value.value = *major;
    value.minor = *minor;
  } else if (*kind == Note::timestamp) {
    if (!number) {
      return bad("expected an unsigned number in cel_timestamp, found something else");
    }
    value.value = *number;
  } else if (*kind == Note::state_transition) {
    std::optional<std::uint64_t> state = number;
    for (std::uint64_t i = 0; data != nullptr && data->is_string() && !state_transition_name(i).empty(); ++i) {
      if (data->text() == state_transition_name(i)) {
        state = i;
      }
    }
    if (!state) {
      return bad("expected a state transition, found something else");
    }
    value.value = *state;
  }
  append_note(out, value);
  return {};
}

Status decode_management_json(Record& record, const JsonNode& content, Arena& arena) {
  Bytes data;
  if (content.is_array()) {
    for (const JsonNode& note : content) {
      if (auto status = append_json_note(data, note); !status) {
        return status;
      }
    }
  } else if (auto status = append_json_note(data, content); !status) {
    return status;
  }
  record.content = ContentType::cel_management;
  record.data = arena.keep(data);
  return {};
}

Status decode_pcclient_json(Record& record, const JsonNode& content, Arena& arena, bool& misspelt) {
  const JsonNode* type = find_member(content, "event_type");
  std::optional<std::uint64_t> number = number_of(type);
  if (type != nullptr && type->is_string()) {
    if (const auto spelled = parse_event_type(type->text())) {
      number = spelled->type;
      misspelt = spelled->misspelt;
    }
  }
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) {
    return bad("expected the name or number of an event type in \"event_type\", found something else");
  }
  MRTOOL_TRY(data, hex_member(content, "event_data", arena));
  record.content = ContentType::pcclient;
  record.type = static_cast<std::uint32_t>(*number);
  record.data = data;
  return {};
}

Status decode_ima_json(Record& record, const JsonNode& content, Arena& arena) {
  const JsonNode* name = find_member(content, "template_name");
  if (name == nullptr || !name->is_string()) {
    return bad("expected a text in \"template_name\", found something else");
  }
  // Older FAPI logs have another key.
  const bool old = find_member(content, "template_data") == nullptr;
  MRTOOL_TRY(data, hex_member(content, old ? "template_value" : "template_data", arena));
  record.content = ContentType::ima_template;
  record.name = arena.keep(as_bytes(name->text()));
  record.data = data;
  return {};
}

// {"event": line} or {"event_hex": ...}, and the blank lines before it.
Status decode_line_json(Record& record, std::uint32_t number, const JsonNode& content,
                        std::span<const DigestEntry> digests, Arena& arena) {
  Bytes value;
  if (const JsonNode* prefix = find_member(content, "prefix"); prefix != nullptr && prefix->is_string()) {
    value = to_bytes(as_bytes(prefix->text()));
  }
  const JsonNode* event = find_member(content, "event");
  if (event != nullptr && event->is_string()) {
    const ByteView line = as_bytes(event->text());
    value.insert(value.end(), line.begin(), line.end());
  } else {
    MRTOOL_TRY(line, hex_member(content, "event_hex", arena));
    value.insert(value.end(), line.begin(), line.end());
  }
  apply_raw_content(record, number, arena.keep(value), digests);
  return {};
}

// Content that is no bytes, under a name that nothing here knows: its JSON text.
void keep_json(Record& record, std::string_view name, const JsonNode& content, Arena& arena) {
  record.content = ContentType::unknown;
  record.name = arena.keep(as_bytes(name));
  record.data = arena.keep(as_bytes(to_text(content)));
}

Status decode_numbered(Record& record, std::uint32_t number, const JsonNode& content,
                       std::span<const DigestEntry> digests, Arena& arena, JsonContent& out) {
  const auto bytes = hex_of(content, arena);
  switch (number) {
    case kPcclient:
    case kImaTemplate:
      if (!bytes) {
        return number == kPcclient ? decode_pcclient_json(record, content, arena, out.misspelt)
                                   : decode_ima_json(record, content, arena);
      }
      // A content of another encoding that did not decode there.
      out.problem = fmt::format("content type {} is expected to be an object", number);
      break;
    case kManagement:
      if (!bytes) {
        return decode_management_json(record, content, arena);
      }
      break;
    case kTsm:
    case kAael:
      if (!bytes) {
        return decode_line_json(record, number, content, digests, arena);
      }
      break;
    case kSystemd:
      if (!bytes) {
        SystemdContent systemd = read_systemd_content(to_json_text(content));
        record.content = ContentType::systemd;
        record.data = arena.keep(as_bytes(systemd.measured.value_or("")));
        record.name = arena.keep(as_bytes(systemd.event.event_type.value_or("")));
        out.problem = std::move(systemd.problem);
        out.systemd = std::make_shared<const SystemdEvent>(std::move(systemd.event));
        return {};
      }
      break;
    default:
      break;
  }
  if (bytes) {
    apply_raw_content(record, number, *bytes, digests);
    return {};
  }
  keep_json(record, fmt::format("{}", number), content, arena);
  out.problem = fmt::format("content type {} is expected to be hexadecimal digits", number);
  return {};
}

std::string note_json(const NoteValue& note, const JsonStyle& style) {
  switch (note.type) {
    case Note::version:
      return fmt::format(R"({{"type": "cel_version", "data": {{"major": {}, "minor": {}}}}})", note.value, note.minor);
    case Note::firmware_end:
      return style.wraps_notes ? R"({"type": "firmware_end", "data": {}})" : R"({"type": "firmware_end"})";
    case Note::timestamp:
      return style.wraps_notes
                 ? fmt::format(R"({{"type": "cel_timestamp", "data": {{"cel_timestamp": {}}}}})", note.value)
                 : fmt::format(R"({{"type": "cel_timestamp", "data": {}}})", note.value);
    case Note::state_transition: {
      const std::string_view name = state_transition_name(note.value);
      return name.empty() ? fmt::format(R"({{"type": "state_trans", "data": {}}})", note.value)
                          : fmt::format(R"({{"type": "state_trans", "data": "{}"}})", name);
    }
  }
  return {};
}

std::string management_json(ByteView data, const JsonStyle& style) {
  const auto notes = notes_of(data);
  if (!notes) {
    return fmt::format("\"{}\"", to_hex(data));
  }
  if (notes->size() == 1) {
    return note_json(notes->front(), style);
  }
  std::string out = "[";
  for (const NoteValue& note : *notes) {
    out.append(out.size() > 1 ? ", " : "").append(note_json(note, style));
  }
  return out + "]";
}

// Text that needs no escapes is copied; what to do with other text nlohmann knows.
void put_quoted(TextBuffer& out, ByteView text) {
  const std::size_t begin = out.size();
  out.put('"');
  if (out.put_plain(as_text(text))) {
    out.put('"');
  } else {
    out.truncate(begin);
    out.put(to_text(JsonText(std::string(as_text(text)))));
  }
}

void put_quoted_hex(TextBuffer& out, ByteView bytes) {
  out.put('"');
  out.put_hex(bytes);
  out.put('"');
}

void put_line(TextBuffer& out, const Record& record) {
  out.put('{');
  if (!record.prefix.empty() && is_utf8(record.prefix)) {
    out.put("\"prefix\": ");
    put_quoted(out, record.prefix);
    out.put(", ");
  }
  if (is_utf8(record.data)) {
    out.put("\"event\": ");
    put_quoted(out, record.data);
  } else {
    out.put("\"event_hex\": ");
    put_quoted_hex(out, record.data);
  }
  out.put('}');
}

void put_digests(TextBuffer& out, const Record& record, bool own, const JsonStyle& style) {
  out.put('[');
  bool first = true;
  for_written_digests(record, own, [&](HashAlgorithm algorithm, ByteView value) {
    const HashAlgorithmRow* row = find_algorithm(algorithm);
    if (style.named_algorithms && row == nullptr) {
      return;
    }
    if (!std::exchange(first, false)) {
      out.put(", ");
    }
    out.put("{\"hashAlg\": ");
    if (row != nullptr) {
      out.put('"');
      out.put(row->name);
      out.put('"');
    } else {
      out.put_number(static_cast<std::uint16_t>(algorithm));
    }
    out.put(", \"digest\": ");
    put_quoted_hex(out, value);
    out.put('}');
  });
  out.put(']');
}

void put_index(TextBuffer& out, const Index& index) {
  switch (index.field) {
    case kNvField:
      out.put("\"nv_index\": ");
      break;
    case kCcmrField:
      out.put("\"ccmr\": ");
      break;
    case kNamedField:
      out.put("\"mr\": ");
      put_quoted(out, as_bytes(index.name));
      return;
    default:
      out.put("\"pcr\": ");
  }
  out.put_number(index.number);
}

void put_event_type(TextBuffer& out, std::uint32_t type, const JsonStyle& style) {
  const std::string name = style.upper_types ? upper_event_type(type) : lower_event_type(type);
  const std::string_view quote = name.empty() && !style.type_numbers_quoted ? "" : "\"";
  out.put(quote);
  if (name.empty()) {
    out.put_number(type);
  } else {
    out.put(name);
  }
  out.put(quote);
}

std::string systemd_json(const Record& record, const JsonStyle& style) {
  if (!is_utf8(record.data)) {
    return fmt::format("\"{}\"", to_hex(record.data));
  }
  const SystemdEvent* known = systemd_event(record);
  SystemdEvent event = known == nullptr ? plain_systemd_event(as_text(record.name)) : *known;
  const auto type = std::ranges::find(event.members, std::string_view("eventType"), &JsonMember::key);
  if (style.spells_event_type && type != event.members.end()) {
    type->key = "event_type";
  }
  return write_systemd_content(event, record.data);
}

// The "content_type" of content that has a name and is JSON text; nothing where the reader would not take it for that.
std::optional<std::string> type_of_named(const Record& record) {
  if (record.name.empty() || !is_utf8(record.name)) {
    return std::nullopt;
  }
  JsonParser parser;
  const auto content = parser.parse(record.data);
  if (!content) {
    return std::nullopt;
  }
  const std::string name(as_text(record.name));
  const auto number = parse_index(name);
  const JsonNode type = number ? JsonNode::of_bits(JsonNode::Kind::natural, *number) : JsonNode::of_text(name);
  Arena arena;
  Record copy;
  const auto decoded = decode_json_content(copy, &type, *content, record.digests, arena);
  const bool same =
      decoded && copy.content == ContentType::unknown && equal(copy.name, record.name) && equal(copy.data, record.data);
  return same ? std::optional(to_text(type)) : std::nullopt;
}

// Of content that is bytes, or JSON text that nothing else here knows; false where there is no name for it.
bool put_other_content(TextBuffer& out, const Record& record) {
  if (record.content == ContentType::unknown) {
    if (const auto type = type_of_named(record)) {
      out.put(", \"content_type\": ");
      out.put(*type);
      out.put(", \"content\": ");
      out.put(as_text(record.data));
      return true;
    }
  }
  const auto raw = raw_content(record);
  if (!raw) {
    return false;
  }
  out.put(", \"content_type\": ");
  const auto* const name = std::ranges::find(kContentNames, raw->number, &ContentName::number);
  if (name == kContentNames.end()) {
    out.put_number(raw->number);
  } else {
    out.put('"');
    out.put(name->name);
    out.put('"');
  }
  out.put(", \"content\": ");
  put_quoted_hex(out, raw->value);
  return true;
}

bool put_content(TextBuffer& out, const Record& record, const JsonStyle& style) {
  switch (record.content) {
    case ContentType::none:
      return true;
    case ContentType::pcclient:
      out.put(R"(, "content_type": "pcclient_std", "content": {"event_type": )");
      put_event_type(out, record.type, style);
      out.put(", \"event_data\": ");
      put_quoted_hex(out, record.data);
      out.put('}');
      return true;
    case ContentType::ima_template:
      out.put(R"(, "content_type": "ima_template", "content": {"template_name": )");
      put_quoted(out, record.name);
      out.put(", \"template_data\": ");
      put_quoted_hex(out, record.data);
      out.put('}');
      return true;
    case ContentType::cel_management:
      out.put(R"(, "content_type": "cel", "content": )");
      out.put(management_json(record.data, style));
      return true;
    case ContentType::tsm:
    case ContentType::aael:
      out.put(record.content == ContentType::tsm ? R"(, "content_type": "linux_tsm", "content": )"
                                                 : R"(, "content_type": "coco_aael", "content": )");
      put_line(out, record);
      return true;
    case ContentType::systemd:
      out.put(R"(, "content_type": "systemd", "content": )");
      out.put(systemd_json(record, style));
      return true;
    default:
      return put_other_content(out, record);
  }
}

// Takes out those between the tokens of the JSON text from `begin` on.
void remove_blanks(TextBuffer& out, std::size_t begin) {
  const std::span<char> text = out.mutable_view();
  bool in_string = false;
  std::size_t kept = begin;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char letter = text[i];
    if (!in_string && letter == ' ') {
      continue;
    }
    text[kept++] = letter;
    if (in_string && letter == '\\' && i + 1 < text.size()) {
      text[kept++] = text[++i];
    } else if (letter == '"') {
      in_string = !in_string;
    }
  }
  out.truncate(kept);
}

}  // namespace

Result<JsonContent> decode_json_content(Record& record, const JsonNode* type, const JsonNode* content,
                                        std::span<const DigestEntry> digests, Arena& arena) {
  JsonContent out;
  if (type == nullptr && content == nullptr) {
    return out;
  }
  if (type == nullptr || content == nullptr) {
    return bad("expected \"content_type\" and \"content\", found one of them only");
  }
  std::optional<std::uint64_t> number = number_of(type);
  if (type->is_string()) {
    const std::string_view name = type->text();
    const auto* const found = std::ranges::find(kContentNames, name, &ContentName::name);
    if (found == kContentNames.end()) {
      if (name.empty() || name.find('\0') != std::string_view::npos) {
        return bad("expected a name in \"content_type\", found none");
      }
      keep_json(record, name, *content, arena);
      return out;
    }
    number = found->number;
  }
  if (!number || *number > kLastContentNumber || *number <= kDigestsField) {
    return bad("expected the name or number of a content type in \"content_type\", found something else");
  }
  if (auto status = decode_numbered(record, static_cast<std::uint32_t>(*number), *content, digests, arena, out);
      !status) {
    return std::unexpected(std::move(status).error());
  }
  return out;
}

bool put_json(TextBuffer& out, const Record& record, const LogInfo& log, const WriteOptions& options,
              std::optional<std::uint64_t> number) {
  const JsonStyle& style = json_style(options.dialect);
  const auto index = index_of(record, log, options);
  if (!index) {
    return false;
  }
  const std::size_t begin = out.size();
  const auto put_recnum = [&] {
    out.put("\"recnum\": ");
    out.put_number(*number);
  };
  out.put('{');
  if (number && !style.index_first) {
    put_recnum();
    out.put(", ");
  }
  put_index(out, *index);
  if (number && style.index_first) {
    out.put(", ");
    put_recnum();
  }
  out.put(", \"digests\": ");
  put_digests(out, record, log.format.starts_with("cel-"), style);
  if (!put_content(out, record, style)) {
    return false;
  }
  out.put('}');
  if (style.compact) {
    remove_blanks(out, begin);
  }
  return true;
}

}  // namespace mrtool::cel
