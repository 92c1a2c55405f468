#include <array>

#include "formats/systemd/systemd.hpp"

namespace mrtool::systemd {
namespace {

constexpr auto kTable = std::to_array<Quirk>({
    {"V50", "no-record-separators", "the records stand on lines, without the byte 1E before each"},
    {"V51", "event-type-key", "the content has the key event_type in place of eventType"},
    {"T50", "no-digests", "a record has no digest, so its register cannot be replayed"},
    {"T51", "unknown-digest", "a record has a digest of an algorithm whose name is not known"},
    {"T52", "systemd-content", "the content of a record is not as systemd writes it"},
});
static_assert(kTable.size() == static_cast<std::size_t>(QuirkId::content) + 1);

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

}  // namespace mrtool::systemd
