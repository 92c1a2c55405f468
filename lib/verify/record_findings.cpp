#include "lib/verify/record_findings.hpp"

#include <fmt/format.h>

#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

void RecordFindings::note(const JudgedRecord& record, HashAlgorithm bank, std::string_view code, std::string message) {
  if (++noted_[{record.log, code, bank}] > kListed) {
    return;
  }
  findings_.push_back({.severity = Severity::error,
                       .effect = Verdict::fail,
                       .code = std::string(code),
                       .log = record.log,
                       .record = record.record->number,
                       .offset = record.record->offset,
                       .reg = record.record->reg,
                       .bank = bank,
                       .message = std::move(message)});
}

void RecordFindings::add_ima(const JudgedRecord& judged, const Record& record) {
  saw_ima_ = true;
  if (record.violation) {
    ++violations_;
    note(judged, HashAlgorithm::none, "ima-violation",
         fmt::format("a file was open for writing while it was measured: {}", decode(record, *judged.info).summary));
  }
  const auto stated = ima::boot_aggregate_of(record, judged.info->byte_order);
  if (stated && boot_aggregates_.size() < kBootAggregates) {
    boot_aggregates_.push_back(
        {.log = judged.log, .record = record.number, .offset = record.offset, .stated = *stated});
  }
  if (!stated && first_of_log_) {
    without_boot_aggregate_.push_back(judged.log);
  }
}

void RecordFindings::add(const JudgedRecord& judged) {
  const Record& record = *judged.record;
  for (std::size_t i = 0; i < judged.judgement->digests.size() && i < record.digests.size(); ++i) {
    const HashAlgorithm bank = record.digests[i].algorithm;
    switch (judged.judgement->digests[i].check) {
      case Check::matches:
        ++digests_[bank].matches;
        break;
      case Check::unverifiable:
        ++digests_[bank].unverifiable;
        break;
      case Check::differs:
        ++digests_[bank].differs;
        note(judged, bank, "digest-differs",
             fmt::format("the {} digest of this {} is not the hash of its content", to_string(bank),
                         event_type_name(record)));
        break;
      case Check::none:
        break;
    }
  }
  if (judged.judgement->error_separator) {
    note(judged, HashAlgorithm::none, "error-separator",
         fmt::format("the firmware reports here that a measurement into {} failed", to_string(record.reg)));
  }
  if (record.content == ContentType::ima_template) {
    add_ima(judged, record);
  } else if (record.content == ContentType::tsm) {
    if (const auto entry = tsm::parse_ima_entry(as_text(record.data))) {
      add_ima(judged, entry->record(record));
    }
  }
  first_of_log_ = false;
}

}  // namespace mrtool
