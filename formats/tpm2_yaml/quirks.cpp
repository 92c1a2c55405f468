#include <array>

#include "formats/tpm2_yaml/tpm2_yaml.hpp"

namespace mrtool::tpm2yaml {
namespace {

constexpr auto kTable = std::to_array<Quirk>({
    {"V65", "event-data-lost", "the YAML does not show every byte of an event's data: only its digests are left"},
    {"V66", "event-type-lost", "the YAML does not say the number of an event's type"},
    {"T65", "unknown-digest", "a record has a digest of an algorithm whose name is not known"},
});
static_assert(kTable.size() == static_cast<std::size_t>(QuirkId::unknown_digest) + 1);

}  // namespace

std::span<const Quirk> quirks() {
  return kTable;
}

Diagnostic make_diagnostic(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message) {
  const Quirk& row = kTable[static_cast<std::size_t>(id)];
  return {.severity = row.is_tolerance() ? Severity::warning : Severity::note,
          .code = std::string(row.code),
          .log = {},
          .record = record,
          .offset = offset,
          .message = std::move(message),
          .count = 1};
}

Carried carry(const Record& /*record*/, const LogInfo& /*info*/, const WriteOptions& /*options*/) {
  return {.carriage = Carriage::lost, .field = "record", .reason = "the YAML of tpm2_eventlog is read, not written"};
}

}  // namespace mrtool::tpm2yaml
