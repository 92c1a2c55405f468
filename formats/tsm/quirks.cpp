#include "formats/tsm/quirks.hpp"

#include <array>
#include <string>

namespace mrtool::tsm {
namespace {

constexpr auto kTable = std::to_array<Quirk>({
    {"V20", "sync-like", "a line begins with SYNC, but states no value of the log's bank: an ordinary record"},
    {"V21", "extend-like", "a comment begins with # .EXTEND, but states no digest of the log's bank: only a comment"},
    {"V22", "upper-case-hex", "a SYNC or .EXTEND line has hexadecimal digits in upper case"},
    {"V23", "not-as-kernel", "the log is not as the kernel writes it: edited, re-encoded or of another producer"},
    {"V24", "carried-records", "the log carries records of other formats in comments, whose text nothing protects"},
});
static_assert(kTable.size() == static_cast<std::size_t>(QuirkId::carried_records) + 1);

}  // namespace

std::span<const Quirk> quirks() {
  return kTable;
}

void report(DiagnosticSink& sink, QuirkId id, std::uint64_t record, std::uint64_t offset, std::string_view detail) {
  const Quirk& quirk = kTable[static_cast<std::size_t>(id)];
  std::string message(quirk.meaning);
  if (!detail.empty()) {
    message.append("; ").append(detail);
  }
  sink.add({.severity = Severity::note,
            .code = std::string(quirk.code),
            .log = {},
            .record = record,
            .offset = offset,
            .message = std::move(message),
            .count = 1});
}

}  // namespace mrtool::tsm
