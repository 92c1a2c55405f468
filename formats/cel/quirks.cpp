#include "formats/cel/quirks.hpp"

#include <algorithm>
#include <utility>

namespace mrtool::cel {
namespace {

constexpr auto kTable = std::to_array<Quirk>({
    {"V40", "recnum-global", "record numbers count over the whole log and not per register (Google, pcrlock)"},
    {"V41", "recnum-from-one", "the first record number is 1 and not 0 (pcrlock, FAPI)"},
    {"V42", "no-recnum", "records have no number (systemd)"},
    {"V43", "mixed-index-kinds",
     "some records name PCRs and others CC measurement registers, which strict readers refuse"},
    {"V44", "rtmr-index", "the register is given as an RTMR number, as systemd writes it, and not as a CC index"},
    {"V45", "violation-zeros", "an IMA record's digests are zeros where the register was extended with FF bytes"},
    {"V46", "no-content", "a record has digests and no content (pcrlock)"},
    {"V47", "not-deterministic",
     "the CBOR is not in its deterministic form: lengths, order of keys or members beyond the form"},
    {"T40", "recnum-gap", "record numbers of a register skip some"},
    {"T41", "recnum-disorder", "a record number is not above the one before it in the same register"},
    {"T42", "trailing-comma", "a comma precedes a closing bracket, which JSON does not allow"},
    {"T43", "no-digests", "a record has no digests field"},
    {"T44", "content-undecodable", "the content is not in the form that its type prescribes; it is kept as it is"},
    {"T45", "duplicate-digest", "a record has two digests of one algorithm; the first one counts"},
    {"T46", "misspelt-event-type", "an event type is spelled as libcel misspells it"},
});
static_assert(kTable.size() == static_cast<std::size_t>(QuirkId::misspelt_event_type) + 1);
static_assert(std::ranges::is_sorted(kTable,
                                     [](const Quirk& a, const Quirk& b) {
                                       return std::pair(a.is_tolerance(), a.code) < std::pair(b.is_tolerance(), b.code);
                                     }),
              "the table is in the order of the codes, variants first");

Severity severity_of(QuirkId id) {
  if (id == QuirkId::content_undecodable) {
    return Severity::error;
  }
  return quirk(id).is_tolerance() ? Severity::warning : Severity::note;
}

}  // namespace

std::span<const Quirk> quirks() {
  return kTable;
}

const Quirk& quirk(QuirkId id) {
  return kTable[static_cast<std::size_t>(id)];
}

void QuirkReport::add(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string_view message) {
  Counter& counter = counters_[static_cast<std::size_t>(id)];
  if (counter.reported == DiagnosticSink::kKept) {
    ++counter.pending;
    return;
  }
  ++counter.reported;
  sink_.add({.severity = severity_of(id),
             .code = std::string(quirk(id).code),
             .log = {},
             .record = record,
             .offset = offset,
             .message = std::string(message.empty() ? quirk(id).meaning : message)});
}

void QuirkReport::flush() {
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    const auto id = static_cast<QuirkId>(i);
    if (const std::uint64_t count = std::exchange(counters_[i].pending, 0); count > 0) {
      sink_.add({.severity = severity_of(id),
                 .code = std::string(quirk(id).code),
                 .log = {},
                 .record = {},
                 .offset = {},
                 .message = std::string(quirk(id).meaning),
                 .count = count});
    }
  }
}

}  // namespace mrtool::cel
