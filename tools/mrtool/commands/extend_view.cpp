#include "tools/mrtool/commands/extend_view.hpp"

#include <fmt/format.h>

#include <iterator>

#include "lib/registers/names.hpp"

namespace mrtool {
namespace {

void describe_banks(const extend::Extended* event, DocumentWriter& writer) {
  writer.begin_list();
  for (const extend::Extended::Bank& bank : event == nullptr ? std::vector<extend::Extended::Bank>() : event->banks) {
    writer.begin_object();
    writer.key("bank");
    writer.text(to_string(bank.bank));
    writer.key("digest");
    writer.hex(bank.digest.view());
    writer.key("before");
    writer.hex(bank.before.view());
    writer.key("after");
    writer.hex(bank.after.view());
    writer.end_object();
  }
  writer.end_list();
}

void describe_recovery(const extend::RecoveryReport* recovered, DocumentWriter& writer) {
  if (recovered == nullptr) {
    writer.null();
    return;
  }
  writer.begin_object();
  writer.key("recovery");
  writer.text(extend::to_string(recovered->recovery));
  writer.key("extended");
  writer.count(recovered->extended);
  writer.key("lost");
  writer.count(recovered->lost);
  writer.key("message");
  writer.text_or_null(recovered->message);
  writer.end_object();
}

}  // namespace

void describe_extend(const ExtendView& view, DocumentWriter& writer) {
  writer.begin_object();
  writer.key("schema");
  writer.text("mrtool.extend/1");
  writer.key("register");
  writer.text(to_string(view.measurer.target().reg()));
  writer.key("backend");
  writer.text(view.measurer.target().backend());
  writer.key("banks");
  describe_banks(view.event, writer);
  writer.key("log");
  writer.begin_object();
  writer.key("path");
  writer.text(view.measurer.log_path());
  writer.key("format");
  writer.text(view.measurer.log_format());
  writer.key("record");
  if (view.event == nullptr) {
    writer.null();
  } else {
    writer.count(view.event->record);
  }
  writer.end_object();
  writer.key("recovered");
  describe_recovery(view.recovered, writer);
  writer.end_object();
}

std::string extend_sentence(const Measurer& measurer, const extend::Extended& event) {
  std::string sentence =
      fmt::format("{}: record {} of {}", to_string(measurer.target().reg()), event.record, measurer.log_path());
  for (const extend::Extended::Bank& bank : event.banks) {
    fmt::format_to(std::back_inserter(sentence), "{} {} {}", &bank == &event.banks.front() ? ":" : ",",
                   to_string(bank.bank), bank.digest.hex());
  }
  return sentence + (event.banks.empty() ? ": not measured" : "");
}

}  // namespace mrtool
