#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "formats/cel/json.hpp"
#include "formats/cel/json_layout.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/numbering.hpp"
#include "lib/base/json_items.hpp"
#include "lib/base/json_parser.hpp"
#include "lib/base/limits.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::cel {
namespace {

// Commas before a closing bracket become blanks, so that all positions stay. True when there was one.
bool blank_trailing_commas(std::string& text) {
  bool found = false;
  bool in_string = false;
  std::size_t comma = std::string::npos;  // the last one, if only blanks have followed
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (in_string) {
      i += letter == '\\' ? 1 : 0;
      in_string = letter != '"';
    } else if (letter == ',') {
      comma = i;
    } else if (letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n') {
      continue;
    } else {
      if (comma != std::string::npos && (letter == '}' || letter == ']')) {
        text[comma] = ' ';
        found = true;
      }
      comma = std::string::npos;
      in_string = letter == '"';
    }
  }
  return found;
}

constexpr auto kIndexNames = std::to_array<std::pair<std::string_view, std::uint8_t>>(
    {{"pcr", kPcrField}, {"nv_index", kNvField}, {"ccmr", kCcmrField}, {"rtmr", kCcmrField}, {"mr", kNamedField}});

// Of one record, those that mean something here; nullptr where they are not there.
struct Members {
  const JsonNode* number = nullptr;
  const JsonNode* digests = nullptr;
  const JsonNode* type = nullptr;
  const JsonNode* content = nullptr;
  const JsonNode* index = nullptr;
  const decltype(kIndexNames)::value_type* index_name = nullptr;
  bool has_two_indices = false;
};

Members members_of(const JsonNode& object) {
  Members members;
  for (const JsonNode& member : object) {
    const std::string_view key = member.key();
    if (is_same_key(key, "recnum")) {
      members.number = &member;
    } else if (is_same_key(key, "digests")) {
      members.digests = &member;
    } else if (is_same_key(key, "content_type")) {
      members.type = &member;
    } else if (is_same_key(key, "content")) {
      members.content = &member;
    } else if (const auto* const row =
                   std::ranges::find_if(kIndexNames, [key](const auto& name) { return is_same_key(name.first, key); });
               row != kIndexNames.end()) {
      members.has_two_indices = members.index != nullptr;
      members.index = &member;
      members.index_name = row;
    }
  }
  return members;
}

class JsonReader final : public PieceReader {
 public:
  JsonReader(std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)),
        report_(diagnostics),
        meaning_(options.platform, report_),
        numbers_(report_),
        keeps_layout_(options.keeps_layout) {
    info_.format = kJsonFormat;
    info_.evidence = "named";
    info_.grows_at_runtime = true;
  }

 private:
  Result<Progress> parse(Batch& batch) override;
  void end_of_log() override {
    if (items_.trailing_comma() && !said_trailing_comma_) {
      report_.add(QuirkId::trailing_comma, next_number() == 0 ? 0 : next_number() - 1, offset());
    }
    report_.flush();
  }

  Status add(ByteView rest, const JsonItems::Step& step, Batch& batch);
  Result<const JsonNode*> parse_item(ByteView text);
  Result<Index> read_index(const Members& members);
  Status read_digests(const JsonNode* list, Arena& arena);
  void learn_dialect(const JsonNode& object);

  QuirkReport report_;
  Meaning meaning_;
  NumberCheck numbers_;
  JsonParser parser_;
  JsonItems items_{"records", [this](ByteView bytes) { return parser_.recognise(bytes); }};
  std::vector<DigestEntry> digests_;  // of the record at hand
  bool keeps_layout_ = true;
  bool said_trailing_comma_ = false;
  bool rtmr_ = false;  // the record at hand gives an RTMR number
};

Result<PieceReader::Progress> JsonReader::parse(Batch& batch) {
  while (true) {
    const ByteView rest = this->rest(batch);
    JsonItems::Step step = items_.next(rest, whole_rest_is_here());
    switch (step.state) {
      case JsonItems::State::need_more:
        return Progress{.ended = false, .need = step.need};
      case JsonItems::State::ended:
        return Progress{.ended = true, .need = 0};
      case JsonItems::State::malformed: {
        auto error = damaged(std::move(step.message));
        error.error().offset = offset() + step.at;
        return error;
      }
      case JsonItems::State::leading:
        info_.preamble = to_bytes(rest.first(step.size()));
        break;
      case JsonItems::State::trailing:
        batch.trailing = batch.trailing.empty() ? rest.first(step.size())
                                                : ByteView(batch.trailing.data(), batch.trailing.size() + step.size());
        break;
      case JsonItems::State::item:
        if (auto added = add(rest, step, batch); !added) {
          return std::unexpected(std::move(added).error());
        }
        break;
    }
    consume(step.size());
  }
}

