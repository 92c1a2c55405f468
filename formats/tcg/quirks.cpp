#include "formats/tcg/quirks.hpp"

#include <algorithm>
#include <utility>

namespace mrtool::tcg {
namespace {

constexpr auto kTable = std::to_array<Quirk>({
    {"V01", "fill", "the rest of the log is unused space, all bytes 00 or all FF, at least 8 of them"},
    {"V02", "spec-id-index", "the spec-ID event has an index other than 0, as CC firmware writes it"},
    {"V03", "stand-in-header", "a first record with 16 zero bytes for a signature stands in for the spec-ID event"},
    {"V04", "no-spec-id", "the SHA-1 log has no spec-ID event; its first record is an ordinary one"},
    {"V05", "windows-trailer", "a record with index FFFFFFFF is about no register (Windows trust point)"},
    {"V06", "digest-subset", "some records lack a digest of a bank that others have"},
    {"V07", "digest-order", "a record lists its digests in another order than the spec-ID event"},
    {"V08", "bank-not-used", "no extending record has a digest of a bank that the spec-ID event announces"},
    {"V09", "spec-id-digest", "the digest field of the spec-ID event is not zero (POWER firmware)"},
    {"V10", "big-endian", "the SHA-1 log has big-endian integers, as POWER firmware hands it over"},
    {"V11", "long-startup-locality", "a StartupLocality event is padded beyond its 17 bytes (coreboot)"},
    {"V12", "startup-locality-not-first", "other records lie between the log's start and StartupLocality"},
    {"V13", "startup-locality-after-hcrtm", "a StartupLocality behind an H-CRTM event has no effect on PCR 0"},
    {"V14", "cc-no-action", "an informational record of a CC log has index 0, which is no run-time register"},
    {"V15", "nv-index-record",
     "the index of an informational record is an NV handle that its digests are extended into"},
    {"V16", "final-events", "records of a UEFI final-events table, without those that the main log has too"},
    {"V17", "acpi-preamble", "an ACPI CCEL table lies before the log"},
    {"V18", "headerless", "the records of the CoCo attestation agent begin without a spec-ID event"},
    {"T01", "mixed-tail", "the log ends at fill, but other bytes follow the fill"},
    {"T02", "vendor-info-outside", "the vendor bytes of the spec-ID event lie behind its stated end"},
    {"T03", "spec-id-sizes", "the sizes inside the spec-ID event contradict its event size or each other"},
    {"T04", "startup-locality-repeated", "a second StartupLocality event; the first one counts"},
    {"T05", "startup-locality-late", "a StartupLocality event after PCR 0 was extended; it does not count"},
    {"T06", "duplicate-digest", "a record has two digests of one algorithm; the first one counts"},
    {"T07", "no-digests", "a record that should extend its register has no digest"},
    {"T08", "digest-size", "the spec-ID event states a wrong size for an algorithm, whose bank cannot be replayed"},
    {"T09", "register-out-of-range", "a record that should extend a register has an index that names none"},
});
static_assert(kTable.size() == static_cast<std::size_t>(QuirkId::register_out_of_range) + 1);
static_assert(std::ranges::is_sorted(kTable,
                                     [](const Quirk& a, const Quirk& b) {
                                       return std::pair(a.is_tolerance(), a.code) < std::pair(b.is_tolerance(), b.code);
                                     }),
              "the table is in the order of the codes, variants first");

}  // namespace

std::span<const Quirk> quirks() {
  return kTable;
}

const Quirk& quirk(QuirkId id) {
  return kTable[static_cast<std::size_t>(id)];
}

Diagnostic make_diagnostic(QuirkId id, std::string message) {
  const Quirk& row = quirk(id);
  return Diagnostic{.severity = row.is_tolerance() ? Severity::warning : Severity::note,
                    .code = std::string(row.code),
                    .log = {},
                    .record = {},
                    .offset = {},
                    .message = std::move(message),
                    .count = 1};
}

void QuirkReport::emit(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message,
                       std::uint64_t count) {
  Diagnostic diagnostic = make_diagnostic(id, std::move(message));
  diagnostic.record = record;
  diagnostic.offset = offset;
  diagnostic.count = count;
  sink_.add(std::move(diagnostic));
}

void QuirkReport::flush() {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    Counter& counter = counters_[i];
    if (counter.pending == 0) {
      continue;
    }
    const auto id = static_cast<QuirkId>(i);
    Diagnostic rest = make_diagnostic(id, std::string(quirk(id).meaning));
    rest.count = std::exchange(counter.pending, 0);
    sink_.add(std::move(rest));
  }
}

}  // namespace mrtool::tcg
