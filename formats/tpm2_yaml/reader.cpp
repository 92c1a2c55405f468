#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/tcg/meaning.hpp"
#include "formats/tpm2_yaml/event_data.hpp"
#include "formats/tpm2_yaml/item.hpp"
#include "formats/tpm2_yaml/tpm2_yaml.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/pcclient.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::tpm2yaml {
namespace {

constexpr std::size_t kKey = 2;     // the columns before an event's keys
constexpr std::size_t kDigest = 4;  // and before those of its digests
constexpr std::string_view kUnknownType = "Unknown event type";

enum class Phase : std::uint8_t { head, events, tail };

class YamlReader final : public PieceReader {
 public:
  YamlReader(std::unique_ptr<ByteSource> source, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)), diagnostics_(diagnostics), report_(diagnostics) {
    info_.format = "tpm2-yaml";
    info_.evidence = "named";
    info_.platform = Platform::tpm;
  }

 private:
  Result<Progress> parse(Batch& batch) override;
  void end_of_log() override;
  // The line that begins at line_ and ends before `end`.
  Status take_line(std::string_view line, std::size_t end, Batch& batch);
  Status take_head_line(std::string_view line, std::size_t end, Batch& batch);
  Status end_item(Batch& batch);
  Status push_record(std::string_view text, Batch& batch);
  Status take_digests(std::span<const Entry> entries, Batch& batch, tcg::Frame& frame);
  Status take_digest(const Entry& name, const Entry* value, Batch& batch, tcg::Frame& frame);
  void begin_meaning(std::span<const Entry> entries);
  void take_type(const Entry& type, Record& record);
  void note(QuirkId id, std::string message);

  DiagnosticSink& diagnostics_;
  tcg::QuirkReport report_;
  std::optional<tcg::RecordMeaning> meaning_;

  Phase phase_ = Phase::head;
  std::size_t line_ = 0;      // of rest: where the line at hand begins
  std::size_t searched_ = 0;  // of rest: no line feed lies between line_ and this
  bool in_item_ = false;      // rest begins with an item
  bool has_index_ = false;    // the item has its PCRIndex
  bool agile_ = false;        // the first event is a spec-ID event with banks
};

void YamlReader::note(QuirkId id, std::string message) {
  diagnostics_.add(make_diagnostic(id, next_number(), offset(), std::move(message)));
}

void YamlReader::end_of_log() {
  if (meaning_) {
    meaning_->finish();
  }
  report_.flush();
}

Result<PieceReader::Progress> YamlReader::parse(Batch& batch) {
  while (true) {
    const ByteView rest = this->rest(batch);
    if (phase_ == Phase::tail) {
      batch.trailing = rest;
      consume(rest.size());
      return Progress{.ended = whole_rest_is_here(), .need = limits::kReadPiece};
    }
    const auto from = rest.begin() + static_cast<std::ptrdiff_t>(searched_);
    const auto end = static_cast<std::size_t>(std::find(from, rest.end(), std::uint8_t{'\n'}) - rest.begin());
    searched_ = end;
    if (end > limits::kRecordBytes) {
      return damaged(fmt::format("an event is larger than {} bytes", limits::kRecordBytes));
    }
    if (end == rest.size()) {
      if (!whole_rest_is_here()) {
        return Progress{.ended = false, .need = rest.size() + limits::kReadPiece};
      }
      return damaged("expected \"pcrs:\" behind the events, found the end: the document is cut short");
    }
    const std::string_view line = as_text(rest.subspan(line_, end - line_));
    if (auto status = take_line(line, end + 1, batch); !status) {
      return std::unexpected(std::move(status).error());
    }
  }
}

Status YamlReader::take_line(std::string_view line, std::size_t end, Batch& batch) {
  if (phase_ == Phase::head) {
    return take_head_line(line, end, batch);
  }
  // A SHA-1 log's events have no numbers, and in some versions nothing at all stands before the next one's index.
  const bool index = line.starts_with("  PCRIndex:");
  const bool begins =
      line.starts_with("- EventNum:") || line.starts_with("- PCRIndex:") || (index && (!in_item_ || has_index_));
  const bool leaves = line.starts_with("pcrs:");
  if (begins || leaves) {
    const std::size_t size = line_;
    if (auto status = end_item(batch); !status) {
      return status;
    }
    end -= size;
  } else if (!in_item_) {
    return damaged("expected an event, found another line");
  }
  if (leaves) {
    phase_ = Phase::tail;
    return {};
  }
  in_item_ = true;
  has_index_ = (has_index_ && !begins) || index || line.starts_with("- PCRIndex:");
  line_ = end;
  searched_ = end;
  return {};
}

