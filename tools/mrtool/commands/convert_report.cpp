#include "tools/mrtool/commands/convert_report.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "tools/mrtool/output.hpp"
#include "tools/mrtool/render/document.hpp"

namespace mrtool {
namespace {

void describe_loss(const Loss& loss, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("log");
  writer.count(loss.log);
  writer.key("record");
  writer.count(loss.record);
  writer.key("field");
  writer.text(loss.field);
  writer.key("reason");
  writer.text(loss.reason);
  writer.end_object();
}

// Losses in a row that are told as one.
struct Run {
  Loss first;
  std::uint64_t last = 0;

  bool goes_on_with(const Loss& loss) const {
    return loss.log == first.log && loss.record == last + 1 && loss.field == first.field && loss.reason == first.reason;
  }
  Diagnostic diagnostic() const {
    const std::uint64_t count = last - first.record + 1;
    const std::string what = count == 1 ? fmt::format("{} lost", first.field)
                                        : fmt::format("{} lost, and so in the next {} records", first.field, count - 1);
    return {.severity = Severity::error,
            .code = "lost",
            .log = first.log,
            .record = first.record,
            .offset = {},
            .message = fmt::format("{}: {}", what, first.reason)};
  }
};

}  // namespace

Status write_loss_report(const std::string& path, const Conversion& conversion, const ConvertResult& result,
                         const LogChain& chain, std::string_view to) {
  MRTOOL_TRY(file, FileOutput::create(path));
  const auto writer = make_json_writer(file->buffer(), false);
  writer->begin_object();
  writer->key("schema");
  writer->text("mrtool.loss/1");
  writer->key("from");
  writer->begin_list();
  for (const LogSummary& log : chain.logs()) {
    writer->text(log.info.format);
  }
  writer->end_list();
  writer->key("to");
  writer->text(to);
  writer->key("records");
  writer->count(result.records);
  writer->key("native");
  writer->count(result.native);
  writer->key("encapsulated");
  writer->count(result.encapsulated);
  writer->key("lost");
  writer->begin_list();
  const Status told = conversion.losses().for_each([&](const Loss& loss) {
    describe_loss(loss, *writer);
    file->settle();
  });
  if (!told) {
    return told;
  }
  writer->end_list();
  writer->end_object();
  return file->commit();
}

Status tell_losses(const Conversion& conversion, const LogChain& chain, Session& session) {
  std::optional<Run> run;
  const Status told = conversion.losses().for_each([&](const Loss& loss) {
    if (run && run->goes_on_with(loss)) {
      run->last = loss.record;
      return;
    }
    if (run) {
      session.tell(run->diagnostic(), chain);
    }
    run = Run{.first = loss, .last = loss.record};
  });
  if (run) {
    session.tell(run->diagnostic(), chain);
  }
  return told;
}

Status note_losses(const Conversion& conversion, const LogChain& chain, Session& session) {
  std::map<std::size_t, std::uint64_t> records;  // that lose something, of each log
  const Status told = conversion.losses().for_each([&](const Loss& loss) { ++records[loss.log]; });
  for (const auto& [log, count] : records) {
    session.diagnostics().add({.severity = Severity::warning,
                               .code = "lost",
                               .log = log,
                               .record = {},
                               .offset = {},
                               .message = fmt::format("{} of {} records lose something, as --allow-loss allows", count,
                                                      chain.logs()[log].records)});
  }
  return told;
}

}  // namespace mrtool
