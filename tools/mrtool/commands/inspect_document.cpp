// mrtool.inspect/1 as JSON, YAML and lines of JSON.
#include <array>
#include <string>
#include <type_traits>

#include "lib/registers/names.hpp"
#include "tools/mrtool/commands/inspect_view.hpp"
#include "tools/mrtool/render/diagnostics.hpp"
#include "tools/mrtool/render/json_line.hpp"

namespace mrtool {
namespace {

constexpr std::string_view kSchema = "mrtool.inspect/1";

// What describes a record is a template over the writer: lines of JSON are written by the million, and there a call for
// every field would cost as much as the field. `Document`: DocumentWriter, or one of its kinds.

template <class Document>
void describe_bank(HashAlgorithm bank, Document& writer) {
  if (const HashAlgorithmRow* row = find_algorithm(bank)) {
    writer.text(row->name);
  } else {
    writer.text(to_string(bank));
  }
}

template <class Document>
void describe_digest(HashAlgorithm bank, ByteView value, const DigestJudgement& judgement, Document& writer) {
  writer.begin_object(Layout::line);
  writer.member("bank");
  describe_bank(bank, writer);
  writer.member("digest");
  writer.hex(value);
  writer.member("check");
  writer.text(to_string(judgement.check));
  writer.member("recipe");
  writer.text_or_null(judgement.recipe);
  writer.end_object();
}

// Lines of records. The first digests of a record are, but for their bytes, nearly always told as those of the record
// before, and the text around these is kept.
class RecordLines final : public JsonLineWriter {
 public:
  // `place`: in the record.
  void digest(std::size_t place, const DigestEntry& digest, const DigestJudgement& judgement) {
    if (place >= frames_.size()) {
      describe_digest(digest.algorithm, digest.value, judgement, *this);
      return;
    }
    Frame& frame = frames_[place];
    if (!frame.is_of(digest.algorithm, judgement)) {
      frame = Frame(digest.algorithm, judgement);
    }
    framed_hex(frame.before(), digest.value, frame.after());
  }

 private:
  class Frame {
   public:
    Frame() = default;
    Frame(HashAlgorithm bank, const DigestJudgement& judgement) : bank_(bank), judgement_(judgement) {
      JsonLineWriter writer;
      writer.begin_list();
      describe_digest(bank, {}, judgement, writer);
      text_ = writer.written().substr(1);
      digits_ = text_.find(R"("")") + 1;
    }
    // Recipes are static: those that begin at one place are one.
    bool is_of(HashAlgorithm bank, const DigestJudgement& judgement) const {
      return !text_.empty() && bank_ == bank && judgement_.check == judgement.check &&
             judgement_.recipe.data() == judgement.recipe.data() && judgement_.recipe.size() == judgement.recipe.size();
    }
    std::string_view before() const { return std::string_view(text_).substr(0, digits_); }
    std::string_view after() const { return std::string_view(text_).substr(digits_); }

   private:
    HashAlgorithm bank_ = HashAlgorithm::none;
    DigestJudgement judgement_;
    std::string text_;
    std::size_t digits_ = 0;  // where they belong in the text
  };

