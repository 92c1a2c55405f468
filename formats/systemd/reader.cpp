#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/systemd/systemd.hpp"
#include "lib/base/json_items.hpp"
#include "lib/base/json_text.hpp"
#include "lib/content/systemd_json.hpp"
#include "lib/record/piece_reader.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::systemd {
namespace {

constexpr std::uint64_t kRtmrs = 4;

using Problem = std::optional<std::string>;

class SystemdReader final : public PieceReader {
 public:
  SystemdReader(std::unique_ptr<ByteSource> source, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)), diagnostics_(diagnostics) {
    info_.format = "systemd";
    info_.evidence = "named";
    info_.grows_at_runtime = true;
  }

 private:
  Result<Progress> parse(Batch& batch) override;
  Status check_frame(ByteView rest, const JsonItems::Step& step) const;
  Status push_record(ByteView rest, const JsonItems::Step& step, Batch& batch);
  // Each takes what it is about from the object, or says what is wrong with it.
  Problem take_register(const JsonText& object, Record& record);
  Problem take_digests(const JsonText& object, Batch& batch);
  void take_content(const JsonText& object, Record& record, Batch& batch);
  void note(QuirkId id, std::string message);

  DiagnosticSink& diagnostics_;
  JsonItems items_;
  std::size_t digests_ = 0;     // of the record at hand
  bool exact_digests_ = false;  // the digests at hand are spelled as systemd does
  bool lines_noted_ = false;
};

void SystemdReader::note(QuirkId id, std::string message) {
  diagnostics_.add(make_diagnostic(id, next_number(), offset(), std::move(message)));
}

Result<PieceReader::Progress> SystemdReader::parse(Batch& batch) {
  while (true) {
    const ByteView rest = this->rest(batch);
    const JsonItems::Step step = items_.next(rest, whole_rest_is_here());
    switch (step.state) {
      case JsonItems::State::need_more:
        return Progress{.ended = false, .need = step.need};
      case JsonItems::State::ended:
        return Progress{.ended = true, .need = 0};
      case JsonItems::State::malformed:
        return damaged(fmt::format("{} (byte {} of the record)", step.message, step.at));
      case JsonItems::State::leading:
        return damaged("expected records one after another, found an array: read it as cel-json");
      case JsonItems::State::trailing:
        batch.trailing = rest.first(step.text);
        break;
      case JsonItems::State::item:
        if (auto status = check_frame(rest, step); !status) {
          return std::unexpected(std::move(status).error());
        }
        if (auto status = push_record(rest, step, batch); !status) {
          return std::unexpected(std::move(status).error());
        }
        break;
    }
    consume(step.size());
  }
}

// systemd writes the line feed last: without it the record is not whole.
Status SystemdReader::check_frame(ByteView rest, const JsonItems::Step& step) const {
  if (step.after == 0 || rest[step.size() - 1] != '\n') {
    return damaged("expected a line feed behind the record, found none: the record is not whole");
  }
  return {};
}

Status SystemdReader::push_record(ByteView rest, const JsonItems::Step& step, Batch& batch) {
  const auto object = parse_json_text(rest.subspan(step.prefix, step.text));
  if (!object) {
    return damaged(object.error().message);
  }
  if (!object->is_object()) {
    return damaged("expected an object, found another JSON value");
  }
  Record fields;
  Problem problem = take_register(*object, fields);
  if (!problem) {
    problem = take_digests(*object, batch);
  }
  if (problem) {
    return damaged(*std::move(problem));
  }
  fields.raw = rest.first(step.size());
  fields.prefix = rest.first(step.prefix);
  fields.extends = digests_ != 0;
  const bool lines = items_.shape() == JsonShape::objects;
  fields.framing = static_cast<std::uint8_t>(lines ? Framing::lines : Framing::sequence);
  if (lines && !std::exchange(lines_noted_, true)) {
    note(QuirkId::no_separators, "the records stand on lines, without the byte 1E before each");
  }
  take_content(*object, fields, batch);

  Record& record = add_record(batch, digests_);
  fields.number = record.number;
  fields.offset = record.offset;
  record = std::move(fields);
  return {};
}

Problem SystemdReader::take_register(const JsonText& object, Record& record) {
  struct Key {
    std::string_view name;
    RegisterKind kind;
    std::uint64_t limit;  // the largest index
  };
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::array kKeys = std::to_array<Key>({{"pcr", RegisterKind::pcr, kLargest},
                                                          {"nv_index", RegisterKind::nv, kLargest},
                                                          {"rtmr", RegisterKind::rtmr, kRtmrs - 1}});
  const Key* found = nullptr;
  for (const Key& key : kKeys) {
    const JsonText* value = find_member(object, key.name);
    if (value == nullptr) {
      continue;
    }
    if (found != nullptr) {
      return fmt::format("expected one register, found \"{}\" and \"{}\"", found->name, key.name);
    }
    found = &key;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > key.limit) {
      return fmt::format("expected \"{}\" to be a number of at most {}", key.name, key.limit);
    }
    record.raw_index = value->get<std::uint64_t>();
  }
  if (found == nullptr) {
    return "expected \"pcr\", \"nv_index\" or \"rtmr\", found none of them";
  }
  if (found->kind == RegisterKind::pcr) {
    record.reg = register_from_index(record.raw_index, Platform::tpm, false);
  } else {
    record.reg.kind = found->kind;
    record.reg.index = static_cast<std::uint32_t>(record.raw_index);
  }
  info_.platform = found->kind == RegisterKind::rtmr ? Platform::tdx : Platform::tpm;
  return std::nullopt;
}

