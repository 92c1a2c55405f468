#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "formats/cel/model.hpp"
#include "formats/cel/numbering.hpp"
#include "formats/cel/tlv.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/cel_element.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::cel {
namespace {

class TlvReader final : public PieceReader {
 public:
  TlvReader(std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)), report_(diagnostics), meaning_(options.platform, report_), numbers_(report_) {
    info_.format = kTlvFormat;
    info_.evidence = "named";
    info_.byte_order = ByteOrder::big;
    info_.grows_at_runtime = true;
  }

 private:
  Result<Progress> parse(Batch& batch) override;
  void end_of_log() override { report_.flush(); }

  Status add(const TlvFrame& frame, Batch& batch);
  Status read_digests(ByteView digests, std::vector<DigestEntry>& out) const;
  void read_content(const TlvFrame& frame, std::span<const DigestEntry> digests, Record& record, TlvExtras& extras);
  bool read_pcclient(ByteView value, Record& record, TlvExtras& extras) const;
  bool read_ima_template(ByteView value, Record& record, TlvExtras& extras) const;
  bool read_libcel_systemd(ByteView value, Record& record, TlvExtras& extras) const;

  QuirkReport report_;
  Meaning meaning_;
  NumberCheck numbers_;
  std::shared_ptr<const TlvExtras> last_extras_;  // records of one log are nearly always alike
};

Result<PieceReader::Progress> TlvReader::parse(Batch& batch) {
  while (true) {
    const ByteView rest = this->rest(batch);
    if (rest.empty()) {
      return whole_rest_is_here() ? Progress{.ended = true, .need = 0}
                                  : Progress{.ended = false, .need = limits::kReadPiece};
    }
    TlvFrame frame = frame_tlv(rest);
    if (frame.state == TlvFrame::State::malformed) {
      auto error = damaged(std::move(frame.message));
      error.error().offset = offset() + frame.at;
      return error;
    }
    if (frame.state == TlvFrame::State::incomplete) {
      if (!whole_rest_is_here()) {
        return Progress{.ended = false, .need = frame.size};
      }
      return damaged(fmt::format("expected a record of at least {} bytes, found {} before the end: its {} is cut",
                                 frame.size, rest.size(), frame.element));
    }
    if (auto added = add(frame, batch); !added) {
      return std::unexpected(std::move(added).error());
    }
    consume(static_cast<std::size_t>(frame.size));
  }
}

Status TlvReader::add(const TlvFrame& frame, Batch& batch) {
  const auto recnum = cel_integer(frame.recnum);
  if (!recnum) {
    return damaged(fmt::format("expected a record number of one to eight bytes, found {}", frame.recnum.size()));
  }
  Index index{.field = frame.index_field, .number = 0};
  if (frame.index_field == kNamedField) {
    index.name = as_text(frame.index);
  } else if (const auto number = cel_integer(frame.index)) {
    index.number = *number;
  } else {
    return damaged(fmt::format("expected an index of one to eight bytes, found {}", frame.index.size()));
  }
  std::vector<DigestEntry> digests;
  if (auto status = read_digests(frame.digests, digests); !status) {
    return status;
  }
  Record& record = begin_record(batch);
  record.stated_number = recnum;
  if (auto status = meaning_.apply_index(record, index, info_); !status) {
    return damaged(std::move(status).error().message);
  }
  TlvExtras extras;
  extras.widths = {.recnum = static_cast<std::uint32_t>(frame.recnum.size()),
                   .index = static_cast<std::uint32_t>(frame.index.size()),
                   .event_type = TlvWidths{}.event_type};
  read_content(frame, digests, record, extras);
  meaning_.apply(record, digests, batch.arena);
  numbers_.check(record);
  if (record.number == 0) {
    info_.dialect = dialect_of(extras.widths, *recnum, index.number);
  }
  if (!last_extras_ || !last_extras_->same_as(extras)) {
    last_extras_ = std::make_shared<const TlvExtras>(std::move(extras));
  }
  record.extras = last_extras_;
  record.raw = rest(batch).first(static_cast<std::size_t>(frame.size));
  keep_record(batch);
  batch.digest_pool.insert(batch.digest_pool.end(), digests.begin(), digests.end());
  return {};
}

Status TlvReader::read_digests(ByteView digests, std::vector<DigestEntry>& out) const {
  const auto elements = split_cel_elements(digests, limits::kDigestsPerRecord);
  if (!elements) {
    return damaged(fmt::format("expected at most {} digests that fill their {} bytes, found something else",
                               limits::kDigestsPerRecord, digests.size()));
  }
  for (const CelElement& element : *elements) {
    const auto algorithm = static_cast<HashAlgorithm>(element.tag);
    const HashAlgorithmRow* row = find_algorithm(algorithm);
    if (row != nullptr && row->size != element.value.size()) {
      return damaged(
          fmt::format("expected {} bytes of a {} digest, found {}", row->size, row->name, element.value.size()));
    }
    out.push_back({.algorithm = algorithm, .value = element.value});
  }
  return {};
}

