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
    MRTOOL_TRY(bytes, encode(record));
    return sink_.write(bytes);
  }
  Status trailing(ByteView bytes) override {
    return info_.format == kTlvFormat && !bytes.empty() ? sink_.write(bytes) : Status{};
  }
  Status finish() override { return {}; }

 private:
  Result<Bytes> encode(const Record& record);
  Result<Bytes> encode_digests(const Record& record) const;
  static Result<Bytes> encode_content(const Record& record, const TlvWidths& widths);

  ByteSink& sink_;
  WriteOptions options_;
  LogInfo info_;
  bool own_ = false;
  WrittenNumbers numbers_{false};
};

Result<Bytes> TlvWriter::encode(const Record& record) {
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
  Bytes out;
  append_cel_integer(out, kRecnumField, *number.value, widths.recnum);
  if (index->field == kNamedField) {
    append_cel_element(out, kNamedField, as_bytes(index->name));
  } else {
    append_cel_integer(out, index->field, index->number, widths.index);
  }
  MRTOOL_TRY(digests, encode_digests(record));
  append_cel_element(out, kDigestsField, digests);
  if (extras != nullptr && !extras->content.empty()) {
    out.insert(out.end(), extras->content.begin(), extras->content.end());
    return out;
  }
  MRTOOL_TRY(content, encode_content(record, widths));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Result<Bytes> TlvWriter::encode_digests(const Record& record) const {
  constexpr std::uint16_t kWidestAlgorithm = 0xFF;
  Bytes out;
  for (const WrittenDigest& digest : written_digests(record, own_)) {
    const auto algorithm = static_cast<std::uint16_t>(digest.algorithm);
    if (algorithm > kWidestAlgorithm) {
      return cannot_write(record, fmt::format("CEL-TLV has no number for algorithm {}", to_string(digest.algorithm)));
    }
    append_cel_element(out, static_cast<std::uint8_t>(algorithm), digest.value);
  }
  return out;
}

Result<Bytes> TlvWriter::encode_content(const Record& record, const TlvWidths& widths) {
  Bytes value;
  std::uint32_t number = 0;
  if (record.content == ContentType::pcclient) {
    number = kPcclient;
    append_cel_integer(value, 0, record.type, widths.event_type);
    append_cel_element(value, 1, record.data);
  } else if (record.content == ContentType::ima_template) {
    number = kImaTemplate;
    append_cel_element(value, 0, record.name);
    append_cel_element(value, 1, record.data);
  } else if (auto raw = raw_content(record)) {
    number = raw->number;
    value = std::move(raw->value);
  } else {
    return cannot_write(record, "CEL has no content type for the record's content");
  }
  if (value.size() > limits::kRecordBytes) {
    return cannot_write(
        record, fmt::format("expected at most {} bytes of content, found {}", limits::kRecordBytes, value.size()));
  }
  Bytes out;
  append_cel_element(out, static_cast<std::uint8_t>(number), value);
  return out;
}

}  // namespace

std::unique_ptr<Writer> make_tlv_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<TlvWriter>(sink, options);
}

}  // namespace mrtool::cel