Problem SystemdReader::take_digests(const JsonText& object, Batch& batch) {
  digests_ = 0;
  exact_digests_ = false;
  const JsonText* list = find_member(object, "digests");
  if (list == nullptr || (list->is_array() && list->empty())) {
    exact_digests_ = list != nullptr;
    note(QuirkId::no_digests, "the record has no digest");
    return std::nullopt;
  }
  if (!list->is_array()) {
    return "expected \"digests\" to be an array";
  }
  exact_digests_ = true;
  for (const JsonText& entry : *list) {
    const JsonText* name = find_member(entry, "hashAlg");
    const JsonText* hex = find_member(entry, "digest");
    const auto value = hex != nullptr && hex->is_string() ? from_hex(hex->get_ref<const std::string&>()) : std::nullopt;
    if (name == nullptr || !name->is_string() || !value || value->size() > kMaxDigestSize) {
      return "expected a digest to have \"hashAlg\" and \"digest\", a name and hexadecimal digits";
    }
    const auto& text = name->get_ref<const std::string&>();
    const auto algorithm = parse_algorithm(text);
    const HashAlgorithmRow* row = algorithm ? find_algorithm(*algorithm) : nullptr;
    if (row == nullptr) {
      exact_digests_ = false;
      note(QuirkId::unknown_algorithm, fmt::format("the hash algorithm \"{}\" is not known", text));
      continue;
    }
    if (row->size != value->size()) {
      return fmt::format("expected a {} digest of {} bytes, found {}", row->name, row->size, value->size());
    }
    const auto earlier = std::span(batch.digest_pool).last(digests_);
    if (std::ranges::find(earlier, *algorithm, &DigestEntry::algorithm) != earlier.end()) {
      return fmt::format("expected one digest of each algorithm, found two of {}", row->name);
    }
    exact_digests_ = exact_digests_ && entry.size() == 2 && entry.items().begin().key() == "hashAlg" &&
                     text == row->name && hex->get_ref<const std::string&>() == to_hex(*value);
    batch.digest_pool.push_back({.algorithm = *algorithm, .value = batch.arena.keep(*value)});
    ++digests_;
  }
  return std::nullopt;
}

bool is_usual_order(const std::vector<JsonMember>& members) {
  constexpr std::array<std::string_view, 4> kUsual{"", "digests", "content_type", "content"};
  if (members.size() != kUsual.size()) {
    return false;
  }
  for (std::size_t i = 0; i < kUsual.size(); ++i) {
    // What comes first is the register, by whatever name: one is there, and the others are not it.
    if (!members[i].text.empty() || (i > 0 && members[i].key != kUsual[i])) {
      return false;
    }
  }
  return true;
}

void SystemdReader::take_content(const JsonText& object, Record& record, Batch& batch) {
  auto extras = std::make_shared<RecordExtras>();
  const JsonText* type = find_member(object, "content_type");
  const JsonText* content = find_member(object, "content");
  const bool own =
      type != nullptr && type->is_string() && type->get_ref<const std::string&>() == "systemd" && content != nullptr;
  if (own) {
    record.content = ContentType::systemd;
    SystemdContent decoded = read_systemd_content(*content);
    if (!decoded.problem.empty()) {
      note(QuirkId::content, decoded.problem);
    }
    if (find_member(*content, "event_type") != nullptr) {
      note(QuirkId::event_type_key, "the content has the key event_type in place of eventType");
    }
    record.data = batch.arena.keep(as_bytes(decoded.measured.value_or(std::string())));
    record.name = batch.arena.keep(as_bytes(decoded.event.event_type.value_or(std::string())));
    if (const JsonText* mapped = find_member(object, "mapped_pcr"); mapped != nullptr && mapped->is_number_unsigned()) {
      decoded.event.mapped_pcr = mapped->get<std::uint64_t>();
    }
    extras->event = std::make_shared<const SystemdEvent>(std::move(decoded.event));
  } else if (type != nullptr && type->is_string()) {
    record.content = ContentType::unknown;
    record.name = batch.arena.keep(as_bytes(type->get_ref<const std::string&>()));
    record.data = batch.arena.keep(as_bytes(content == nullptr ? std::string() : to_text(*content)));
  }
  const bool whole = own && content->is_object();
  for (const auto& [key, value] : object.items()) {
    const bool encoded = key == "pcr" || key == "nv_index" || key == "rtmr" || (key == "digests" && exact_digests_) ||
                         (own && key == "content_type") || (whole && key == "content");
    extras->members.push_back({.key = key, .text = encoded ? std::string() : to_text(value)});
  }
  if (is_usual_order(extras->members)) {
    extras->members.clear();
  }
  record.extras = std::move(extras);
}

}  // namespace

std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& /*options*/,
                                    DiagnosticSink& diagnostics) {
  return std::make_unique<SystemdReader>(std::move(source), diagnostics);
}

}  // namespace mrtool::systemd
