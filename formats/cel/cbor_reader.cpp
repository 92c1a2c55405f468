#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "formats/cel/cbor.hpp"
#include "formats/cel/cbor_content.hpp"
#include "formats/cel/cbor_cursor.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/numbering.hpp"
#include "lib/base/limits.hpp"
#include "lib/record/piece_reader.hpp"

namespace mrtool::cel {
namespace {

enum class Phase : std::uint8_t { start, counted, open, sequence, done };

// The members of a record, before their meaning.
struct Members {
  std::optional<std::uint64_t> recnum;
  std::optional<Index> index;
  bool has_digests = false;
  std::vector<DigestEntry> digests;
  std::optional<std::uint64_t> content_type;
  ByteView content;  // the item

  // Keeps the room for digests.
  void clear() {
    recnum.reset();
    index.reset();
    has_digests = false;
    digests.clear();
    content_type.reset();
    content = {};
  }
};

class CborReader final : public PieceReader {
 public:
  CborReader(std::unique_ptr<ByteSource> source, const ReadOptions& options, DiagnosticSink& diagnostics)
      : PieceReader(std::move(source)), report_(diagnostics), meaning_(options.platform, report_), numbers_(report_) {
    info_.format = kCborFormat;
    info_.evidence = "named";
    info_.byte_order = ByteOrder::big;
    info_.grows_at_runtime = true;
  }

 private:
  Result<Progress> parse(Batch& batch) override;
  void end_of_log() override { report_.flush(); }

  Result<std::optional<Progress>> start(ByteView rest);
  // At a record boundary: whether the log ends here, or more bytes are needed to know.
  Result<std::optional<Progress>> boundary(ByteView rest, Batch& batch);
  Result<std::optional<Progress>> read_record(ByteView rest, Batch& batch);
  std::optional<std::uint64_t> wanted(const CborCursor& cursor, ByteView rest) const;
  Status add(const CborCursor& cursor, Batch& batch);

