#include "formats/aael/quirks.hpp"

#include <array>
#include <string>

namespace mrtool::aael {
namespace {

constexpr auto kTable = std::to_array<Quirk>({
    {"V26", "no-last-line-feed", "the last line has no line feed behind it"},
    {"V27", "init-as-specified", "the INIT line is INIT/<alg> <hex>, which the specification has and no agent writes"},
    {"V28", "unmeasured-lines", "the log has comments or empty lines, which no agent writes; they are not measured"},
    {"V29", "later-init", "a line behind the first has the form of INIT: an ordinary event"},
    {"T26", "init-size", "the value of the INIT line is cut or padded with zeros: it is not as long as a digest"},
    {"T27", "no-init", "the log does not begin with an INIT line"},
});
static_assert(kTable.size() == static_cast<std::size_t>(QuirkId::no_init) + 1);

}  // namespace

std::span<const Quirk> quirks() {
  return kTable;
}

void report(DiagnosticSink& sink, QuirkId id, std::uint64_t record, std::uint64_t offset) {
  const Quirk& quirk = kTable[static_cast<std::size_t>(id)];
  sink.add({.severity = quirk.is_tolerance() ? Severity::warning : Severity::note,
            .code = std::string(quirk.code),
            .log = {},
            .record = record,
            .offset = offset,
            .message = std::string(quirk.meaning),
            .count = 1});
}

}  // namespace mrtool::aael
