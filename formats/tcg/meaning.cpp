#include "formats/tcg/meaning.hpp"

#include <fmt/core.h>

#include <bit>
#include <utility>

#include "formats/tcg/spec_id.hpp"
#include "lib/content/value_mark.hpp"
#include "lib/registers/names.hpp"

namespace mrtool::tcg {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kStartupLocality = "StartupLocality\0"sv;
constexpr std::size_t kStartupLocalityBytes = 17;
constexpr std::uint32_t kHcrtmEvent = 0x80000010;  // EV_EFI_HCRTM_EVENT
constexpr std::uint8_t kHcrtmLocality = 4;

bool is_pcr0(const Record& record) {
  return record.reg.kind == RegisterKind::pcr && record.reg.index == 0;
}

bool can_be_extended(const Register& reg) {
  return reg.kind == RegisterKind::pcr || reg.kind == RegisterKind::rtmr || reg.kind == RegisterKind::rem;
}

Assertion initial_locality(std::uint8_t locality) {
  return {.kind = AssertionKind::initial, .bank = HashAlgorithm::none, .value = Digest(ByteView(&locality, 1))};
}

}  // namespace

RecordMeaning::RecordMeaning(Setup setup, QuirkReport& report)
    : setup_(std::move(setup)), report_(report), pcr0_extended_(setup_.continues_another_log) {
  for (std::uint32_t i = 0; i < registers_.size(); ++i) {
    registers_[i] = register_from_index(i, setup_.platform, setup_.mr_indexed);
  }
  for (std::size_t i = 0; i < setup_.algorithms.size(); ++i) {
    all_banks_ |= std::uint64_t{1} << i;
  }
}

void RecordMeaning::apply(Record& record, const Frame& frame) {
  record.content = ContentType::pcclient;
  record.reg = record.raw_index < registers_.size()
                   ? registers_[record.raw_index]
                   : register_from_index(record.raw_index, setup_.platform, setup_.mr_indexed);
  if (frame.duplicate) {
    report_.add(QuirkId::duplicate_digest, record.number, record.offset,
                [] { return std::string("the record has two digests of one algorithm; the first one counts"); });
  }
  if (frame.disordered) {
    disordered_.count(record);
  }
  if (record.type == kNoAction) {
    apply_no_action(record);
  } else {
    apply_extending(record, frame);
  }
  if (record.extends) {
    count_banks(record, frame);
    pcr0_extended_ = pcr0_extended_ || is_pcr0(record);
  }
}

void RecordMeaning::apply_no_action(Record& record) {
  if (setup_.has_spec_id && record.number == 0) {
    return;
  }
  if (record.reg.kind == RegisterKind::none) {
    report_.add(QuirkId::windows_trailer, record.number, record.offset,
                [] { return std::string("the record has index FFFFFFFF and is about no register"); });
  } else if (setup_.mr_indexed && record.raw_index == 0) {
    report_.add(QuirkId::cc_no_action, record.number, record.offset,
                [] { return std::string("an informational record has measurement register index 0"); });
  } else if (record.reg.kind == RegisterKind::nv) {
    // Such records have the type of those that extend nothing so that PCR replay passes over them; their digests are
    // real and go into the NV index (PFP 1.06, section 10.4.5.3).
    record.extends = true;
    report_.add(QuirkId::nv_index_record, record.number, record.offset, [&] {
      return fmt::format("the index is the NV handle 0x{:08x}, which the digests are extended into", record.raw_index);
    });
  }
  if (const auto mark = pcclient::parse_value_mark(record.type, record.data); mark && can_be_extended(record.reg)) {
    record.asserts = Assertion{.kind = AssertionKind::present, .bank = mark->algorithm, .value = mark->value};
  }
  if (record.data.size() >= kStartupLocalityBytes && is_pcr0(record) &&
      equal(record.data.first(kSignatureBytes), as_bytes(kStartupLocality))) {
    apply_startup_locality(record);
  }
}

// PFP 1.06, section 10.4.5.3: the locality of TPM2_Startup is the last byte of PCR 0's first value, in every bank. The
// TPM ignores it after an H-CRTM sequence (TPM 2.0 part 1, section 34.3).
void RecordMeaning::apply_startup_locality(Record& record) {
  const auto report = [&](QuirkId id) {
    report_.add(id, record.number, record.offset, [&] { return std::string(quirk(id).meaning); });
  };
  if (record.data.size() > kStartupLocalityBytes) {
    report(QuirkId::long_startup_locality);
  }
  const bool repeated = std::exchange(startup_locality_seen_, true);
  if (hcrtm_seen_) {
    report(QuirkId::startup_locality_after_hcrtm);
  } else if (repeated) {
    report(QuirkId::startup_locality_repeated);
  } else if (pcr0_extended_) {
    report(QuirkId::startup_locality_late);
  } else {
    if (record.number > (setup_.has_spec_id ? 1U : 0U)) {
      report(QuirkId::startup_locality_not_first);
    }
    record.asserts = initial_locality(record.data[kSignatureBytes]);
  }
}

void RecordMeaning::apply_extending(Record& record, const Frame& frame) {
  if (!can_be_extended(record.reg)) {
    report_.add(QuirkId::register_out_of_range, record.number, record.offset, [&] {
      return fmt::format("index {} names no register that can be extended; replay leaves the record out",
                         record.raw_index);
    });
    return;
  }
  record.extends = true;
  if (frame.digests == 0) {
    report_.add(QuirkId::no_digests, record.number, record.offset,
                [] { return std::string("the record should extend its register and has no digest"); });
  }
  if (record.type == kHcrtmEvent && is_pcr0(record) && !pcr0_extended_) {
    hcrtm_seen_ = true;
    record.asserts = initial_locality(kHcrtmLocality);
  }
}

void RecordMeaning::count_banks(const Record& record, const Frame& frame) {
  ++extending_;
  for (std::uint64_t rest = all_banks_ & ~frame.banks; rest != 0; rest &= rest - 1) {
    missing_[static_cast<std::size_t>(std::countr_zero(rest))].count(record);
  }
}

void RecordMeaning::Tally::count(const Record& record) {
  if (records == 0) {
    first_record = record.number;
    first_offset = record.offset;
  }
  ++records;
}

void RecordMeaning::finish() {
  if (disordered_.records != 0) {
    report_.add_counted(
        QuirkId::digest_order, disordered_.first_record, disordered_.first_offset,
        fmt::format("{} records have their digests in another order than the spec-ID event", disordered_.records),
        disordered_.records);
  }
  for (std::size_t i = 0; i < setup_.algorithms.size(); ++i) {
    const Tally& missing = missing_[i];
    if (missing.records == 0) {
      continue;
    }
    const std::string name = to_string(setup_.algorithms[i].algorithm);
    if (missing.records == extending_) {
      report_.add_counted(QuirkId::bank_not_used, missing.first_record, missing.first_offset,
                          fmt::format("the log announces bank {} and no record that extends a register has it", name),
                          1);
    } else {
      report_.add_counted(
          QuirkId::digest_subset, missing.first_record, missing.first_offset,
          fmt::format("{} of {} extending records have no {} digest", missing.records, extending_, name),
          missing.records);
    }
  }
}

}  // namespace mrtool::tcg
