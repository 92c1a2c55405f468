// mrtool.inspect/1 as JSON, YAML and lines of JSON.
#include "lib/registers/names.hpp"
#include "tools/mrtool/commands/inspect_view.hpp"
#include "tools/mrtool/render/diagnostics.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kSchema = "mrtool.inspect/1";

void describe_digests(const RecordView& view, DocumentWriter& writer) {
  writer.begin_list();
  for (const std::size_t i : view.digests) {
    const DigestEntry& digest = view.record->digests[i];
    const DigestJudgement judgement = i < view.judgement.digests.size() ? view.judgement.digests[i] : DigestJudgement{};
    writer.begin_object(Layout::line);
    writer.key("bank");
    writer.text(to_string(digest.algorithm));
    writer.key("digest");
    writer.hex(digest.value);
    writer.key("check");
    writer.text(to_string(judgement.check));
    writer.key("recipe");
    writer.text_or_null(judgement.recipe);
    writer.end_object();
  }
  writer.end_list();
}

void describe_assertion(const std::optional<Assertion>& assertion, DocumentWriter& writer) {
  if (!assertion) {
    writer.null();
    return;
  }
  writer.begin_object(Layout::line);
  writer.key("kind");
  writer.text(assertion->kind == AssertionKind::initial ? "initial" : "present");
  writer.key("bank");
  writer.text_or_null(assertion->bank == HashAlgorithm::none ? std::string() : to_string(assertion->bank));
  writer.key("value");
  writer.hex(assertion->value.view());
  writer.end_object();
}

void describe_data(const RecordView& view, DocumentWriter& writer) {
  if (view.decoded.fields.empty()) {
    writer.null();
    return;
  }
  UniqueNames names;
  writer.begin_object();
  for (const Field& field : view.decoded.fields) {
    const bool covered = view.judgement.covered && view.judgement.covered->contains(field.range);
    writer.key(names.unique(field.name), covered);
    writer.value(field.value);
  }
  writer.end_object();
}

// The names as describe_data gives them.
void describe_covered(const RecordView& view, DocumentWriter& writer) {
  UniqueNames names;
  writer.begin_list();
  for (const Field& field : view.decoded.fields) {
    const std::string_view name = names.unique(field.name);
    if (view.judgement.covered && view.judgement.covered->contains(field.range)) {
      writer.text(name);
    }
  }
  writer.end_list();
}

void describe_identity(const RecordView& view, DocumentWriter& writer) {
  const Record& record = *view.record;
  const bool people = writer.for_people();  // they have seen these in the heading
  if (!people) {
    writer.key("log");
    writer.count(view.log);
    writer.key("record");
    writer.count(record.number);
  }
  writer.key("offset");
  writer.count(record.offset);
  writer.key("length");
  writer.count(record.raw.size());
  if (!people) {
    writer.key("register");
    writer.text(to_string(record.reg));
  }
  writer.key("index");
  writer.count(record.raw_index);
  if (!people) {
    writer.key("type");
    writer.text(event_type_name(record));
  }
  writer.key("type_value");
  writer.number(Number{.value = record.type, .hex = true});
  writer.key("content");
  writer.text(to_string(record.content));
}

void describe_log(const LogSummary& log, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("path");
  writer.text(log.path);
  writer.key("format");
  writer.text_or_null(log.info.format);
  writer.key("evidence");
  writer.text_or_null(log.info.evidence);
  writer.key("note");
  writer.text_or_null(log.note);
  writer.key("banks");
  writer.begin_list();
  for (const AlgorithmSize& bank : log.info.algorithms) {
    writer.text(to_string(bank.algorithm));
  }
  writer.end_list();
  writer.key("bytes");
  writer.count(log.bytes);
  writer.key("records");
  writer.count(log.records);
  writer.key("partial");
  writer.boolean(log.partial);
  writer.end_object();
}

void describe_logs(std::span<const LogSummary> logs, DocumentWriter& writer) {
  writer.key("logs");
  writer.begin_list();
  for (const LogSummary& log : logs) {
    describe_log(log, writer);
  }
  writer.end_list();
}

void describe_diagnostics(const std::vector<Diagnostic>& diagnostics, DocumentWriter& writer) {
  writer.key("diagnostics");
  writer.begin_list();
  for (const Diagnostic& diagnostic : diagnostics) {
    describe_diagnostic(diagnostic, writer);
  }
  writer.end_list();
}