  static constexpr std::size_t kKept = 8;
  std::array<Frame, kKept> frames_;
};

template <class Document>
void describe_digests(const RecordView& view, Document& writer) {
  writer.begin_list();
  for (const std::size_t i : view.digests) {
    const DigestEntry& digest = view.record->digests[i];
    const DigestJudgement judgement = i < view.judgement.digests.size() ? view.judgement.digests[i] : DigestJudgement{};
    if constexpr (std::is_same_v<Document, RecordLines>) {
      writer.digest(i, digest, judgement);
    } else {
      describe_digest(digest.algorithm, digest.value, judgement, writer);
    }
  }
  writer.end_list();
}

template <class Document>
void describe_assertion(const std::optional<Assertion>& assertion, Document& writer) {
  if (!assertion) {
    writer.null();
    return;
  }
  writer.begin_object(Layout::line);
  writer.member("kind");
  writer.text(assertion->kind == AssertionKind::initial ? "initial" : "present");
  writer.member("bank");
  writer.text_or_null(assertion->bank == HashAlgorithm::none ? std::string() : to_string(assertion->bank));
  writer.member("value");
  writer.hex(assertion->value.view());
  writer.end_object();
}

template <class Document>
void describe_data(const RecordView& view, Document& writer) {
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
template <class Document>
void describe_covered(const RecordView& view, Document& writer) {
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

template <class Document>
void describe_identity(const RecordView& view, Document& writer) {
  const Record& record = *view.record;
  const bool people = writer.for_people();  // they have seen these in the heading
  if (!people) {
    writer.member("log");
    writer.count(view.log);
    writer.member("record");
    writer.count(record.number);
  }
  writer.member("offset");
  writer.count(record.offset);
  writer.member("length");
  writer.count(record.raw.size());
  if (!people) {
    writer.member("register");
    writer.text(to_string(record.reg));
  }
  writer.member("index");
  writer.count(record.raw_index);
  if (!people) {
    writer.member("type");
    writer.text(event_type_name(record));
  }
  writer.member("type_value");
  writer.number(Number{.value = record.type, .hex = true});
  writer.member("content");
  writer.text(to_string(record.content));
}

template <class Document>
void describe(const RecordView& view, Document& writer, bool raw) {
  const Record& record = *view.record;
  const bool people = writer.for_people();
  writer.begin_object();
  describe_identity(view, writer);
  writer.member("extends");
  writer.boolean(record.extends);
  if (!people || record.asserts) {
    writer.member("asserts");
    describe_assertion(record.asserts, writer);
  }
  writer.member("digests");
  describe_digests(view, writer);
  writer.member("kind");
  writer.text_or_null(view.decoded.kind);
  writer.member("summary");
  writer.text_or_null(view.decoded.summary);
  if (!people || !view.decoded.problem.empty()) {
    writer.member("problem");
    writer.text_or_null(view.decoded.problem);
  }
  writer.member("data");
  describe_data(view, writer);
  if (!people) {
    writer.member("covered");
    describe_covered(view, writer);
  }
  // People see the bytes where the decoded fields don't say it all.
  if (!people || view.decoded.fields.empty() || !view.decoded.problem.empty()) {
    writer.member("data_hex");
    writer.hex(record.data);
  }
  if (!record.suffix.empty()) {
    writer.member("suffix");
    writer.hex(record.suffix);
  }
  if (raw) {
    writer.member("raw");
    writer.hex(record.raw);
  }
  writer.end_object();
}

void describe_log(const LogSummary& log, DocumentWriter& writer) {
  writer.begin_object();
  writer.member("path");
  writer.text(log.path);
  writer.member("format");
  writer.text_or_null(log.info.format);
  writer.member("evidence");
  writer.text_or_null(log.info.evidence);
  writer.member("note");
  writer.text_or_null(log.note);
  writer.member("banks");
  writer.begin_list();
  for (const AlgorithmSize& bank : log.info.algorithms) {
    writer.text(to_string(bank.algorithm));
  }
  writer.end_list();
  writer.member("bytes");
  writer.count(log.bytes);
  writer.member("records");
  writer.count(log.records);
  writer.member("partial");
  writer.boolean(log.partial);
  writer.end_object();
}

void describe_logs(std::span<const LogSummary> logs, DocumentWriter& writer) {
  writer.member("logs");
  writer.begin_list();
  for (const LogSummary& log : logs) {
    describe_log(log, writer);
  }
  writer.end_list();
}

void describe_diagnostics(const std::vector<Diagnostic>& diagnostics, DocumentWriter& writer) {
  writer.member("diagnostics");
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
      writer_->member("schema");
      writer_->text(kSchema);
      writer_->member("records");
      writer_->begin_list();
    }
  }

  std::unique_ptr<DocumentWriter> writer_;
  InspectOptions options_;
  bool begun_ = false;
};

class ApartLines final : public ApartRenderer {
 public:
  explicit ApartLines(bool raw) : raw_(raw) {}

  void record(const RecordView& view) override {
    describe(view, writer_, raw_);
    ++records_;
  }
  Rendered rendered() const override { return {.text = writer_.written(), .records = records_}; }
  void clear() override {
    writer_.clear();
    records_ = 0;
  }

 private:
  RecordLines writer_;
  bool raw_;
  std::size_t records_ = 0;
};

class InspectLines final : public InspectRenderer {
 public:
  InspectLines(std::string& out, const InspectOptions& options)
      : writer_(make_json_writer(out, true)), options_(options) {}

  void begin_log(std::size_t /*log*/, const LogInfo& /*info*/, std::span<const LogSummary> logs) override {
    begin(logs);
  }

  std::unique_ptr<ApartRenderer> make_apart() const override { return std::make_unique<ApartLines>(options_.raw); }
  void rendered(const ApartRenderer::Rendered& rendered) override { records_ += rendered.records; }

  void finish(std::span<const LogSummary> logs, const std::vector<Diagnostic>& diagnostics) override {
    begin(logs);
    bool partial = false;
    for (const LogSummary& log : logs) {
      partial = partial || log.partial;
    }
    writer_->begin_object();
    describe_logs(logs, *writer_);
    describe_diagnostics(diagnostics, *writer_);
    writer_->member("records");
    writer_->count(records_);
    writer_->member("partial");
    writer_->boolean(partial);
    writer_->end_object();
  }

 private:
  void begin(std::span<const LogSummary> logs) {
    if (!begun_) {
      begun_ = true;
      writer_->begin_object();
      writer_->member("schema");
      writer_->text(kSchema);
      describe_logs(logs, *writer_);
      writer_->end_object();
    }
  }

  std::unique_ptr<DocumentWriter> writer_;
  InspectOptions options_;
  std::uint64_t records_ = 0;
  bool begun_ = false;
};

}  // namespace

void describe_record(const RecordView& view, DocumentWriter& writer, bool raw) {
  describe(view, writer, raw);
}

std::unique_ptr<InspectRenderer> make_inspect_document(std::unique_ptr<DocumentWriter> writer,
                                                       const InspectOptions& options) {
  return std::make_unique<InspectDocument>(std::move(writer), options);
}

std::unique_ptr<InspectRenderer> make_inspect_ndjson(std::string& out, const InspectOptions& options) {
  return std::make_unique<InspectLines>(out, options);
}

}  // namespace mrtool