Result<const JsonNode*> JsonReader::parse_item(ByteView text) {
  auto parsed = parser_.parse(text);
  if (parsed) {
    return parsed;
  }
  std::string lax(as_text(text));
  if (!blank_trailing_commas(lax)) {
    return damaged(parsed.error().message);
  }
  auto again = parser_.parse(as_bytes(lax));
  if (!again) {
    return damaged(again.error().message);
  }
  said_trailing_comma_ = true;
  report_.add(QuirkId::trailing_comma, next_number(), offset());
  return again;
}

Result<Index> JsonReader::read_index(const Members& members) {
  rtmr_ = false;
  if (members.index == nullptr) {
    return damaged("expected \"pcr\", \"nv_index\", \"ccmr\" or \"rtmr\" in a record, found none");
  }
  if (members.has_two_indices) {
    return damaged("expected one of \"pcr\", \"nv_index\", \"ccmr\", \"rtmr\" and \"mr\", found two");
  }
  const JsonNode& member = *members.index;
  const auto& [name, field] = *members.index_name;
  Index index{.field = field, .number = 0};
  if (field == kNamedField && member.is_string()) {
    index.name = member.text();
  } else if (field != kNamedField && member.is_natural() &&
             member.natural() <= std::numeric_limits<std::uint32_t>::max()) {
    rtmr_ = name == "rtmr";
    index.number = member.natural() + (rtmr_ ? 1 : 0);
  } else {
    return damaged(fmt::format("expected a number of 32 bits in \"{}\", found {}", name, to_text(member)));
  }
  return index;
}

Status JsonReader::read_digests(const JsonNode* list, Arena& arena) {
  digests_.clear();
  if (list == nullptr) {
    return {};
  }
  if (!list->is_array() || list->size() > limits::kDigestsPerRecord) {
    return damaged(
        fmt::format("expected an array of at most {} digests, found something else", limits::kDigestsPerRecord));
  }
  for (const JsonNode& item : *list) {
    const JsonNode* name = find_member(item, "hashAlg");
    const JsonNode* value = find_member(item, "digest");
    std::optional<HashAlgorithm> algorithm;
    if (name != nullptr && name->is_string()) {
      algorithm = parse_algorithm(name->text());
    } else if (name != nullptr && name->is_natural() && name->natural() <= std::numeric_limits<std::uint16_t>::max()) {
      algorithm = static_cast<HashAlgorithm>(name->natural());
    }
    if (!algorithm) {
      return damaged("expected the name or number of a hash algorithm in \"hashAlg\", found something else");
    }
    const auto bytes = value != nullptr && value->is_string() ? arena.keep_hex(value->text()) : std::nullopt;
    const HashAlgorithmRow* row = find_algorithm(*algorithm);
    if (!bytes || (row != nullptr && bytes->size() != row->size)) {
      return damaged(fmt::format(
          "expected {} in \"digest\", found something else",
          row == nullptr ? "hexadecimal digits" : fmt::format("{} bytes in hexadecimal of {}", row->size, row->name)));
    }
    digests_.push_back({.algorithm = *algorithm, .value = *bytes});
  }
  return {};
}

// By the first record.
void JsonReader::learn_dialect(const JsonNode& object) {
  if (items_.shape() == JsonShape::sequence) {
    info_.dialect = "systemd";
    return;
  }
  if (items_.shape() == JsonShape::member) {
    info_.dialect = "pcrlock-file";
    return;
  }
  const JsonNode* content = find_member(object, "content");
  const JsonNode* type = content == nullptr ? nullptr : find_member(*content, "event_type");
  const bool upper = type != nullptr && type->is_string() && type->text().starts_with("EV_");
  if (upper) {
    info_.dialect = object.begin()->key() == "pcr" ? "pcrlock" : "fapi";
  }
}

