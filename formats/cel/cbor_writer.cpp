#include <fmt/format.h>

#include <array>

#include "formats/cel/cbor.hpp"
#include "formats/cel/cbor_content.hpp"
#include "formats/cel/cbor_cursor.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/numbering.hpp"
#include "lib/base/cbor_head.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::cel {
namespace {

class CborWriter final : public Writer {
 public:
  CborWriter(ByteSink& sink, const WriteOptions& options) : sink_(sink), options_(options) {}

  Status begin(const LogInfo& info) override;
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override { return as_it_was_ && !bytes.empty() ? sink_.write(bytes) : Status{}; }
  Status finish() override;

 private:
  Status encode(const Record& record);
  void append_digests(Bytes& out, const Record& record) const;

  ByteSink& sink_;
  WriteOptions options_;
  LogInfo info_;
  bool own_ = false;        // the records are of a CEL log
  bool as_it_was_ = false;  // the log keeps its head and its end
  bool array_ = false;      // an array is made
  std::uint64_t written_ = 0;
  WrittenNumbers numbers_{false};
  Bytes out_;   // a record at a time
  Bytes item_;  // its content
};

Status CborWriter::begin(const LogInfo& info) {
  info_ = info;
  own_ = info.format.starts_with("cel-");
  numbers_.begin(own_);
  as_it_was_ = info.format == kCborFormat && (options_.dialect.empty() || options_.dialect == info.dialect);
  array_ = !as_it_was_ && options_.dialect == "array";
  return as_it_was_ && !info.preamble.empty() ? sink_.write(info.preamble) : Status{};
}

Status CborWriter::write(const Record& record) {
  ++written_;
  if (!record.raw.empty()) {
    return sink_.write(record.raw);
  }
  if (auto encoded = encode(record); !encoded) {
    return encoded;
  }
  return sink_.write(out_);
}

Status CborWriter::finish() {
  if (array_) {
    Bytes head;
    append_cbor_head(head, CborMajor::array, written_);
    return sink_.write_first(head);
  }
  if (as_it_was_ && !info_.preamble.empty()) {
    const CborHead head = CborCursor(info_.preamble).next();
    if (head.kind == CborKind::array && head.number != written_) {
      return fail(ErrorKind::unsupported,
                  fmt::format("the array that was read has {} records and {} were written: the dialect sequence or "
                              "array holds any number",
                              head.number, written_));
    }
  }
  return {};
}

// Keys are in the order of their encodings: those of 24 and above come last.
Status CborWriter::encode(const Record& record) {
  constexpr std::uint8_t kFirstWideKey = 24;
  const auto index = index_of(record, info_, options_);
  if (!index) {
    return cannot_write(record, "CEL has no index for the record's register");
  }
  const auto number = numbers_.of(record);
  if (number.overflow) {
    return cannot_write(record, fmt::format("more than {} registers are not numbered", limits::kListedItems));
  }
  item_.clear();
  const auto content = append_cbor_content(item_, record);
  if (!content) {
    return cannot_write(record, "CEL has no content type for the record's content");
  }
  out_.clear();
  const auto integer = [this](std::uint64_t value) { append_cbor_head(out_, CborMajor::unsigned_integer, value); };
  const auto put_index = [&](bool wide) {
    if ((index->field >= kFirstWideKey) != wide) {
      return;
    }
    integer(index->field);
    if (index->field == kNamedField) {
      append_cbor_text(out_, index->name);
    } else {
      integer(index->number);
    }
  };
  constexpr std::uint64_t kMembers = 5;
  append_cbor_head(out_, CborMajor::map, kMembers);
  integer(kRecnumField);
  integer(*number.value);
  put_index(false);
  integer(kDigestsField);
  append_digests(out_, record);
  integer(kContentTypeKey);
  integer(*content);
  integer(kContentKey);
  const auto* extras = dynamic_cast<const CborExtras*>(record.extras.get());
  const Bytes& item = extras == nullptr || extras->content.empty() ? item_ : extras->content;
  out_.insert(out_.end(), item.begin(), item.end());
  put_index(true);
  return {};
}

void CborWriter::append_digests(Bytes& out, const Record& record) const {
  const auto digests = written_digests(record, own_);
  append_cbor_head(out, CborMajor::array, digests.size());
  for (const WrittenDigest& digest : digests) {
    append_cbor_head(out, CborMajor::map, 2);
    append_cbor_head(out, CborMajor::unsigned_integer, 0);
    append_cbor_head(out, CborMajor::unsigned_integer, static_cast<std::uint16_t>(digest.algorithm));
    append_cbor_head(out, CborMajor::unsigned_integer, 1);
    append_cbor_bytes(out, digest.value);
  }
}

}  // namespace

std::unique_ptr<Writer> make_cbor_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<CborWriter>(sink, options);
}

std::span<const std::string_view> cbor_dialects() {
  static constexpr std::array<std::string_view, 2> kDialects{"sequence", "array"};
  return kDialects;
}

}  // namespace mrtool::cel