Status YamlReader::take_head_line(std::string_view line, std::size_t end, Batch& batch) {
  if (line == "events:") {
    info_.preamble = to_bytes(rest(batch).first(end));
    consume(end);
    end = 0;
    phase_ = Phase::events;
  } else if (line != "---" && !line.starts_with("version:") && !line.starts_with("#") && !line.empty()) {
    return damaged("expected \"version:\" and \"events:\", found another line");
  }
  line_ = end;
  searched_ = end;
  return {};
}

// The item is what lies before the line at hand.
Status YamlReader::end_item(Batch& batch) {
  const std::size_t size = std::exchange(line_, 0);
  searched_ = 0;
  if (!std::exchange(in_item_, false)) {
    return {};
  }
  return push_record(as_text(rest(batch).first(size)), batch);
}

Status YamlReader::push_record(std::string_view text, Batch& batch) {
  const std::vector<Entry> entries = read_item(text);
  const auto index = number_of(find(entries, kKey, "PCRIndex"));
  const auto size = number_of(find(entries, kKey, "EventSize"));
  const Entry* type = find(entries, kKey, "EventType");
  if (!index || *index > std::numeric_limits<std::uint32_t>::max() || !size || type == nullptr) {
    return damaged("expected an event to have PCRIndex, EventType and EventSize");
  }
  if (!meaning_) {
    begin_meaning(entries);
  }
  tcg::Frame frame;
  frame.index = static_cast<std::uint32_t>(*index);
  if (auto status = take_digests(entries, batch, frame); !status) {
    return status;
  }
  Record fields;
  fields.raw = as_bytes(text);
  fields.raw_index = *index;
  take_type(*type, fields);
  const auto data = event_data(entries, fields.type, *size);
  if (data) {
    fields.data = batch.arena.keep(*data);
  } else {
    note(QuirkId::data_lost, fmt::format("the YAML does not show all of the {} bytes of the event's data", *size));
  }
  const bool sha1 = !agile_ || find(entries, kKey, "SpecID") != nullptr;
  fields.framing = static_cast<std::uint8_t>(sha1 ? tcg::Framing::sha1 : tcg::Framing::agile);

  const bool type_is_lost = fields.content == ContentType::unknown;
  Record& record = add_record(batch, frame.digests);
  fields.number = record.number;
  fields.offset = record.offset;
  record = std::move(fields);
  frame.type = record.type;
  frame.data = record.data;
  meaning_->apply(record, frame);
  if (type_is_lost || !data) {
    // What is left can be replayed and shown, but its digests must not be judged against data that is not there.
    record.content = ContentType::unknown;
    record.name = batch.arena.keep(as_bytes(type->value));
  }
  consume(text.size());
  return {};
}

// The banks are those of the spec-ID event; a SHA-1 log has none.
void YamlReader::begin_meaning(std::span<const Entry> entries) {
  agile_ = find(entries, kKey, "SpecID") != nullptr;
  for (const Entry& entry : entries) {
    const auto algorithm = entry.key == "algorithmId" ? parse_algorithm(entry.value) : std::nullopt;
    const HashAlgorithmRow* row = algorithm ? find_algorithm(*algorithm) : nullptr;
    if (agile_ && row != nullptr && info_.algorithms.size() < limits::kAlgorithmsPerLog) {
      info_.algorithms.push_back({.algorithm = row->id, .size = static_cast<std::uint16_t>(row->size)});
    }
  }
  if (!agile_) {
    info_.algorithms = {{.algorithm = HashAlgorithm::sha1, .size = tcg::kSha1DigestBytes}};
  }
  tcg::RecordMeaning::Setup setup;
  setup.has_spec_id = agile_;
  setup.algorithms = info_.algorithms;
  meaning_.emplace(std::move(setup), report_);
}

