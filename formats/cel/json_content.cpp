#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "formats/cel/event_type.hpp"
#include "formats/cel/json.hpp"
#include "formats/cel/json_style.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/notes.hpp"
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

std::optional<std::uint64_t> number_of(const JsonText* value) {
  return value != nullptr && value->is_number_unsigned() ? std::optional(value->get<std::uint64_t>()) : std::nullopt;
}

Result<ByteView> hex_member(const JsonText& object, std::string_view name, Arena& arena) {
  const JsonText* member = find_member(object, name);
  const auto* text = member == nullptr ? nullptr : member->get_ptr<const std::string*>();
  const auto bytes = text == nullptr ? std::nullopt : from_hex(*text);
  if (!bytes) {
    return bad(fmt::format("expected hexadecimal digits in \"{}\", found something else", name));
  }
  return arena.keep(*bytes);
}

// Section 3: one note or several.
Status append_json_note(Bytes& out, const JsonText& note) {
  const JsonText* type = find_member(note, "type");
  if (type == nullptr) {
    return bad("expected a \"type\" in a management note, found none");
  }
  std::optional<Note> kind;
  if (const auto* name = type->get_ptr<const std::string*>()) {
    const auto* const found =
        std::ranges::find(kNoteNames, std::string_view(*name), [](const auto& row) { return row.first; });
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
  const JsonText* data = find_member(note, "data");
  // FAPI wraps it once more.
  if (const JsonText* inner = data == nullptr ? nullptr : find_member(*data, kNoteNames[2].first)) {
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
      if (data->get_ref<const std::string&>() == state_transition_name(i)) {
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

Status decode_management_json(Record& record, const JsonText& content, Arena& arena) {
  Bytes data;
  if (content.is_array()) {
    for (const JsonText& note : content) {
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

Status decode_pcclient_json(Record& record, const JsonText& content, Arena& arena, bool& misspelt) {
  const JsonText* type = find_member(content, "event_type");
  std::optional<std::uint64_t> number = number_of(type);
  if (const auto* name = type == nullptr ? nullptr : type->get_ptr<const std::string*>()) {
    if (const auto spelled = parse_event_type(*name)) {
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

Status decode_ima_json(Record& record, const JsonText& content, Arena& arena) {
  const JsonText* name = find_member(content, "template_name");
  const auto* text = name == nullptr ? nullptr : name->get_ptr<const std::string*>();
  if (text == nullptr) {
    return bad("expected a text in \"template_name\", found something else");
  }
  // Older FAPI logs have another key.
  const bool old = find_member(content, "template_data") == nullptr;
  MRTOOL_TRY(data, hex_member(content, old ? "template_value" : "template_data", arena));
  record.content = ContentType::ima_template;
  record.name = arena.keep(as_bytes(*text));
  record.data = data;
  return {};
}

// {"event": line} or {"event_hex": ...}, and the blank lines before it.
Status decode_line_json(Record& record, std::uint32_t number, const JsonText& content,
                        std::span<const DigestEntry> digests, Arena& arena) {
  Bytes value;
  if (const JsonText* prefix = find_member(content, "prefix"); prefix != nullptr && prefix->is_string()) {
    value = to_bytes(as_bytes(prefix->get_ref<const std::string&>()));
  }
  const JsonText* event = find_member(content, "event");
  if (event != nullptr && event->is_string()) {
    const ByteView line = as_bytes(event->get_ref<const std::string&>());
    value.insert(value.end(), line.begin(), line.end());
  } else {
    MRTOOL_TRY(line, hex_member(content, "event_hex", arena));
    value.insert(value.end(), line.begin(), line.end());
  }
  apply_raw_content(record, number, arena.keep(value), digests);
  return {};
}

// Content that is no bytes, under a name that nothing here knows: its JSON text.
void keep_json(Record& record, const std::string& name, const JsonText& content, Arena& arena) {
  record.content = ContentType::unknown;
  record.name = arena.keep(as_bytes(name));
  record.data = arena.keep(as_bytes(to_text(content)));
}

Status decode_numbered(Record& record, std::uint32_t number, const JsonText& content,
                       std::span<const DigestEntry> digests, Arena& arena, JsonContent& out) {
  const auto* text = content.get_ptr<const std::string*>();
  const auto bytes = text == nullptr ? std::nullopt : from_hex(*text);
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
        SystemdContent systemd = read_systemd_content(content);
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
    apply_raw_content(record, number, arena.keep(*bytes), digests);
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

std::string quoted(ByteView text) {
  return to_text(JsonText(std::string(as_text(text))));
}

std::string line_json(const Record& record) {
  std::string out = "{";
  if (!record.prefix.empty() && is_utf8(record.prefix)) {
    out.append("\"prefix\": ").append(quoted(record.prefix)).append(", ");
  }
  if (is_utf8(record.data)) {
    out.append("\"event\": ").append(quoted(record.data));
  } else {
    out.append("\"event_hex\": \"").append(to_hex(record.data)).append("\"");
  }
  return out + "}";
}

std::string digests_json(const Record& record, bool own, const JsonStyle& style) {
  std::string out = "[";
  for (const WrittenDigest& digest : written_digests(record, own)) {
    const bool named = find_algorithm(digest.algorithm) != nullptr;
    if (style.named_algorithms && !named) {
      continue;
    }
    out.append(out.size() > 1 ? ", " : "");
    out.append(named ? fmt::format(R"({{"hashAlg": "{}", )", to_string(digest.algorithm))
                     : fmt::format(R"({{"hashAlg": {}, )", static_cast<std::uint16_t>(digest.algorithm)));
    out.append(R"("digest": ")").append(to_hex(digest.value)).append("\"}");
  }
  return out + "]";
}

std::string index_json(const Index& index) {
  switch (index.field) {
    case kNvField:
      return fmt::format(R"("nv_index": {})", index.number);
    case kCcmrField:
      return fmt::format(R"("ccmr": {})", index.number);
    case kNamedField:
      return fmt::format(R"("mr": {})", quoted(as_bytes(index.name)));
    default:
      return fmt::format(R"("pcr": {})", index.number);
  }
}

std::string event_type_json(std::uint32_t type, const JsonStyle& style) {
  const std::string name = style.upper_types ? upper_event_type(type) : lower_event_type(type);
  const std::string text = name.empty() ? fmt::format("{}", type) : name;
  return name.empty() && !style.type_numbers_quoted ? text : fmt::format("\"{}\"", text);
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
std::optional<JsonText> type_of_named(const Record& record) {
  if (record.name.empty() || !is_utf8(record.name)) {
    return std::nullopt;
  }
  const auto content = parse_json_text(record.data);
  if (!content) {
    return std::nullopt;
  }
  const std::string name(as_text(record.name));
  const auto number = parse_index(name);
  JsonText type = number ? JsonText(*number) : JsonText(name);
  Arena arena;
  Record copy;
  const auto decoded = decode_json_content(copy, &type, &*content, record.digests, arena);
  const bool same =
      decoded && copy.content == ContentType::unknown && equal(copy.name, record.name) && equal(copy.data, record.data);
  return same ? std::optional(std::move(type)) : std::nullopt;
}

// Empty where there is no name for the content.
std::string content_json(const Record& record, const JsonStyle& style) {
  const auto named = [](std::string_view name, const std::string& content) {
    return fmt::format(R"(, "content_type": "{}", "content": {}}})", name, content);
  };
  switch (record.content) {
    case ContentType::none:
      return "}";
    case ContentType::pcclient:
      return named("pcclient_std", fmt::format(R"({{"event_type": {}, "event_data": "{}"}})",
                                               event_type_json(record.type, style), to_hex(record.data)));
    case ContentType::ima_template:
      return named("ima_template", fmt::format(R"({{"template_name": {}, "template_data": "{}"}})", quoted(record.name),
                                               to_hex(record.data)));
    case ContentType::cel_management:
      return named("cel", management_json(record.data, style));
    case ContentType::tsm:
      return named("linux_tsm", line_json(record));
    case ContentType::aael:
      return named("coco_aael", line_json(record));
    case ContentType::systemd:
      return named("systemd", systemd_json(record, style));
    case ContentType::unknown:
      if (const auto type = type_of_named(record)) {
        return fmt::format(R"(, "content_type": {}, "content": {}}})", to_text(*type), as_text(record.data));
      }
      break;
    default:
      break;
  }
  const auto raw = raw_content(record);
  if (!raw) {
    return {};
  }
  const auto* const name = std::ranges::find(kContentNames, raw->number, &ContentName::number);
  return fmt::format(R"(, "content_type": {}, "content": "{}"}})",
                     name == kContentNames.end() ? fmt::format("{}", raw->number) : fmt::format("\"{}\"", name->name),
                     to_hex(raw->value));
}

// Of JSON text: those between its tokens.
std::string without_blanks(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (!in_string && letter == ' ') {
      continue;
    }
    out += letter;
    if (in_string && letter == '\\' && i + 1 < text.size()) {
      out += text[++i];
    } else if (letter == '"') {
      in_string = !in_string;
    }
  }
  return out;
}

}  // namespace

Result<JsonContent> decode_json_content(Record& record, const JsonText* type, const JsonText* content,
                                        std::span<const DigestEntry> digests, Arena& arena) {
  JsonContent out;
  if (type == nullptr && content == nullptr) {
    return out;
  }
  if (type == nullptr || content == nullptr) {
    return bad("expected \"content_type\" and \"content\", found one of them only");
  }
  std::optional<std::uint64_t> number = number_of(type);
  if (const auto* name = type->get_ptr<const std::string*>()) {
    const auto* const found = std::ranges::find(kContentNames, std::string_view(*name), &ContentName::name);
    if (found == kContentNames.end()) {
      if (name->empty() || name->find('\0') != std::string::npos) {
        return bad("expected a name in \"content_type\", found none");
      }
      keep_json(record, *name, *content, arena);
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

std::optional<std::string> encode_json(const Record& record, const LogInfo& log, const WriteOptions& options,
                                       std::optional<std::uint64_t> number) {
  const JsonStyle& style = json_style(options.dialect);
  const auto index = index_of(record, log, options);
  const std::string content = content_json(record, style);
  if (!index || content.empty()) {
    return std::nullopt;
  }
  const std::string count = number ? fmt::format(R"("recnum": {})", *number) : std::string();
  const std::string reg = index_json(*index);
  const std::string& first = style.index_first ? reg : count;
  const std::string& second = style.index_first ? count : reg;
  const std::string_view between = number ? ", " : "";
  std::string out = fmt::format(R"({{{}{}{}, "digests": )", first, between, second);
  out.append(digests_json(record, log.format.starts_with("cel-"), style)).append(content);
  return style.compact ? without_blanks(out) : out;
}

}  // namespace mrtool::cel
