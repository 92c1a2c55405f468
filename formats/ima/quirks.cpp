#include "formats/ima/quirks.hpp"

#include <array>

namespace mrtool::ima {
namespace {

constexpr std::array kQuirks = std::to_array<Quirk>({
    {"V30", "big-endian", "the list's integers are big-endian, as kernels of such machines write and hash them"},
    {"V31", "kexec-buffer", "the list is behind the header with which a kernel hands it to the next one"},
    {"V32", "no-boot-aggregate",
     "the list does not begin with boot_aggregate: it was staged or trimmed, and its registers do not start at zeros"},
    {"V33", "padded-digests", "the list's digests are SHA-1, padded with zeros to the size of its bank"},
    {"V34", "unknown-template", "an entry's template is none that is known here; its data is kept as it is"},
    {"V35", "blank-in-name", "a name holds blanks, which newer kernels replace by underscores"},
    {"V36", "kernel-instance", "another kernel started here by kexec, and continued the list and its registers"},
    {"V37", "unpadded-register", "the register's number is not aligned to two columns"},
    {"V38", "kexec-fill", "bytes follow the end of the list that its kexec header states"},
    {"V39", "line-feed-in-name", "a name holds line feeds: by its digest, several lines are one entry"},
    {"T30", "missing-blank", "the blanks before empty fields at the end of a line are missing"},
    {"T31", "kexec-count", "the number of entries is not the one in the kexec header"},
});

}  // namespace

std::span<const Quirk> quirks() {
  return kQuirks;
}

void report(DiagnosticSink& sink, QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message) {
  const Quirk& quirk = kQuirks[static_cast<std::size_t>(id)];
  sink.add({.severity = quirk.is_tolerance() ? Severity::warning : Severity::note,
            .code = std::string(quirk.code),
            .log = {},
            .record = record,
            .offset = offset,
            .message = std::move(message)});
}

}  // namespace mrtool::ima
