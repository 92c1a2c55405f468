#include "lib/verify/record_findings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/content/pcclient.hpp"
#include "lib/content/tsm_line.hpp"
#include "lib/registers/names.hpp"

namespace mrtool {

namespace {

// Ones are the hash of nothing that anybody knows: IMA extends them where it measured a file that was open for writing.
bool extends_like_violation(const Record& record) {
  constexpr std::uint8_t kOnes = 0xFF;
  constexpr std::size_t kLeast = 20;  // a list of SHA-1 digests has zeros behind these in wider banks
  return record.extends && std::ranges::any_of(record.digests, [](const DigestEntry& entry) {
           return entry.origin != DigestOrigin::alternative && entry.value.size() >= kLeast &&
                  all_equal_to(entry.value.first(kLeast), kOnes);
         });
}

// Measured, by its digests, into what cannot be extended, so that no value vouches for it.
bool has_no_register(const Record& record) {
  const bool unmeasured = record.content == ContentType::pcclient && record.type == pcclient::kNoAction;
  return !unmeasured && record.reg.kind != RegisterKind::none && !can_hold_records(record.reg) &&
         std::ranges::any_of(record.digests, [](const DigestEntry& entry) { return !all_equal_to(entry.value, 0); });
}

}  // namespace

void RecordFindings::note(const JudgedRecord& record, HashAlgorithm bank, std::string_view code, std::string message,
                          Verdict effect) {
  if (++held_.noted[{record.log, std::string(code), bank}] > kListed) {
    return;
  }
  held_.findings.push_back({.severity = effect == Verdict::fail ? Severity::error : Severity::warning,
                            .effect = effect,
                            .code = std::string(code),
                            .log = record.log,
                            .record = record.record->number,
                            .offset = record.record->offset,
                            .reg = record.record->reg,
                            .bank = bank,
                            .message = std::move(message)});
}

void RecordFindings::add_violation(const JudgedRecord& judged, std::string message) {
  ++held_.violations;
  note(judged, HashAlgorithm::none, "ima-violation", std::move(message));
}

void RecordFindings::add_ima(const JudgedRecord& judged, const Record& record) {
  held_.saw_ima = true;
  if (record.violation || extends_like_violation(record)) {
    add_violation(judged, fmt::format("a file was open for writing while it was measured: {}",
                                      decode(record, *judged.info).summary));
  }
  const auto stated = ima::boot_aggregate_of(record, judged.info->byte_order);
  if (stated && held_.boot_aggregates.size() < kBootAggregates) {
    held_.boot_aggregates.push_back(
        {.log = judged.log, .record = record.number, .offset = record.offset, .stated = *stated});
  }
  if (!stated && held_.first_entry_of_log) {
    held_.without_boot_aggregate.push_back(judged.log);
  }
  held_.first_entry_of_log = false;
}

void RecordFindings::add(const JudgedRecord& judged) {
  const Record& record = *judged.record;
  for (std::size_t i = 0; i < judged.judgement->digests.size() && i < record.digests.size(); ++i) {
    const HashAlgorithm bank = record.digests[i].algorithm;
    switch (judged.judgement->digests[i].check) {
      case Check::matches:
        ++held_.digests[bank].matches;
        break;
      case Check::unverifiable:
        ++held_.digests[bank].unverifiable;
        break;
      case Check::differs:
        ++held_.digests[bank].differs;
        note(judged, bank, "digest-differs", digest_differs(record, bank));
        break;
      case Check::none:
        break;
    }
  }
  if (has_no_register(record)) {
    note(judged, HashAlgorithm::none, "no-register",
         fmt::format("a measured record is about {} (index {}), which cannot be extended: nothing vouches for it",
                     to_string(record.reg), record.raw_index),
         Verdict::inconclusive);
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
  if (record.content != ContentType::ima_template && extends_like_violation(record)) {
    add_violation(judged, fmt::format("record {} extends {} as IMA does for a violation, and is no entry of a list",
                                      record.number, to_string(record.reg)));
  }
}

}  // namespace mrtool