  QuirkReport report_;
  Meaning meaning_;
  NumberCheck numbers_;
  Phase phase_ = Phase::start;
  std::uint64_t left_ = 0;  // records of a counted array
  Members members_;         // of the record at hand
  Bytes again_;             // its content, encoded again
};

// RFC 8742: a sequence has no head; an array's says how many records there are, or that a break ends it.
Result<std::optional<PieceReader::Progress>> CborReader::start(ByteView rest) {
  if (rest.empty()) {
    return whole_rest_is_here() ? Progress{.ended = true, .need = 0} : Progress{.ended = false, .need = 1};
  }
  CborCursor cursor(rest);
  const CborHead head = cursor.next();
  if (cursor.need() && !whole_rest_is_here()) {
    return Progress{.ended = false, .need = *cursor.need()};
  }
  switch (head.kind) {
    case CborKind::array:
      phase_ = Phase::counted;
      left_ = head.number;
      info_.dialect = "array";
      break;
    case CborKind::array_begin:
      phase_ = Phase::open;
      info_.dialect = "array";
      break;
    case CborKind::map:
    case CborKind::map_begin:
      phase_ = Phase::sequence;
      info_.dialect = "sequence";
      return std::nullopt;
    default:
      return damaged("expected an array of records or a record, found something else");
  }
  if (phase_ == Phase::open || !head.shortest) {
    report_.add(QuirkId::not_deterministic, next_number(), offset());
  }
  info_.preamble = to_bytes(rest.first(cursor.position()));
  consume(info_.preamble.size());
  return std::nullopt;
}

Result<std::optional<PieceReader::Progress>> CborReader::boundary(ByteView rest, Batch& batch) {
  constexpr std::uint8_t kBreak = 0xFF;
  if (phase_ == Phase::counted && left_ == 0) {
    phase_ = Phase::done;
  }
  if (phase_ == Phase::open && !rest.empty() && rest[0] == kBreak) {
    batch.trailing = rest.first(1);
    consume(1);
    phase_ = Phase::done;
    rest = rest.subspan(1);
  }
  if (!rest.empty()) {
    return phase_ == Phase::done
               ? damaged(fmt::format("expected the end of the log behind its array, found {} bytes or "
                                     "more",
                                     rest.size()))
               : Result<std::optional<Progress>>(std::nullopt);
  }
  if (!whole_rest_is_here()) {
    return Progress{.ended = false, .need = 1};
  }
  if (phase_ == Phase::counted) {
    return damaged(fmt::format("expected {} more records, found the end", left_));
  }
  if (phase_ == Phase::open) {
    return damaged("expected a record or the break that ends the array, found the end");
  }
  return Progress{.ended = true, .need = 0};
}

Result<PieceReader::Progress> CborReader::parse(Batch& batch) {
  while (true) {
    const bool starting = phase_ == Phase::start;
    auto step = starting ? start(rest(batch)) : boundary(rest(batch), batch);
    if (!starting && step && !*step) {
      step = read_record(rest(batch), batch);
    }
    if (!step) {
      return std::unexpected(std::move(step).error());
    }
    if (*step) {
      return **step;
    }
  }
}

Index read_index(CborCursor& cursor, std::uint8_t field, Bytes& chunks) {
  Index index{.field = field, .number = 0};
  if (field == kNamedField) {
    index.name = as_text(cursor.string(CborKind::text, "the register's name", chunks));
  } else {
    index.number = cursor.integer("an index");
  }
  return index;
}

void read_digest(CborCursor& cursor, std::vector<DigestEntry>& digests, Arena& arena) {
  auto count = cursor.begin(CborKind::map, "a digest");
  std::optional<std::uint64_t> algorithm;
  std::optional<ByteView> value;
  Bytes chunks;
  while (cursor.more(count)) {
    const std::uint64_t key = cursor.integer("a key of a digest");
    if (key == 0 && !algorithm) {
      algorithm = cursor.integer("a hash algorithm");
    } else if (key == 1 && !value) {
      value = cursor.string(CborKind::bytes, "a digest", chunks);
      if (!chunks.empty()) {
        value = arena.keep(*value);
      }
    } else if (key > 1) {
      cursor.not_deterministic();
      cursor.skip();
    } else {
      cursor.refuse("expected each key of a digest once, found one again");
    }
  }
  if (!cursor.ok()) {
    return;
  }
  if (!algorithm || !value || *algorithm > std::numeric_limits<std::uint16_t>::max()) {
    cursor.refuse("expected a hash algorithm of 16 bits and a value in a digest");
    return;
  }
  const auto id = static_cast<HashAlgorithm>(*algorithm);
  const HashAlgorithmRow* row = find_algorithm(id);
  if (row != nullptr && row->size != value->size()) {
    cursor.refuse(fmt::format("expected {} bytes of a {} digest, found {}", row->size, row->name, value->size()));
    return;
  }
  digests.push_back({.algorithm = id, .value = *value});
}

void read_digests(CborCursor& cursor, Members& members, Arena& arena) {
  members.has_digests = true;
  auto count = cursor.begin(CborKind::array, "the digests");
  while (cursor.more(count)) {
    if (members.digests.size() == limits::kDigestsPerRecord) {
      cursor.refuse(fmt::format("expected at most {} digests, found more", limits::kDigestsPerRecord));
      return;
    }
    read_digest(cursor, members.digests, arena);
  }
}

void read_member(CborCursor& cursor, std::uint64_t key, Members& members, Arena& arena) {
  const auto once = [&](bool seen) {
    if (seen) {
      cursor.refuse(fmt::format("expected key {} once, found it again", key));
    }
  };
  switch (key) {
    case kRecnumField:
      once(members.recnum.has_value());
      members.recnum = cursor.integer("a record number");
      return;
    case kPcrField:
    case kNvField:
    case kCcmrField:
    case kNamedField: {
      if (members.index) {
        cursor.refuse("expected one index, found another");
      }
      Bytes chunks;
      members.index = read_index(cursor, static_cast<std::uint8_t>(key), chunks);
      return;
    }
    case kDigestsField:
      once(members.has_digests);
      read_digests(cursor, members, arena);
      return;
    case kContentTypeKey:
      once(members.content_type.has_value());
      members.content_type = cursor.integer("a content type");
      return;
    case kContentKey: {
      once(!members.content.empty());
      const std::size_t begin = cursor.position();
      cursor.skip();
      members.content = cursor.read_since(begin);
      return;
    }
    default:
      cursor.not_deterministic();
      cursor.skip();
  }
}

void read_members(CborCursor& cursor, Members& members, Arena& arena) {
  members.clear();
  auto count = cursor.begin(CborKind::map, "a record");
  std::optional<std::uint64_t> last;
  while (cursor.more(count)) {
    const std::uint64_t key = cursor.integer("a key of a record");
    if (cursor.ok()) {
      if (last && key <= *last) {
        cursor.not_deterministic();
      }
      last = key;
      read_member(cursor, key, members, arena);
    }
  }
}

// Twice what is here, so that a record of many small items is not looked at again for each.
std::optional<std::uint64_t> CborReader::wanted(const CborCursor& cursor, ByteView rest) const {
  if (!cursor.need() || whole_rest_is_here() || rest.size() > limits::kRecordBytes) {
    return std::nullopt;
  }
  return std::max<std::uint64_t>(*cursor.need(), rest.size() * 2);
}

Result<std::optional<PieceReader::Progress>> CborReader::read_record(ByteView rest, Batch& batch) {
  CborCursor cursor(rest.first(std::min<std::size_t>(rest.size(), limits::kRecordBytes + 1)));
  read_members(cursor, members_, batch.arena);
  if (const auto need = wanted(cursor, rest)) {
    return Progress{.ended = false, .need = *need};
  }
  if (cursor.need()) {
    return damaged(rest.size() > limits::kRecordBytes
                       ? fmt::format("expected a record of at most {} bytes, found more", limits::kRecordBytes)
                       : fmt::format("expected a record of at least {} bytes, found {} before the end", *cursor.need(),
                                     rest.size()));
  }
  if (!cursor.ok()) {
    return damaged(cursor.message());
  }
  if (auto added = add(cursor, batch); !added) {
    return std::unexpected(std::move(added).error());
  }
  consume(cursor.position());
  left_ -= phase_ == Phase::counted ? 1 : 0;
  return std::nullopt;
}

Status CborReader::add(const CborCursor& cursor, Batch& batch) {
  Members& members = members_;
  if (!members.recnum || !members.index || !members.has_digests || !members.content_type || members.content.empty()) {
    return damaged("expected a record number, an index, digests, a content type and a content, found less");
  }
  constexpr std::uint64_t kLastContentType = 0xFF;  // types are also TLV types
  if (*members.content_type <= kDigestsField || *members.content_type > kLastContentType) {
    return damaged(fmt::format("expected a content type from 4 to 255, found {}", *members.content_type));
  }
  Record& record = begin_record(batch);
  record.stated_number = members.recnum;
  if (auto status = meaning_.apply_index(record, *members.index, info_); !status) {
    return damaged(std::move(status).error().message);
  }
  if (!decode_cbor_content(record, *members.content_type, members.content, members.digests, batch.arena)) {
    report_.add(QuirkId::content_undecodable, record);
  }
  again_.clear();
  if (!append_cbor_content(again_, record) || !equal(again_, members.content)) {
    auto extras = std::make_shared<CborExtras>();
    extras->content = to_bytes(members.content);
    record.extras = std::move(extras);
  }
  if (!cursor.deterministic()) {
    report_.add(QuirkId::not_deterministic, record);
  }
  meaning_.apply(record, members.digests, batch.arena);
  numbers_.check(record);
  record.raw = rest(batch).first(cursor.position());
  keep_record(batch);
  batch.digest_pool.insert(batch.digest_pool.end(), members.digests.begin(), members.digests.end());
  return {};
}

}  // namespace

std::unique_ptr<Reader> make_cbor_reader(std::unique_ptr<ByteSource> source, const ReadOptions& options,
                                         DiagnosticSink& diagnostics) {
  return std::make_unique<CborReader>(std::move(source), options, diagnostics);
}

// Section 10: an array's head, then that of a record; or a record.
std::optional<Detection> detect_cbor(const Probe& probe) {
  CborCursor cursor(probe.prefix);
  CborHead head = cursor.next();
  std::string_view shape = "a CBOR record";
  if (head.kind == CborKind::array || head.kind == CborKind::array_begin) {
    shape = "a CBOR array";
    if (head.kind == CborKind::array && head.number == 0) {
      return probe.complete && cursor.position() == probe.prefix.size()
                 ? std::optional(Detection{.evidence = "an empty CBOR array", .note = {}})
                 : std::nullopt;
    }
    head = cursor.next();
  }
  constexpr std::uint64_t kFewestMembers = 4;
  constexpr std::uint64_t kMostMembers = 16;
  const bool is_map = head.kind == CborKind::map_begin ||
                      (head.kind == CborKind::map && head.number >= kFewestMembers && head.number <= kMostMembers);
  const CborHead key = cursor.next();
  if (!is_map || key.kind != CborKind::unsigned_integer ||
      (key.number > kContentKey && key.number != kCcmrField && key.number != kNamedField)) {
    return std::nullopt;
  }
  return Detection{.evidence = fmt::format("{} with integer keys", shape), .note = {}};
}

}  // namespace mrtool::cel