Status JsonReader::add(ByteView rest, const JsonItems::Step& step, Batch& batch) {
  const ByteView text = rest.subspan(step.prefix, step.text);
  MRTOOL_TRY(parsed, parse_item(text));
  const JsonNode& object = *parsed;
  if (!object.is_object()) {
    return damaged("expected an object for a record, found something else");
  }
  Record& record = begin_record(batch);
  const Members members = members_of(object);
  if (members.number != nullptr) {
    if (!members.number->is_natural()) {
      return damaged(
          fmt::format("expected an unsigned number of 64 bits in \"recnum\", found {}", to_text(*members.number)));
    }
    record.stated_number = members.number->natural();
  }
  MRTOOL_TRY(index, read_index(members));
  if (auto status = meaning_.apply_index(record, index, info_); !status) {
    return damaged(std::move(status).error().message);
  }
  if (auto status = read_digests(members.digests, batch.arena); !status) {
    return status;
  }
  if (members.type == nullptr && members.content == nullptr && members.digests == nullptr) {
    return damaged("expected digests or a content in a record, found neither");
  }
  auto decoded = decode_json_content(record, members.type, members.content, digests_, batch.arena);
  if (!decoded) {
    return damaged(std::move(decoded).error().message);
  }
  if (record.number == 0) {
    learn_dialect(object);
  }
  if (rtmr_) {
    report_.add(QuirkId::rtmr_index, record);
  }
  if (members.digests == nullptr) {
    report_.add(QuirkId::no_digests, record);
  }
  if (record.content == ContentType::none) {
    report_.add(QuirkId::no_content, record);
  }
  if (decoded->misspelt) {
    report_.add(QuirkId::misspelt_event_type, record);
  }
  if (!decoded->problem.empty()) {
    report_.add(QuirkId::content_undecodable, record, decoded->problem);
  }
  meaning_.apply(record, digests_, batch.arena);
  numbers_.check(record);
  record.raw = rest.first(step.size());
  batch.digest_pool.insert(batch.digest_pool.end(), digests_.begin(), digests_.end());
  if (keeps_layout_) {
    auto extras = std::make_shared<JsonExtras>();
    extras->event = std::move(decoded->systemd);
    extras->before = as_text(rest.first(step.prefix));
    extras->item = as_text(text);
    extras->after = as_text(rest.subspan(step.prefix + step.text, step.after));
    remember_reading(record, digests_, *extras);
    record.extras = std::move(extras);
  } else if (decoded->systemd) {
    auto extras = std::make_shared<SystemdExtras>();
    extras->event = std::move(decoded->systemd);
    record.extras = std::move(extras);
  }
  keep_record(batch, digests_.size());
  return {};
}

}  // namespace

std::unique_ptr<Reader> make_json_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                         DiagnosticSink& diagnostics) {
  return std::make_unique<JsonReader>(std::move(source), options, diagnostics);
}

// Section 10. A sequence without record numbers is systemd's own log, which has a row of its own.
std::optional<Detection> detect_json(const Probe& probe) {
  constexpr std::size_t kLook = 4096;
  const std::string_view text = as_text(probe.prefix.first(std::min(probe.prefix.size(), kLook)));
  const std::size_t begin = text.find_first_not_of(" \t\r\n\x1e");
  if (begin == std::string_view::npos || (text[begin] != '[' && text[begin] != '{')) {
    return std::nullopt;
  }
  const auto has = [&](std::string_view key) { return text.find(key) != std::string_view::npos; };
  const bool sequence = text.substr(0, begin).find('\x1e') != std::string_view::npos;
  const bool indexed = has("\"pcr\"") || has("\"nv_index\"") || has("\"ccmr\"") || has("\"rtmr\"") || has("\"mr\"");
  const bool record = has("\"content_type\"") || has("\"digests\"");
  if (!indexed || !record || (sequence && !has("\"recnum\"")) || has("\"schema\"")) {
    return std::nullopt;
  }
  const std::string_view shape = text[begin] == '[' ? "a JSON array" : sequence ? "a JSON sequence" : "a JSON object";
  return Detection{.evidence = fmt::format("{} with the members of CEL records", shape), .note = {}};
}

}  // namespace mrtool::cel
