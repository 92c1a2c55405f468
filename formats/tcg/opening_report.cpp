#include "formats/tcg/opening_report.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace mrtool::tcg {
namespace {

class OpeningReport {
 public:
  OpeningReport(std::uint64_t offset, QuirkReport& report) : offset_(offset), report_(report) {}

  void add(QuirkId id, std::string message) {
    report_.add(id, 0, offset_, [&] { return std::move(message); });
  }

 private:
  std::uint64_t offset_;
  QuirkReport& report_;
};

void report_spec_id(const Opening& opening, OpeningReport& report) {
  const SpecId& spec = opening.spec;
  if (spec.kind == SpecIdKind::stand_in) {
    report.add(QuirkId::stand_in_header, "the first record has 16 zero bytes in place of the spec-ID signature");
  }
  if (opening.first.index != 0) {
    report.add(QuirkId::spec_id_index, fmt::format("the spec-ID event has index {}", opening.first.index));
  }
  if (opening.nonzero_first_digest) {
    report.add(QuirkId::spec_id_digest, "the digest of the spec-ID event is not zero");
  }
  if (opening.suffix != 0) {
    report.add(QuirkId::vendor_info_outside,
               fmt::format("{} vendor bytes lie behind the stated end of the spec-ID event", opening.suffix));
  } else if (!spec.odd.empty()) {
    report.add(QuirkId::spec_id_sizes, spec.odd);
  }
}

void report_algorithms(std::span<const AlgorithmSize> algorithms, OpeningReport& report) {
  for (std::size_t i = 0; i < algorithms.size(); ++i) {
    const AlgorithmSize& entry = algorithms[i];
    const HashAlgorithmRow* row = find_algorithm(entry.algorithm);
    if (row != nullptr && row->size != entry.size) {
      report.add(QuirkId::digest_size,
                 fmt::format("the spec-ID event states {} bytes for {} digests, which have {}; the bank cannot be "
                             "replayed",
                             entry.size, row->name, row->size));
    }
    const auto before = algorithms.first(i);
    if (std::ranges::find(before, entry.algorithm, &AlgorithmSize::algorithm) != before.end()) {
      report.add(QuirkId::spec_id_sizes,
                 fmt::format("the spec-ID event lists {} twice; the first entry counts", to_string(entry.algorithm)));
    }
  }
}

}  // namespace

void report_opening(const Opening& opening, std::uint64_t offset, QuirkReport& quirk_report) {
  OpeningReport report(offset, quirk_report);
  if (opening.shape == Shape::final_events) {
    report.add(QuirkId::final_events, fmt::format("a UEFI final-events table of {} records", opening.final_count));
    return;
  }
  if (opening.shape == Shape::headerless) {
    report.add(QuirkId::headerless, "the log has no spec-ID event: it is that of the CoCo attestation agent");
    return;
  }
  if (opening.order == ByteOrder::big) {
    report.add(QuirkId::big_endian, "the integers of the log are big-endian");
  }
  if (opening.spec.kind == SpecIdKind::none) {
    report.add(QuirkId::no_spec_id, "the log has no spec-ID event and is read as SHA-1 records");
    return;
  }
  report_spec_id(opening, report);
  report_algorithms(opening.spec.algorithms, report);
}

}  // namespace mrtool::tcg