// The elements 0 and 1, each once, in any order and among others. What is beside them is kept in `extras`.
struct Pair {
  ByteView first;
  ByteView second;
};
std::optional<Pair> find_pair(ByteView value, bool& usual) {
  const auto elements = split_cel_elements(value, limits::kListedItems);
  if (!elements) {
    return std::nullopt;
  }
  std::array<const CelElement*, 2> found{};
  for (const CelElement& element : *elements) {
    if (element.tag < found.size()) {
      if (found[element.tag] != nullptr) {
        return std::nullopt;
      }
      found[element.tag] = &element;
    }
  }
  if (found[0] == nullptr || found[1] == nullptr) {
    return std::nullopt;
  }
  usual = elements->size() == 2 && found[0] < found[1];
  return Pair{.first = found[0]->value, .second = found[1]->value};
}

bool TlvReader::read_pcclient(ByteView value, Record& record, TlvExtras& extras) const {
  bool usual = true;
  const auto pair = find_pair(value, usual);
  const auto type = pair ? cel_integer(pair->first) : std::nullopt;
  if (!type || *type > std::numeric_limits<std::uint32_t>::max()) {
    return false;
  }
  record.content = ContentType::pcclient;
  record.type = static_cast<std::uint32_t>(*type);
  record.data = pair->second;
  extras.widths.event_type = static_cast<std::uint32_t>(pair->first.size());
  if (!usual) {
    append_cel_element(extras.content, static_cast<std::uint8_t>(kPcclient), value);
  }
  return true;
}

bool TlvReader::read_ima_template(ByteView value, Record& record, TlvExtras& extras) const {
  bool usual = true;
  const auto pair = find_pair(value, usual);
  if (!pair) {
    return false;
  }
  record.content = ContentType::ima_template;
  record.name = pair->first;
  record.data = pair->second;
  if (!usual) {
    append_cel_element(extras.content, static_cast<std::uint8_t>(kImaTemplate), value);
  }
  return true;
}

// libcel's own form (section 5.5): event type, timestamp, boot id, string.
bool TlvReader::read_libcel_systemd(ByteView value, Record& record, TlvExtras& extras) const {
  constexpr std::size_t kMembers = 4;
  const auto members = split_cel_elements(value, kMembers);
  if (!members || members->size() != kMembers) {
    return false;
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    if ((*members)[i].tag != i) {
      return false;
    }
  }
  const auto type = cel_integer((*members)[0].value);
  const auto timestamp = cel_integer((*members)[1].value);
  if (!type || *type >= kSystemdEventTypes.size() || !timestamp) {
    return false;
  }
  record.content = ContentType::systemd;
  record.name = as_bytes(kSystemdEventTypes[static_cast<std::size_t>(*type)]);
  record.data = (*members)[3].value;
  auto event = std::make_shared<SystemdEvent>();
  event->event_type = kSystemdEventTypes[static_cast<std::size_t>(*type)];
  event->timestamp = timestamp;
  event->boot_id = to_hex((*members)[2].value);
  event->members = {{.key = "string", .text = {}},
                    {.key = "bootId", .text = fmt::format("\"{}\"", *event->boot_id)},
                    {.key = "timestamp", .text = fmt::format("{}", *timestamp)},
                    {.key = "eventType", .text = fmt::format("\"{}\"", *event->event_type)}};
  extras.event = std::move(event);
  append_cel_element(extras.content, static_cast<std::uint8_t>(kLibcelSystemd), value);
  return true;
}

void TlvReader::read_content(const TlvFrame& frame, std::span<const DigestEntry> digests, Record& record,
                             TlvExtras& extras) {
  bool decoded = true;
  switch (frame.content_type) {
    case kPcclient:
      decoded = read_pcclient(frame.content, record, extras);
      break;
    case kImaTemplate:
      decoded = read_ima_template(frame.content, record, extras);
      break;
    case kLibcelSystemd:
      decoded = read_libcel_systemd(frame.content, record, extras);
      break;
    default:
      apply_raw_content(record, frame.content_type, frame.content, digests);
      return;
  }
  if (!decoded) {
    record.content = ContentType::unknown;
    record.type = frame.content_type;
    record.data = frame.content;
    report_.add(QuirkId::content_undecodable, record);
  }
}

}  // namespace

std::unique_ptr<Reader> make_tlv_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                        DiagnosticSink& diagnostics) {
  return std::make_unique<TlvReader>(std::move(source), options, diagnostics);
}

}  // namespace mrtool::cel