void YamlReader::take_type(const Entry& type, Record& record) {
  const auto known = std::ranges::find(pcclient::event_types(), type.value, &pcclient::EventType::name);
  const auto number = number_of(&type);
  record.content = ContentType::pcclient;
  if (known != pcclient::event_types().end()) {
    record.type = known->value;
  } else if (number && *number <= std::numeric_limits<std::uint32_t>::max()) {
    record.type = static_cast<std::uint32_t>(*number);
  } else {
    record.content = ContentType::unknown;
    note(QuirkId::type_lost, type.value == kUnknownType ? "the YAML does not say the number of the event's type"
                                                        : "the name of the event's type is not known");
  }
}

Status YamlReader::take_digests(std::span<const Entry> entries, Batch& batch, tcg::Frame& frame) {
  if (const Entry* only = find(entries, kKey, "Digest")) {
    const Entry sha1{.indent = kDigest, .starts_item = true, .key = "AlgorithmId", .value = "sha1"};
    return take_digest(sha1, only, batch, frame);
  }
  const auto list =
      std::ranges::find_if(entries, [](const Entry& entry) { return entry.indent == kKey && entry.key == "Digests"; });
  if (list == entries.end()) {
    return {};
  }
  const auto items = below(entries, static_cast<std::size_t>(list - entries.begin()));
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].key != "AlgorithmId") {
      continue;
    }
    const bool has_value = i + 1 < items.size() && items[i + 1].key == "Digest";
    if (frame.digests == limits::kDigestsPerRecord) {
      return damaged(fmt::format("expected at most {} digests, found more", limits::kDigestsPerRecord));
    }
    if (auto status = take_digest(items[i], has_value ? &items[i + 1] : nullptr, batch, frame); !status) {
      return status;
    }
  }
  return {};
}

Status YamlReader::take_digest(const Entry& name, const Entry* value, Batch& batch, tcg::Frame& frame) {
  const auto bytes = hex_of(value);
  if (!bytes) {
    return damaged("expected a digest in hexadecimal behind each AlgorithmId");
  }
  const auto algorithm = parse_algorithm(name.value);
  const HashAlgorithmRow* row = algorithm ? find_algorithm(*algorithm) : nullptr;
  if (row == nullptr) {
    note(QuirkId::unknown_digest, fmt::format("the hash algorithm \"{}\" is not known", name.value));
    return {};
  }
  if (row->size != bytes->size()) {
    return damaged(fmt::format("expected a {} digest of {} bytes, found {}", row->name, row->size, bytes->size()));
  }
  const auto place = std::ranges::find(info_.algorithms, row->id, &AlgorithmSize::algorithm);
  if (place != info_.algorithms.end()) {
    const std::uint64_t bit = std::uint64_t{1} << (place - info_.algorithms.begin());
    frame.duplicate = frame.duplicate || (frame.banks & bit) != 0;
    frame.disordered = frame.disordered || bit < frame.banks;
    frame.banks |= bit;
  }
  batch.digest_pool.push_back({.algorithm = row->id, .value = batch.arena.keep(*bytes)});
  ++frame.digests;
  return {};
}

}  // namespace

std::optional<Detection> detect(const Probe& probe) {
  std::string_view text = as_text(probe.prefix);
  bool version = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with("version:")) {
      version = true;
    } else if (line == "events:") {
      const bool event = text.starts_with("- EventNum:") || text.starts_with("- PCRIndex:") ||
                         text.starts_with("  PCRIndex:") || text.starts_with("pcrs:");
      return version && event ? std::optional(Detection{.evidence = "YAML of tpm2_eventlog", .note = {}})
                              : std::nullopt;
    } else if (line != "---" && !line.starts_with("#") && !line.empty()) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::unique_ptr<Reader> make_reader(std::unique_ptr<ByteSource> source, const ReadOptions& /*options*/,
                                    DiagnosticSink& diagnostics) {
  return std::make_unique<YamlReader>(std::move(source), diagnostics);
}

}  // namespace mrtool::tpm2yaml
