// What TCG event logs in the field do differently, by name, and how the reader reports it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "lib/base/diagnostic.hpp"
#include "lib/record/quirk.hpp"
#include "lib/record/record.hpp"

namespace mrtool::tcg {

// In the order of the table.
enum class QuirkId : std::uint8_t {
  fill,
  spec_id_index,
  stand_in_header,
  no_spec_id,
  windows_trailer,
  digest_subset,
  digest_order,
  bank_not_used,
  spec_id_digest,
  big_endian,
  long_startup_locality,
  startup_locality_not_first,
  startup_locality_after_hcrtm,
  cc_no_action,
  nv_index_record,
  final_events,
  acpi_preamble,
  headerless,
  mixed_tail,
  vendor_info_outside,
  spec_id_sizes,
  startup_locality_repeated,
  startup_locality_late,
  duplicate_digest,
  no_digests,
  digest_size,
  register_out_of_range,
};

std::span<const Quirk> quirks();
const Quirk& quirk(QuirkId id);

Diagnostic make_diagnostic(QuirkId id, std::string message);

// Reports quirks of one log. The work per occurrence is bounded: past the first DiagnosticSink::kKept of a quirk only
// a counter moves, and flush() hands the rest over.
class QuirkReport {
 public:
  explicit QuirkReport(DiagnosticSink& sink) : sink_(sink) {}

  // `message` yields the sentence; it is called only when the sentence is kept.
  template <class Message>
  void add(QuirkId id, std::uint64_t record, std::uint64_t offset, const Message& message) {
    Counter& counter = counters_[static_cast<std::size_t>(id)];
    if (counter.reported < DiagnosticSink::kKept) {
      ++counter.reported;
      emit(id, record, offset, message(), 1);
      return;
    }
    ++counter.pending;
  }
  // One diagnostic about `count` records, the first of which is given.
  void add_counted(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message, std::uint64_t count) {
    emit(id, record, offset, std::move(message), count);
  }
  void flush();

 private:
  static constexpr std::size_t kQuirks = static_cast<std::size_t>(QuirkId::register_out_of_range) + 1;
  struct Counter {
    std::uint64_t reported = 0;
    std::uint64_t pending = 0;
  };

  void emit(QuirkId id, std::uint64_t record, std::uint64_t offset, std::string message, std::uint64_t count);

  DiagnosticSink& sink_;
  std::array<Counter, kQuirks> counters_{};
};

}  // namespace mrtool::tcg
