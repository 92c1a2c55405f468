#include <fmt/format.h>

#include "formats/cel/model.hpp"
#include "formats/cel/numbering.hpp"
#include "formats/cel/tlv.hpp"
#include "lib/base/limits.hpp"
#include "lib/content/cel_element.hpp"

namespace mrtool::cel {
namespace {

class TlvWriter final : public Writer {
 public:
  TlvWriter(ByteSink& sink, const WriteOptions& options) : sink_(sink), options_(options) {}

  Status begin(const LogInfo& info) override {
    info_ = info;
    own_ = info.format.starts_with("cel-");
    numbers_.begin(own_);
    return {};
  }
  Status write(const Record& record) override {
    if (!record.raw.empty()) {
      return sink_.write(record.raw);
    }
    out_.clear();
    if (auto encoded = encode(record); !encoded) {
      return encoded;
    }
    return sink_.write(out_);
  }
  Status trailing(ByteView bytes) override {
    return info_.format == kTlvFormat && !bytes.empty() ? sink_.write(bytes) : Status{};
  }
  Status finish() override { return {}; }

 private:
  // Each appends to out_.
  Status encode(const Record& record);
  Status encode_digests(const Record& record);
  Status encode_content(const Record& record, const TlvWidths& widths);

  ByteSink& sink_;
  WriteOptions options_;
  LogInfo info_;
  bool own_ = false;
  WrittenNumbers numbers_{false};
  Bytes out_;  // a record at a time
};

Status TlvWriter::encode(const Record& record) {
  const auto* extras = dynamic_cast<const TlvExtras*>(record.extras.get());
  // A dialect that was asked for rules over the widths that the record had.
  const bool as_it_was = extras != nullptr && options_.dialect.empty();
  const TlvWidths widths = as_it_was ? extras->widths : widths_of_dialect(options_.dialect);
  const auto index = index_of(record, info_, options_);
  if (!index) {
    return cannot_write(record, "CEL has no index for the record's register");
  }
  const auto number = numbers_.of(record);
  if (number.overflow) {
    return cannot_write(record, fmt::format("more than {} registers are not numbered", limits::kListedItems));
  }
  append_cel_integer(out_, kRecnumField, *number.value, widths.recnum);
  if (index->field == kNamedField) {
    append_cel_element(out_, kNamedField, as_bytes(index->name));
  } else {
    append_cel_integer(out_, index->field, index->number, widths.index);
  }
  if (auto encoded = encode_digests(record); !encoded) {
    return encoded;
  }
  if (extras != nullptr && !extras->content.empty()) {
    out_.insert(out_.end(), extras->content.begin(), extras->content.end());
    return {};
  }
  return encode_content(record, widths);
}

Status TlvWriter::encode_digests(const Record& record) {
  constexpr std::uint16_t kWidestAlgorithm = 0xFF;
  const std::size_t begin = begin_cel_element(out_, kDigestsField);
  for (const WrittenDigest& digest : written_digests(record, own_)) {
    const auto algorithm = static_cast<std::uint16_t>(digest.algorithm);
    if (algorithm > kWidestAlgorithm) {
      return cannot_write(record, fmt::format("CEL-TLV has no number for algorithm {}", to_string(digest.algorithm)));
    }
    append_cel_element(out_, static_cast<std::uint8_t>(algorithm), digest.value);
  }
  end_cel_element(out_, begin);
  return {};
}

Status TlvWriter::encode_content(const Record& record, const TlvWidths& widths) {
  std::size_t begin = 0;
  if (record.content == ContentType::pcclient) {
    begin = begin_cel_element(out_, static_cast<std::uint8_t>(kPcclient));
    append_cel_integer(out_, 0, record.type, widths.event_type);
    append_cel_element(out_, 1, record.data);
  } else if (record.content == ContentType::ima_template) {
    begin = begin_cel_element(out_, static_cast<std::uint8_t>(kImaTemplate));
    append_cel_element(out_, 0, record.name);
    append_cel_element(out_, 1, record.data);
  } else if (const auto raw = raw_content(record)) {
    begin = begin_cel_element(out_, static_cast<std::uint8_t>(raw->number));
    out_.insert(out_.end(), raw->value.begin(), raw->value.end());
  } else {
    return cannot_write(record, "CEL has no content type for the record's content");
  }
  if (const std::size_t size = end_cel_element(out_, begin); size > limits::kRecordBytes) {
    return cannot_write(record,
                        fmt::format("expected at most {} bytes of content, found {}", limits::kRecordBytes, size));
  }
  return {};
}

}  // namespace

std::unique_ptr<Writer> make_tlv_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<TlvWriter>(sink, options);
}

}  // namespace mrtool::cel