class InspectDocument final : public InspectRenderer {
 public:
  InspectDocument(std::unique_ptr<DocumentWriter> writer, const InspectOptions& options)
      : writer_(std::move(writer)), options_(options) {}

  void begin_log(std::size_t /*log*/, const LogInfo& /*info*/, std::span<const LogSummary> /*logs*/) override {
    begin();
  }

  void record(const RecordView& view) override { describe_record(view, *writer_, options_.raw); }

  void finish(std::span<const LogSummary> logs, const std::vector<Diagnostic>& diagnostics) override {
    begin();
    writer_->end_list();
    describe_logs(logs, *writer_);
    describe_diagnostics(diagnostics, *writer_);
    writer_->end_object();
  }

 private:
  void begin() {
    if (!begun_) {
      begun_ = true;
      writer_->begin_object();
      writer_->key("schema");
      writer_->text(kSchema);
      writer_->key("records");
      writer_->begin_list();
    }
  }

  std::unique_ptr<DocumentWriter> writer_;
  InspectOptions options_;
  bool begun_ = false;
};

class InspectLines final : public InspectRenderer {
 public:
  InspectLines(std::string& out, const InspectOptions& options)
      : out_(out), writer_(make_json_writer(out, true)), options_(options) {}

  void begin_log(std::size_t /*log*/, const LogInfo& /*info*/, std::span<const LogSummary> logs) override {
    begin(logs);
  }

  void record(const RecordView& view) override {
    describe_record(view, *writer_, options_.raw);
    ++records_;
  }

  bool renders_apart() const override { return true; }
  void render(std::span<const RecordView> views, std::string& out) const override {
    const auto writer = make_json_writer(out, true);
    for (const RecordView& view : views) {
      describe_record(view, *writer, options_.raw);
    }
  }
  void rendered(std::string_view text, std::size_t records) override {
    out_ += text;
    records_ += records;
  }

  void finish(std::span<const LogSummary> logs, const std::vector<Diagnostic>& diagnostics) override {
    begin(logs);
    bool partial = false;
    for (const LogSummary& log : logs) {
      partial = partial || log.partial;
    }
    writer_->begin_object();
    describe_logs(logs, *writer_);
    describe_diagnostics(diagnostics, *writer_);
    writer_->key("records");
    writer_->count(records_);
    writer_->key("partial");
    writer_->boolean(partial);
    writer_->end_object();
  }

 private:
  void begin(std::span<const LogSummary> logs) {
    if (!begun_) {
      begun_ = true;
      writer_->begin_object();
      writer_->key("schema");
      writer_->text(kSchema);
      describe_logs(logs, *writer_);
      writer_->end_object();
    }
  }

  std::string& out_;
  std::unique_ptr<DocumentWriter> writer_;
  InspectOptions options_;
  std::uint64_t records_ = 0;
  bool begun_ = false;
};

}  // namespace

void describe_record(const RecordView& view, DocumentWriter& writer, bool raw) {
  const Record& record = *view.record;
  const bool people = writer.for_people();
  writer.begin_object();
  describe_identity(view, writer);
  writer.key("extends");
  writer.boolean(record.extends);
  if (!people || record.asserts) {
    writer.key("asserts");
    describe_assertion(record.asserts, writer);
  }
  writer.key("digests");
  describe_digests(view, writer);
  writer.key("kind");
  writer.text_or_null(view.decoded.kind);
  writer.key("summary");
  writer.text_or_null(view.decoded.summary);
  if (!people || !view.decoded.problem.empty()) {
    writer.key("problem");
    writer.text_or_null(view.decoded.problem);
  }
  writer.key("data");
  describe_data(view, writer);
  if (!people) {
    writer.key("covered");
    describe_covered(view, writer);
  }
  // People see the bytes where the decoded fields don't say it all.
  if (!people || view.decoded.fields.empty() || !view.decoded.problem.empty()) {
    writer.key("data_hex");
    writer.hex(record.data);
  }
  if (!record.suffix.empty()) {
    writer.key("suffix");
    writer.hex(record.suffix);
  }
  if (raw) {
    writer.key("raw");
    writer.hex(record.raw);
  }
  writer.end_object();
}

std::unique_ptr<InspectRenderer> make_inspect_document(std::unique_ptr<DocumentWriter> writer,
                                                       const InspectOptions& options) {
  return std::make_unique<InspectDocument>(std::move(writer), options);
}

std::unique_ptr<InspectRenderer> make_inspect_ndjson(std::string& out, const InspectOptions& options) {
  return std::make_unique<InspectLines>(out, options);
}

}  // namespace mrtool
