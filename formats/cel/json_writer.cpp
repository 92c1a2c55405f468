#include <fmt/format.h>

#include "formats/cel/json.hpp"
#include "formats/cel/json_layout.hpp"
#include "formats/cel/json_style.hpp"
#include "formats/cel/model.hpp"
#include "formats/cel/numbering.hpp"
#include "lib/base/limits.hpp"

namespace mrtool::cel {
namespace {

class JsonWriter final : public Writer {
 public:
  JsonWriter(ByteSink& sink, const WriteOptions& options) : sink_(sink), options_(options) {}

  Status begin(const LogInfo& info) override {
    info_ = info;
    as_it_was_ = info.format == kJsonFormat && (options_.dialect.empty() || options_.dialect == info.dialect);
    in_array_ = !as_it_was_ || !info.preamble.empty();
    numbers_.begin(info.format.starts_with("cel-"));
    return put(as_it_was_ ? as_text(info.preamble) : std::string_view("["));
  }
  Status write(const Record& record) override;
  Status trailing(ByteView bytes) override { return as_it_was_ ? put(as_text(bytes)) : Status{}; }
  Status finish() override {
    if (as_it_was_) {
      return {};
    }
    return put(written_ == 0 ? "]\n" : "\n]\n");
  }

 private:
  Status put(std::string_view text) { return text.empty() ? Status{} : sink_.write(as_bytes(text)); }

  ByteSink& sink_;
  WriteOptions options_;
  LogInfo info_;
  bool as_it_was_ = false;  // the log keeps its beginning and its end
  bool in_array_ = true;
  std::uint64_t written_ = 0;
  TextBuffer text_;  // of a record at a time
  WrittenNumbers numbers_{true};
};

Status JsonWriter::write(const Record& record) {
  const bool first = written_++ == 0;
  if (!record.raw.empty()) {
    return put(as_text(record.raw));
  }
  if (as_it_was_) {
    if (const auto text = fill_layout(record)) {
      return put(*text);
    }
  }
  const auto number = numbers_.of(record);
  if (number.overflow) {
    return cannot_write(record, fmt::format("more than {} registers are not numbered", limits::kListedItems));
  }
  const bool counts_all = !as_it_was_ && json_style(options_.dialect).counts_all;
  text_.clear();
  text_.put(!in_array_ ? "" : first ? "\n" : ",\n");
  if (!put_json(text_, record, info_, options_, counts_all ? written_ : number.value)) {
    return cannot_write(record, "CEL-JSON has no name for the record's register or content");
  }
  text_.put(in_array_ ? "" : "\n");
  return put(text_.written());
}

}  // namespace

std::unique_ptr<Writer> make_json_writer(ByteSink& sink, const WriteOptions& options) {
  return std::make_unique<JsonWriter>(sink, options);
}

}  // namespace mrtool::cel
